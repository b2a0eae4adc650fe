"""The agent always ends, believes no script, and falls back from one planner to the next."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.errors import InputError, MienError
from mien.lab.tables import learner
from mien.lab.tables.agent import EDGES, Agent, Settings, State
from mien.lab.tables.learner import Member
from mien.lab.tables.plan import DUMMY, Case, Recipe, Trial
from mien.lab.tables.profile import profile
from mien.lab.tables.sandbox import Limits, Outcome
from mien.lab.tables.task import understand

GOOD = ("good", "poor")
BAD = ("crash", "silent", "liar", "gap", "twice", "nan", "sum", "other columns", "no table", "slow", "link")


def frame(n: int, kind: str = "binary") -> pd.DataFrame:
    rng = np.random.default_rng(n)
    x = rng.normal(size=n)
    y = {"binary": (x > 0).astype(int), "regression": x.round(3), "multiclass": np.digitize(x, [-0.5, 0.5])}[kind]
    return pd.DataFrame({"x": x.round(3), "z": rng.normal(size=n).round(3), "y": y}).astype(str)


def case_of(table: pd.DataFrame) -> Case:
    return Case(understand("predict y", table), profile(table, "y"))


@dataclass
class Puppet:
    """An executor whose scripts do what they are told: fates in turn, the last for ever."""

    seen: pd.DataFrame
    held: pd.DataFrame
    fates: Sequence[str]
    turn: int = 0
    now: float = 0.0
    ran: list[str] = field(default_factory=list)

    def __call__(self, script: Path, arguments: tuple[str, ...], limits: Limits) -> Outcome:
        text = script.read_text()
        known = eval(
            text[text.rindex("SPEC = ") + 7 : text.index("\n\nif __name__", text.rindex("SPEC = "))], vars(learner)
        )
        self.ran.append(script.name)
        dummy = known.members[0].model == "dummy"
        fate = "poor" if dummy else self.fates[min(self.turn, len(self.fates) - 1)]
        self.turn += not dummy
        if fate == "slow":
            self.now += limits.seconds
            return Outcome("time", None, limits.seconds, "")
        self.now += 0.5
        if fate == "crash":
            return Outcome("failed", 1, 0.5, "boom")
        for place in range(len(known.members) if known.folds else 0):
            self.tried(script.parent, known, place, fate)
        if script.name == "predict.py":
            self.write(script.parent / arguments[1], self.held, known, fate)
        return Outcome("done", 0, 0.5, "")

    def tried(self, folder: Path, known: learner.Spec, place: int, fate: str) -> None:
        claimed = self.write(folder / f"oof.{place}.csv", self.seen, known, fate)
        if fate != "silent":
            result = {"value": 0.123 if fate == "liar" else claimed, "seconds": 0.1}
            (folder / f"result.{place}.json").write_text(json.dumps(result))

    def write(self, path: Path, table: pd.DataFrame, known: learner.Spec, fate: str) -> float:
        truth = learner.answers(table, known)
        if known.kind == "regression":
            guessed = truth * (0.0 if fate == "poor" else 1.0)
        else:
            sure = np.full(len(truth), 0) if fate == "poor" else truth
            guessed = np.eye(len(known.classes))[sure] * 0.8 + 0.2 / len(known.classes)
        made = learner.written(guessed, known, np.arange(len(truth)))
        if fate == "gap":
            made = made.iloc[1:]
        if fate == "twice":
            made.index = pd.Index([0, *range(len(made) - 1)], name="row")
        if fate == "nan":
            made.iloc[0, -1] = np.nan
        if fate == "sum":
            made.iloc[0, -1] = 7.0 if known.classes else np.inf
        if fate == "other columns":
            made = made.add_prefix("a ")
        made.to_csv(path)
        if fate == "no table":
            path.write_bytes(b'\0\xff,\n"')
        if fate == "link":
            path.symlink_to(path.rename(path.with_name("elsewhere")))
        return learner.score(known.metric, truth, guessed)


@dataclass
class Whim:
    """A planner that plans so many recipes, improves so often, or fails."""

    count: int
    improves: int
    breaks: bool = False
    name: str = "whim"
    tool: str = "none"

    def plan(self, case: Case) -> list[Recipe]:
        if self.breaks:
            raise MienError("no idea")
        return [Recipe(f"boosting {i}", (Member(),)) for i in range(self.count)]

    def improve(self, case: Case, trials: Sequence[Trial]) -> Recipe | None:
        return Recipe(f"better {len(trials)}", (Member(),)) if self.improves > len(trials) else None


def agent(
    fates: Sequence[str], chain: Sequence[Whim], seconds: float = 50.0, kind: str = "binary"
) -> tuple[Agent, Puppet]:
    seen, held = frame(60, kind), frame(30, kind)
    puppet = Puppet(seen, held, fates)
    made = Agent(
        case_of(seen), seen, held, chain, Settings(seconds, improvements=4), executor=puppet, clock=lambda: puppet.now
    )
    return made, puppet


@settings(max_examples=15)
@given(
    fates=st.lists(st.sampled_from(GOOD + BAD), min_size=1, max_size=12),
    whims=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 99), st.booleans()), max_size=3),
    seconds=st.floats(5, 60),
)
def test_the_agent_always_ends_on_declared_edges_with_an_answer(
    fates: list[str], whims: list[tuple[int, int, bool]], seconds: float
) -> None:
    made, _ = agent(fates, [Whim(*w) for w in whims], seconds)
    answer = made.run()
    assert answer.path[-1] is State.ANSWER
    assert all(b in EDGES[a] for a, b in zip(answer.path, answer.path[1:], strict=False))
    most = sum(2 + 3 * (count + 4) + 4 + 4 for count, _, _ in whims) + 12
    assert len(answer.path) <= most
    if answer.planner != "dummy":
        assert answer.value > answer.dummy


@pytest.mark.parametrize("fate", [f for f in BAD if f != "slow"])
def test_a_script_whose_results_are_of_no_use_is_not_believed(fate: str) -> None:
    answer = agent([fate, "good"], [Whim(1, 0), Whim(1, 0)])[0].run()
    assert [t.value is None for t in answer.trials] == [True, False]
    assert answer.trials[0].fault
    assert answer.planner == "whim"
    assert answer.value == 1.0


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_every_kind_of_target_is_scored_on_the_held_out_rows(kind: str) -> None:
    answer = agent(["good"], [Whim(1, 0)], kind=kind)[0].run()
    assert answer.value == (0.0 if kind == "regression" else 1.0)


def test_a_planner_that_fails_is_followed_by_the_next_and_at_last_by_the_dummy() -> None:
    chain = [Whim(0, 0, breaks=True), Whim(0, 0), Whim(1, 0, name="second")]
    assert agent(["good"], chain)[0].run().planner == "second"
    answer = agent(["crash"], chain)[0].run()
    assert answer.planner == "dummy"
    assert any("no idea" in fault for fault in answer.faults)


def test_an_answer_no_better_than_the_dummy_is_not_given_by_a_planner() -> None:
    answer = agent(["poor"], [Whim(1, 0)])[0].run()
    assert answer.planner == "dummy"
    assert any("no better than the dummy" in fault for fault in answer.faults)


def test_when_the_dummy_fails_too_the_error_says_so() -> None:
    made, _ = agent(["good"], [])
    made._execute = lambda *_: Outcome("failed", 1, 0.1, "no disk")  # type: ignore[method-assign]
    with pytest.raises(MienError, match=r"even the dummy failed.*no disk"):
        made.run()


def test_a_recipe_that_ends_its_script_takes_no_other_with_it() -> None:
    answer = agent(["crash", "good"], [Whim(3, 0)])[0].run()
    assert [t.value is None for t in answer.trials] == [True, False, False]


def test_improvements_are_bounded_and_kept_only_if_better() -> None:
    answer = agent(["good", "good", "poor", "poor", "poor", "poor", "good"], [Whim(1, 99)], seconds=1000)[0].run()
    assert len(answer.trials) == 1 + 4
    assert answer.value == 1.0


@pytest.mark.parametrize("fates", [["slow"], ["good", "slow"], ["good", "good", "slow", "good"]])
def test_the_time_is_kept_within_a_fifth(fates: list[str]) -> None:
    made, puppet = agent(fates, [Whim(4, 99)], seconds=40)
    made.run()
    assert puppet.now <= 1.2 * 40


def test_no_script_gets_the_held_out_target() -> None:
    folders: list[set[str]] = []

    def look(script: Path, arguments: tuple[str, ...], limits: Limits) -> Outcome:
        for path in script.parent.glob("*.csv"):
            if path.name == "asked.csv":
                folders.append(set(pd.read_csv(path).columns))
            if path.name == "train.csv":
                assert len(pd.read_csv(path)) == 60
        return puppet(script, arguments, limits)

    made, puppet = agent(["good"], [Whim(1, 0)])
    made._execute = look
    made.run()
    assert folders == [{"x", "z"}]


def test_all_declared_states_can_be_reached() -> None:
    def reach(state: State) -> Iterator[State]:
        for following in EDGES[state]:
            yield following
            if following not in found:
                found.add(following)
                yield from reach(following)

    found = {State.ROUTER}
    assert set(reach(State.ROUTER)) | found == set(State)
    assert DUMMY.plan(case_of(frame(60)))[0].members == (Member("dummy"),)
    assert issubclass(InputError, MienError)
