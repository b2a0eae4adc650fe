"""LightAutoML as a member, where it is installed; the boosting that stands in for it, and says so, where it is not."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from mien.train import automl, course, learners, result, twins
from mien.train.data import Target
from mien.train.fit import Task
from mien.train.inputs import Inputs
from mien.train.questions import named
from mien.train.recipe import Member, Part, Plan, Recipe, Row
from mien.types import Floats

AU = named("action_units")
PLAN = Plan("binary", kind="automl", epochs=5)


class Search:
    """A double of TabularAutoML: remembers what it is told and answers every column's mean."""

    made: Sequence[Search] = ()

    def __init__(self, task: str, **told: object) -> None:
        self.task, self.told = task, told
        Search.made = [*Search.made, self]

    def fit_predict(self, frame: pd.DataFrame, roles: Mapping[str, str | list[str]], verbose: int = 0) -> None:
        names = roles["target"] if isinstance(roles["target"], list) else [roles["target"]]
        self.means = frame[names].mean().to_numpy()
        self.inputs = [c for c in frame.columns if c not in names]
        self.classes = frame[names[0]].nunique()

    def predict(self, frame: pd.DataFrame) -> SimpleNamespace:
        assert list(frame.columns) == self.inputs
        width = self.classes if self.task == "multiclass" else len(self.means)
        row = np.full(width, 1 / width) if self.task == "multiclass" else self.means
        return SimpleNamespace(data=np.tile(row, (len(frame), 1)))


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package's two names that are used."""
    for name in ("lightautoml", "lightautoml.automl", "lightautoml.automl.presets"):
        monkeypatch.setitem(sys.modules, name, module(name))
    presets, tasks = module("lightautoml.automl.presets.tabular_presets"), module("lightautoml.tasks")
    presets.__dict__["TabularAutoML"], tasks.__dict__["Task"] = Search, str
    monkeypatch.setitem(sys.modules, presets.__name__, presets)
    monkeypatch.setitem(sys.modules, tasks.__name__, tasks)
    monkeypatch.setattr(Search, "made", ())


def module(name: str) -> ModuleType:
    made = ModuleType(name)
    made.__spec__ = ModuleSpec(name, None)
    return made


def inputs(values: Floats) -> Inputs:
    n = len(values)
    return Inputs(torch.from_numpy(values.astype(np.float16)), np.ones(n, bool), np.array([0, n]))


def units(n: int) -> tuple[Inputs, Task]:
    """Rows whose first columns are the units; one unit is never there."""
    draw = np.random.default_rng(0)
    truth = (draw.random((n, 12)) < 0.4).astype(np.float32)
    truth[:, 7] = 0
    x = np.hstack([truth, np.ones((n, 1))]) + draw.normal(0, 0.05, (n, 13))
    target = Target(truth, np.ones(n, bool))
    return inputs(x.astype(np.float32)), Task(AU, PLAN, target, target)


@pytest.mark.parametrize(("name", "kind"), [("action_units", "multilabel"), ("valence_arousal", "multi:reg")])
def test_all_columns_are_searched_for_at_once_and_only_with_what_needs_no_weights(
    double: None, name: str, kind: str
) -> None:
    truth = np.random.default_rng(1).random((20, len(named(name).labels))).astype(np.float32)
    answer = automl.learn(named(name), truth[:, :1], truth, seed=5)
    (made,) = Search.made
    assert made.task == kind
    assert made.told["general_params"] == {"use_algos": [["rf", "linear_l2"]]}
    assert made.told["reader_params"] == {"n_jobs": 1, "random_state": 5}
    np.testing.assert_allclose(answer(np.zeros((3, 1), np.float32)), np.tile(truth.mean(0), (3, 1)), rtol=1e-6)


def test_classes_that_are_never_there_are_never_answered(double: None) -> None:
    truth = np.eye(6, dtype=np.float32)[[0, 2, 5, 2]]
    said = automl.learn(named("lsd"), np.zeros((4, 2), np.float32), truth, seed=0)(np.zeros((1, 2), np.float32))
    np.testing.assert_allclose(said, [[1 / 3, 0, 1 / 3, 0, 0, 1 / 3]], rtol=1e-6)


def test_a_unit_that_never_changes_is_not_searched_for(double: None, tmp_path: Path) -> None:
    x, task = units(40)
    (answer,) = learners.learn([task], x, x, 0, tmp_path / "none.pt")
    (made,) = Search.made
    assert len(made.means) == 11
    np.testing.assert_allclose(answer(x), np.tile(task.truth.values.mean(0), (40, 1)), rtol=1e-5)


def test_the_result_names_the_boosting_that_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automl, "installed", lambda: False)
    twins.write("affwild2", tmp_path / "twin", scale=1e-4)
    part = Part("action_units", (Member("ddamfn_mtl", Plan("binary", kind="automl", reads="logits", epochs=1)),))
    recipe = Recipe("a twin", "affwild2-au", (part,), (Row("plain"),), None, "nobody")
    answers = course.train(recipe, tmp_path / "twin", tmp_path / "run", seed=0)
    result.keep(answers, tmp_path / "answers.npz")
    told = course.score(recipe, tmp_path / "twin", result.kept(tmp_path / "answers.npz")).fitted
    assert told == ("scikit-learn's gradient boosting in place of LightAutoML, which is not installed",)


@pytest.mark.filterwarnings("ignore")  # it tells at length of other extras of its own that are missing
def test_lightautoml_itself_finds_the_units(tmp_path: Path) -> None:
    pytest.importorskip("lightautoml", reason="LightAutoML is not installed; pip install mien[automl]")
    x, task = units(400)
    (answer,) = learners.learn([task], x, x, 0, tmp_path / "none.pt")
    assert ((answer(x) > 0.5) == (task.truth.values > 0.5)).mean() > 0.95
