"""From a file and a sentence to a folder whose scripts run alone."""

from __future__ import annotations

import itertools
import json
import os
import runpy
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics
from typer.testing import CliRunner

from mien.errors import InputError, MissingExtra
from mien.lab.tables import learner, models
from mien.lab.tables.agent import Settings
from mien.lab.tables.cli import app
from mien.lab.tables.plan import BOOSTING, Case, Recipe, Rules
from mien.lab.tables.profile import profile
from mien.lab.tables.script import spec, training
from mien.lab.tables.solve import held_out, solve, submission
from mien.lab.tables.table import Table
from mien.lab.tables.task import understand


def people(n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    age, sex = rng.uniform(1, 80, n), rng.choice(["male", "female"], n)
    lived = (sex == "female") ^ (rng.random(n) < 0.15)
    frame = pd.DataFrame({
        "PersonId": range(1, n + 1), "age": age.round(1), "sex": sex,
        "day": pd.date_range("1912-01-01", periods=n).strftime("%d.%m.%Y"),
        "name": [f"{'Mr' if s == 'male' else 'Mrs'} {i} Smith" for i, s in enumerate(sex)],
        "empty": [None] * n, "Survived": lived.astype(int),
    })  # fmt: skip
    frame.loc[::7, "age"] = np.nan
    return frame


def test_solve_gives_a_score_that_its_scripts_give_again_when_they_run_alone(tmp_path: Path) -> None:
    frame = people()
    frame.iloc[:160].to_csv(tmp_path / "train.csv", index=False)
    frame.iloc[160:].drop(columns="Survived").to_csv(tmp_path / "test.csv", index=False)
    out = tmp_path / "out"
    asked = ["solve", str(tmp_path / "train.csv"), "--task", "predict Survived, accuracy", "--out", str(out)]
    ran = CliRunner().invoke(app, [*asked, "--test", str(tmp_path / "test.csv"), "--seconds", "14"])
    assert ran.exit_code == 0, ran.output
    result = json.loads((out / "result.json").read_text())
    assert {"metric", "value", "planner", "tool", "seconds"} <= set(result)
    assert (result["metric"], result["planner"], result["tool"]) == ("accuracy", "rules", "scikit-learn")
    assert result["value"] > result["dummy"]
    assert result["seconds"] <= 1.2 * 14
    sent = pd.read_csv(out / "submission.csv")
    assert list(sent.columns) == ["PersonId", "Survived"]
    assert list(sent["PersonId"]) == list(range(161, 201))
    assert "planner: rules" in (out / "report.md").read_text()

    alone = tmp_path / "alone"
    alone.mkdir()
    for name in ("train.py", "predict.py", "train.csv", "heldout.csv"):
        shutil.copy(out / name, alone)
    bare = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"}
    for words in (["train.py"], ["predict.py", "heldout.csv", "answers.csv"]):
        subprocess.run([sys.executable, "-I", *words], cwd=alone, env=bare, check=True, capture_output=True)
    truth, answers = pd.read_csv(alone / "heldout.csv"), pd.read_csv(alone / "answers.csv")
    assert (truth["Survived"] == answers["Survived"]).mean() == pytest.approx(result["value"])


def few(member: learner.Member) -> tuple[tuple[str, int | float | str | bool], ...]:
    """The settings with ten trees."""
    return tuple((n, 10 if n in ("n_estimators", "max_iter") else value) for n, value in member.settings)


@pytest.mark.parametrize("target", ["Survived", "sex", "age"])
def test_every_template_runs_as_a_script_and_claims_what_its_guesses_score(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = people(90).astype("str").where(people(90).notna())
    frame = frame.dropna(subset=[target]).reset_index(drop=True)
    frame.to_csv(tmp_path / "train.csv", index=False)
    task = understand(f"predict {target}", frame)
    known = Case(task, profile(frame, target))
    members = tuple(r.members[0] for r in Rules().plan(known))
    encodings = itertools.cycle(["ordinal", "onehot", "target", "levels"])
    small = tuple(replace(m, settings=few(m), encoding=e) for m, e in zip(members, encodings, strict=False))
    (tmp_path / "train.py").write_text(training(spec(known, Recipe("", small), 2)))
    monkeypatch.chdir(tmp_path)
    runpy.run_path("train.py", run_name="__main__")
    best = []
    for place in range(len(small)):
        claimed = json.loads((tmp_path / f"result.{place}.json").read_text())["value"]
        made = pd.read_csv(tmp_path / f"oof.{place}.csv", index_col=0).sort_index()
        if task.kind == "regression":
            assert claimed == pytest.approx(metrics.root_mean_squared_error(frame[target].astype(float), made[target]))
        else:
            assert claimed == pytest.approx((made[target].astype(str) == frame[target]).mean())
            best.append(claimed > 0.6)
    assert task.kind == "regression" or np.mean(best) > 0.5


def test_one_member_that_fails_leaves_the_others_their_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = people(60)[["age", "sex", "Survived"]].astype("str")
    frame.to_csv(tmp_path / "train.csv", index=False)
    known = Case(understand("predict Survived", frame), profile(frame, "Survived"))
    pair = (learner.Member("no such model"), learner.Member("linear", (), "onehot"))
    (tmp_path / "train.py").write_text(training(spec(known, Recipe("", pair), 2)))
    monkeypatch.chdir(tmp_path)
    runpy.run_path("train.py", run_name="__main__")
    assert "no such model" in json.loads((tmp_path / "result.0.json").read_text())["fault"]
    assert json.loads((tmp_path / "result.1.json").read_text())["value"] > 0.5


def test_text_gives_common_words_and_how_many_other_rows_hold_the_same() -> None:
    texts = pd.Series([*(["Mr. Smith", "Mrs. Smith", "Mr. A/5 7"] * 6), "Mr. Smith", ""])
    words = models.Words()
    made = words.fit_transform(texts)
    assert words.words_ == ["a", "mr", "mrs", "smith"]
    assert list(np.expm1(made[:3, 0]).round()) == [6, 5, 5]
    assert list(made[0, 1:]) == [0, 1, 0, 1]
    fresh = words.transform(pd.Series(["Mr. Smith", "Dr. Who"]))
    assert list(np.expm1(fresh[:, 0]).round()) == [7, 0]


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "f1", "auc", "logloss"])
def test_the_best_guess_has_the_best_score_of_classes(metric: str) -> None:
    truth = np.array([0, 1, 2, 1, 0, 2])
    best, worst = np.eye(3)[truth], np.eye(3)[(truth + 1) % 3]
    top = 0.0 if metric == "logloss" else 1.0
    assert learner.score(metric, truth, best) == pytest.approx(top, abs=1e-9)
    assert abs(learner.score(metric, truth, worst) - top) > 0.4


@pytest.mark.parametrize("metric", ["rmse", "rmsle", "mae", "r2"])
def test_the_best_guess_has_the_best_score_of_numbers(metric: str) -> None:
    truth = np.array([1.0, 2.0, 5.0])
    top = 1.0 if metric == "r2" else 0.0
    assert learner.score(metric, truth, truth) == pytest.approx(top)
    assert abs(learner.score(metric, truth, truth + 1) - top) > 0.1


def test_a_category_or_column_unknown_in_training_does_not_stop_an_answer(tmp_path: Path) -> None:
    table = pd.DataFrame({"c": ["a", "b", "a", "b", "c"] * 8, "y": ["0", "1", "1", "0"] * 10})
    ways = (("linear", "onehot"), ("boosting", "ordinal"), ("linear", "target"))
    members = tuple(learner.Member(m, (), e) for m, e in ways)
    known = spec(Case(understand("predict y", table), profile(table, "y")), Recipe("", members), 0)
    fitted = learner.fit(learner.features(table, known), learner.answers(table, known), known)
    strange = pd.DataFrame({"c": ["zebra", None, "a"]}, dtype=str)
    guessed = learner.guess(fitted, learner.features(strange, known), known)
    assert np.isfinite(guessed).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.assign(age=None, sex=None, day=None, name=None), "no column is left"),
        (lambda f: f[["Survived"]], "one more column"),
    ],
)
def test_a_table_that_holds_nothing_to_learn_from_is_refused(change, said: str) -> None:
    frame = change(people()[["age", "sex", "day", "name", "Survived"]])
    with pytest.raises(InputError, match=said):
        solve(Table(frame.astype("str").where(frame.notna())), "predict Survived", [BOOSTING], Settings(5))


def test_a_class_of_two_rows_is_held_out_once_and_one_of_a_single_row_never() -> None:
    frame = pd.DataFrame({"x": range(23), "y": [f"c{i % 11}" for i in range(22)] + ["alone"]}, dtype=str)
    held = frame["y"][held_out(frame["y"], understand("predict y", frame), 0)]
    assert sorted(held) == sorted(f"c{i}" for i in range(11))


@pytest.mark.parametrize("classes", [["0"] * 29 + ["1"], [f"c{i}" for i in range(30)]])
def test_classes_of_which_none_or_one_can_be_held_out_are_refused(classes: list[str]) -> None:
    table = Table(pd.DataFrame({"x": np.random.default_rng(0).normal(size=30).astype(str), "y": classes}))
    with pytest.raises(InputError, match="must have 2 rows or more"):
        solve(table, "predict y, accuracy", [Rules()], Settings(20))


def test_a_test_table_without_a_used_column_is_refused() -> None:
    frame = people().astype("str").where(people().notna())
    with pytest.raises(InputError, match=r"lacks the columns.*sex"):
        solve(Table(frame), "predict Survived", [BOOSTING], Settings(5), test=frame.drop(columns=["sex", "Survived"]))


@pytest.mark.parametrize(("target", "answered"), [("Survived", ["row", "Survived"]), ("row", ["row number", "row"])])
def test_a_column_called_row_is_a_column_like_others(target: str, answered: list[str]) -> None:
    frame = (
        people().drop(columns=["PersonId", "empty"]).rename(columns={"age" if target != "row" else "Survived": "row"})
    )
    frame = frame.astype("str").where(frame.notna())
    asked = frame.drop(columns=target).head(3)
    solved = solve(Table(frame), f"predict {target}", [BOOSTING], Settings(40, improvements=0), test=asked)
    assert solved.answer.planner == BOOSTING.name, solved.answer.faults
    sent = submission(solved.answer.tested, solved.case, asked)
    assert list(sent.columns) == answered
    assert list(sent[answered[0]]) == [0, 1, 2]


@pytest.mark.parametrize("seconds", [float("inf"), float("nan")])
def test_time_without_end_is_refused(seconds: float) -> None:
    with pytest.raises(InputError, match="seconds must be a number"):
        Settings(seconds)


def test_a_file_in_the_place_of_the_folder_is_refused_before_time_is_spent(tmp_path: Path) -> None:
    people(40).to_csv(tmp_path / "train.csv", index=False)
    asked = ["solve", str(tmp_path / "train.csv"), "--task", "predict Survived", "--out", str(tmp_path / "train.csv")]
    ran = CliRunner(env={"COLUMNS": "500"}).invoke(app, asked)  # no line is broken, however long the path
    assert ran.exit_code == 2
    assert "is a file" in ran.output


def test_without_what_tables_need_the_extra_that_brings_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.lab.tables.cli.find_spec", lambda name: None)
    ran = CliRunner().invoke(app, ["solve", "train.csv", "--task", "predict y, auc", "--out", "run"])
    assert isinstance(ran.exception, MissingExtra) and "mien[lab]" in str(ran.exception)
