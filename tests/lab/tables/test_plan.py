"""Rules and a language model plan; what the model says is checked, and its conversation can be replayed.

All transcripts here are written by hand; no model produced them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mien.errors import InputError
from mien.lab.chat import ChatError, Recorder, Replay, ReplyError, Server
from mien.lab.chat import Rules as Spoken
from mien.lab.tables import automl, learner, models, script
from mien.lab.tables.plan import BOOSTING, Case, Language, Recipe, Rules, Trial, blends, question
from mien.lab.tables.profile import profile
from mien.lab.tables.solve import chain, installed
from mien.lab.tables.task import understand


def case(n: int = 100, kind: str = "binary") -> Case:
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    y = (x > 0).astype(int) if kind == "binary" else np.exp(2 * x)
    table = pd.DataFrame({"x": x, "colour": rng.choice(["red", "secret-cell"], n), "y": y}).astype(str)
    return Case(understand("predict y", table), profile(table, "y"), skew=3.0)


def said(**recipe: object) -> str:
    return json.dumps({"recipes": [{"model": "boosting", "why": "a guess", **recipe}]})


def test_boosting_with_defaults_is_among_the_first_and_names_differ() -> None:
    for n in (100, 5000):
        recipes = Rules().plan(case(n))
        assert BOOSTING.plan(case())[0].members in [r.members for r in recipes[: 7 if n == 100 else 1]]
        assert len({r.name for r in recipes}) == len(recipes)


def test_rules_improve_each_way_once_and_then_stop() -> None:
    known, trials = case(kind="regression"), [Trial(Rules().plan(case(kind="regression"))[0], 1.0)]
    names = []
    while (recipe := Rules().improve(known, trials)) and len(names) < 20:
        names.append(recipe.name)
        trials.append(Trial(recipe, 2.0))
    assert names[0] == "logarithm"
    assert len(names) == len(set(names)) < 10


def test_common_words_are_the_same_in_every_process() -> None:
    names = [f"{a}{b}" for a in "abcdefghij" for b in "klmnopqrst"]
    made = "import pandas as pd; from mien.lab.tables.models import Words"
    texts = f"names = {names}; texts = [' '.join((names + names)[i : i + 50]) for i in range(100)]"
    code = f"{made}; {texts}; print(Words().fit(pd.Series(texts)).words_)"
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1] == f"{names[:30]}\n"


def test_a_blend_is_the_mean_of_its_members() -> None:
    trials = [Trial(Recipe(str(i), (learner.Member(),)), 1.0, "", 1.0, np.full(4, float(i))) for i in range(3)]
    found = {recipe.name: guessed[0] for recipe, guessed, _ in blends(trials)}
    assert found == {"0 + 1": 0.5, "0 + 2": 1.0, "1 + 2": 1.5, "0 + 1 + 2": 1.0}


def test_a_language_model_is_told_of_columns_and_never_of_cells() -> None:
    text = "\n".join(m.content for m in question(case(), [Trial(Rules().plan(case())[0], 0.5)]))
    assert "colour: category, 2 values" in text
    assert "0.50000" in text
    assert "secret-cell" not in text


def test_settings_of_a_language_model_are_cut_to_what_is_sane() -> None:
    reply = said(settings={"max_iter": 1e9, "learning_rate": -3, "C": 5})
    member = Language(Spoken(lambda _: reply)).plan(case())[0].members[0]
    assert dict(member.settings) == {"max_iter": 1000, "learning_rate": 0.005}


@pytest.mark.parametrize("reply", ["no JSON", "{}", said(model="rm -rf"), said(settings={"os": 1}), said(more=1)])
def test_a_reply_outside_the_schema_is_refused(reply: str) -> None:
    with pytest.raises(ReplyError):
        Language(Spoken(lambda _: reply)).plan(case())


@pytest.mark.parametrize("code", ["def extra(:", "def other(t): return t", "x = 1"])
def test_code_without_the_function_is_refused(code: str) -> None:
    with pytest.raises(InputError, match=r"extra|Python"):
        Language(Spoken(lambda _: said(code=code))).plan(case())


def test_code_of_a_recipe_goes_into_both_scripts_and_gives_features(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "def extra(table):\n    return pd.DataFrame({'double': numeric(table['x']) * 2})"
    recipe = Language(Spoken(lambda _: said(code=code))).plan(case())[0]
    known = script.spec(case(), recipe, 5)
    for text in (script.training(known, recipe.code), script.inference(known, recipe.code)):
        module = ModuleType("generated")
        monkeypatch.setitem(sys.modules, "generated", module)  # dataclasses look their module up
        exec(compile(text, "generated", "exec"), module.__dict__)
        made = module.features(pd.DataFrame({"x": ["1.5"], "colour": ["red"]}), known)
        assert made["extra double"][0] == 3.0
        assert repr(module.SPEC) == repr(known)


def test_code_of_a_recipe_gets_the_used_columns_alone_when_it_learns_and_when_it_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = "def extra(table):\n    return pd.DataFrame({'width': len(table.columns)}, index=table.index)"
    recipe = Language(Spoken(lambda _: said(code=code))).plan(case())[0]
    module, known = ModuleType("generated"), script.spec(case(), recipe, 5)
    monkeypatch.setitem(sys.modules, "generated", module)
    exec(compile(script.training(known, recipe.code), "generated", "exec"), module.__dict__)
    asked = pd.DataFrame({"x": ["1.5", "2"], "colour": ["red", "red"]})
    for table in (asked, asked.assign(y=["0", "1"], leak=["no", "yes"])):
        assert list(module.features(table, known)["extra width"]) == [2, 2]


def test_a_recorded_conversation_replays_without_the_server(stub: Callable, answers: tuple, tmp_path: Path) -> None:
    send, completion = answers
    served = stub(send(503, b"busy"), send(200, completion(said(), prompt_tokens=7, completion_tokens=3)))
    server = Server(served.url, "stub", sleep=lambda _: None)
    asked = Language(Recorder(server, tmp_path / "tape.jsonl"))
    first = asked.plan(case())
    assert (asked.spent.prompt, asked.spent.reply) == (7, 3)
    assert Language(Replay.load(tmp_path / "tape.jsonl")).plan(case()) == first
    with pytest.raises(ChatError, match="no recorded reply"):
        Language(Replay.load(tmp_path / "tape.jsonl")).plan(case(150))


def test_the_chain_goes_from_language_model_to_tools_to_rules() -> None:
    here = [name for name in automl.TOOLS if installed(name)]
    assert [p.name for p in chain()] == ["rules"]
    assert [p.name for p in chain(Spoken(lambda _: ""))] == ["language model", *["AutoML"] * len(here), "rules"]
    with pytest.raises(InputError, match="did you mean 'flaml'"):
        chain(tools=["flam"])


class Found:
    """Stands in for what every tool has found: the mean, or even chances."""

    def __init__(self, **given: object) -> None:
        self.given = given

    def fit(self, *data: object, **given: object) -> None:
        self.given |= given

    def fit_predict(self, table: pd.DataFrame, roles: object) -> None:
        self.given |= {"columns": list(table.columns), "roles": roles}

    def predict(self, data: object = None, features: object = None):
        rows = len(data if data is not None else features)  # type: ignore[arg-type]
        return SimpleNamespace(data=np.full((rows, 1), 0.25)) if "columns" in self.given else np.zeros(rows)

    def predict_proba(self, data: object = None, features: object = None, probs_for_all_classes: bool = True):
        return np.full((len(data if data is not None else features), 2), 0.5)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(automl.TOOLS))
@pytest.mark.parametrize("kind", ["binary", "regression"])
def test_each_tool_is_told_task_and_time_and_answers_in_our_shape(
    name: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a double in place of the tool."""
    doubles = {
        "flaml": {"flaml": SimpleNamespace(AutoML=Found)},
        "lightautoml": {
            "lightautoml.tasks": SimpleNamespace(Task=str),
            "lightautoml.automl.presets.tabular_presets": SimpleNamespace(TabularAutoML=Found),
        },
        "fedot": {"fedot.api.main": SimpleNamespace(Fedot=Found)},
    }
    for module, double in doubles[name].items():
        monkeypatch.setitem(sys.modules, module, double)
    monkeypatch.setattr(models, "tool", automl.tool)
    known = script.spec(case(kind=kind), Recipe("", (learner.Member(name),)), 1, seconds=30.0)
    table = pd.DataFrame({"x": ["1", "2", "3"], "colour": ["red", "red", "blue"], "y": ["0", "1", "0"]})
    data, truth = learner.features(table, known), learner.answers(table, known)
    fitted = learner.fit(data, truth, known)
    guessed = learner.guess(fitted, data, known)
    assert guessed.shape == ((3, 2) if kind == "binary" else (3,))
    given = fitted[0][-1].found_.given
    budget = {"flaml": ("time_budget", 30.0), "lightautoml": ("timeout", 15.0), "fedot": ("timeout", 0.5)}[name]
    assert given[budget[0]] == budget[1]


@pytest.mark.parametrize("name", sorted(automl.TOOLS))
def test_an_installed_tool_really_fits(name: str) -> None:
    if not installed(name):
        pytest.skip(f"{name} is not installed")
    rng = np.random.default_rng(0)
    data = rng.normal(size=(120, 3))
    known = script.spec(case(), Recipe("", (learner.Member(name),)), 1, seconds=6.0)
    chances = automl.tool(name, known).fit(data, (data[:, 0] > 0).astype(int)).predict_proba(data)
    assert chances.shape == (120, 2)
    assert (chances.argmax(1) == (data[:, 0] > 0)).mean() > 0.8
