"""The agent: router → planner → generator → executor → validator → improver → splitter → answer, which always ends."""

from __future__ import annotations

import math
import tempfile
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

import numpy as np
import pandas as pd

from mien.errors import InputError, MienError
from mien.lab.tables import learner, script
from mien.lab.tables.judge import guesses, judged, read_answers
from mien.lab.tables.plan import DUMMY, Case, Planner, Recipe, Trial, blends, sorted_trials
from mien.lab.tables.sandbox import Executor, Limits, Outcome, execute

MOST_TRIED = 20_000  # rows that a trial learns from; the chosen recipe learns from all
STEADY = 10_000  # rows from which three folds tell as much
TOGETHER = 3000  # rows up to which one script tries all that is planned, for starting it takes as long as a trial
SLACK = 0.1  # of the time, kept for the answer


class State(Enum):
    """Where the agent is."""

    ROUTER = "router"
    PLANNER = "planner"
    GENERATOR = "generator"
    EXECUTOR = "executor"
    VALIDATOR = "validator"
    IMPROVER = "improver"
    SPLITTER = "splitter"
    ANSWER = "answer"


EDGES: Mapping[State, frozenset[State]] = {
    State.ROUTER: frozenset({State.PLANNER}),
    State.PLANNER: frozenset({State.GENERATOR, State.ROUTER}),
    State.GENERATOR: frozenset({State.EXECUTOR}),
    State.EXECUTOR: frozenset({State.VALIDATOR}),
    State.VALIDATOR: frozenset({State.GENERATOR, State.IMPROVER, State.ROUTER}),
    State.IMPROVER: frozenset({State.GENERATOR, State.SPLITTER}),
    State.SPLITTER: frozenset({State.SPLITTER, State.ROUTER, State.ANSWER}),
    State.ANSWER: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """How much the agent may do."""

    seconds: float = 300.0
    folds: int = 5
    improvements: int = 5
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not math.isfinite(self.seconds):
            raise InputError(f"seconds must be a number, got {self.seconds}; give the time that there is")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came out; `value` is the score on rows that no script saw the target of."""

    value: float
    dummy: float
    planner: str
    tool: str
    trial: Trial
    train: str
    predict: str
    guessed: pd.DataFrame  # for the held-out rows
    tested: pd.DataFrame | None  # for the test table
    seconds: float
    path: tuple[State, ...]
    faults: tuple[str, ...]
    trials: tuple[Trial, ...]


class Agent:
    """One run over one case; `seen` and `held` have targets, `test` has none."""

    def __init__(
        self,
        case: Case,
        seen: pd.DataFrame,
        held: pd.DataFrame,
        chain: Sequence[Planner],
        settings: Settings | None = None,
        *,
        test: pd.DataFrame | None = None,
        executor: Executor = execute,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.case, self.seen, self.held, self.test = case, seen, held, test
        self.settings = settings or Settings()
        self._execute, self._clock, self._start = executor, clock, clock()
        self._chain = deque([*(p for p in chain if p != DUMMY), DUMMY])
        self._planner: Planner = DUMMY
        self._queue: deque[Recipe] = deque()
        self._trials: list[Trial] = []
        self._choices: deque[Trial] | None = None
        self._improved = 0
        self._all: list[Trial] = []
        self._faults: list[str] = []
        self._answer: Answer | None = None
        self._outcome: Outcome | None = None
        self._batch: list[Recipe] = []
        self._starting = 1.0  # seconds that a script takes before it learns
        plain = script.spec(case, Recipe("truth", ()), 0)
        self._truth = learner.answers(seen, plain)
        self._held_truth = learner.answers(held, plain)
        self._threads = self.settings.limits.threads
        self.dummy = self._dummy(plain)

    def run(self) -> Answer:
        """Walk the states to the answer."""
        steps: Mapping[State, Callable[[], State]] = {
            State.ROUTER: self._route,
            State.PLANNER: self._plan,
            State.GENERATOR: self._generate,
            State.EXECUTOR: self._run,
            State.VALIDATOR: self._validate,
            State.IMPROVER: self._improve,
            State.SPLITTER: self._split,
        }
        state, path = State.ROUTER, [State.ROUTER]
        with tempfile.TemporaryDirectory(prefix="tables") as folder:
            self._folder = Path(folder)
            while state is not State.ANSWER:
                following = steps[state]()
                assert following in EDGES[state], f"no edge from {state} to {following}"
                state = following
                path.append(state)
        assert self._answer is not None
        return replace(self._answer, path=tuple(path), seconds=self._spent())

    def _spent(self) -> float:
        return self._clock() - self._start

    def _left(self, share: float = 1 - SLACK) -> float:
        return self.settings.seconds * share - self._spent()

    def _reserve(self) -> float:
        """Seconds that learning and asking the best recipes once more will take."""
        best = sorted_trials(self.case.task, self._trials)[:3]
        grown = len(self.seen) / min(len(self.seen), MOST_TRIED)
        longest = max((t.seconds for t in self._trials), default=0.0)
        asked = (2 if self.test is None else 3) * 1.3 * self._starting
        return sum(t.seconds for t in best) * grown / max(self._folds - 1, 1) + asked + min(0.3 * longest, 10.0)

    @property
    def _folds(self) -> int:
        return min(self.settings.folds, 3) if len(self.seen) >= STEADY else self.settings.folds

    def _route(self) -> State:
        """The next planner of the chain; the dummy is last and its failure is the only one that is not survived."""
        if not self._chain:
            raise MienError("even the dummy failed: " + "; ".join(self._faults[-3:]))
        self._planner = self._chain.popleft()
        self._trials, self._choices, self._improved = [], None, 0
        self._queue.clear()
        return State.PLANNER

    def _plan(self) -> State:
        if self._planner is not DUMMY and self._left() <= 0:
            self._faults.append(f"{self._planner.name}: no time was left")
            return State.ROUTER
        try:
            self._queue.extend(self._planner.plan(self.case))
        except MienError as error:
            self._faults.append(f"{self._planner.name}: {error}")
        return State.GENERATOR if self._queue else State.ROUTER

    def _generate(self) -> State:
        self._batch = [self._queue.popleft()]
        while len(self.seen) <= TOGETHER and self._queue and self._queue[0].code == self._batch[0].code:
            self._batch.append(self._queue.popleft())
        searching = self._planner.tool in script.TOOLS
        members = Recipe("", tuple(r.members[0] for r in self._batch))
        self._spec = script.spec(
            self.case, members, 1 if searching else self._folds, MOST_TRIED, self._left() / 2.5, threads=self._threads
        )
        self._scratch = Path(tempfile.mkdtemp(dir=self._folder))
        self.seen.to_csv(self._scratch / "train.csv", index=False)
        (self._scratch / "train.py").write_text(script.training(self._spec, self._batch[0].code), "utf-8")
        return State.EXECUTOR

    def _run(self) -> State:
        # The first script may take half of the time, whatever it tries; the others must leave enough for the answer.
        wall = self._left() / 2 if not self._trials else self._left() - self._reserve()
        least = 20.0 if self._planner is DUMMY else 0.1
        self._outcome = self._execute(
            self._scratch / "train.py", (), replace(self.settings.limits, seconds=max(wall, least))
        )
        return State.VALIDATOR

    def _validate(self) -> State:
        assert self._outcome is not None
        trials = [
            judged(recipe, self._outcome, self._scratch, self._spec, self._truth, place)
            for place, recipe in enumerate(self._batch)
        ]
        if self._outcome.fate == "failed":  # the first without a result is to blame, the others have another turn
            lost = [i for i, t in enumerate(trials) if t.value is None][1:]
            self._queue.extendleft(self._batch[i] for i in reversed(lost))
            trials = [t for i, t in enumerate(trials) if i not in lost]
        if self._outcome.fate == "done":
            self._starting = max(self._outcome.seconds - sum(t.seconds for t in trials), 0.1)
        self._trials += trials
        self._all += trials
        self._faults += [f"{self._planner.name}, {t.recipe.name}: {t.fault}" for t in trials if t.fault]
        if self._queue and self._affordable():
            return State.GENERATOR
        return State.IMPROVER if any(t.value is not None for t in self._trials) else State.ROUTER

    def _affordable(self) -> bool:
        """Whether a further trial, taken to last as long as the middle one so far, leaves time for the answer."""
        told = [t.seconds for t in self._trials if t.value is not None] or [t.seconds for t in self._trials]
        typical = float(np.median(told)) + self._starting
        return self._left() - self._reserve() > typical

    def _improve(self) -> State:
        if self._improved < self.settings.improvements and self._affordable():
            self._improved += 1
            try:
                recipe = self._planner.improve(self.case, self._trials)
            except MienError as error:
                self._faults.append(f"{self._planner.name}: {error}")
                recipe = None
            if recipe is not None:
                self._queue.append(recipe)
                return State.GENERATOR
        return State.SPLITTER

    def _split(self) -> State:
        """Learn the best recipe from all rows in a fresh folder, and ask it for what no script saw."""
        if self._choices is None:
            self._choices = deque(self._chosen())
        if not self._choices or (self._left(1.15) <= 0 and self._planner is not DUMMY):
            return State.ROUTER
        trial = self._choices.popleft()
        try:
            self._answer = self._asked(trial)
        except MienError as error:
            self._faults.append(f"{self._planner.name}, {trial.recipe.name}: {error}")
            return State.SPLITTER
        if self._planner is DUMMY or self.case.task.better(self._answer.value, self.dummy):
            return State.ANSWER
        self._faults.append(f"{self._planner.name}, {trial.recipe.name}: no better than the dummy on held-out rows")
        return State.SPLITTER

    def _chosen(self) -> list[Trial]:
        """The best blend where it beats all single ones and time allows, then the two best single ones."""
        task, single = self.case.task, sorted_trials(self.case.task, self._trials)
        mixed = [
            Trial(recipe, learner.score(task.metric, self._truth[: len(guessed)], guessed), seconds=seconds)
            for recipe, guessed, seconds in blends(single)
        ]
        best = sorted_trials(task, mixed)[:1]
        if best and not task.better(float(best[0].value or 0), float(single[0].value or 0)):
            best = []
        return [*best, *single[:2]]

    def _asked(self, trial: Trial) -> Answer:
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        known = script.spec(self.case, trial.recipe, 0, seconds=max(self._left() / 2, 1.0), threads=self._threads)
        train, predict = (make(known, trial.recipe.code) for make in (script.training, script.inference))
        self.seen.to_csv(folder / "train.csv", index=False)
        (folder / "train.py").write_text(train, "utf-8")
        (folder / "predict.py").write_text(predict, "utf-8")
        self._must(folder / "train.py")
        held = self._table(folder, self.held.drop(columns=self.case.task.target), known)
        tested = None if self.test is None else self._table(folder, self.test, known)
        value = learner.score(self.case.task.metric, self._held_truth, guesses(held, known))
        tool = self._planner.tool
        return Answer(
            value, self.dummy, self._planner.name, tool, trial, train, predict, held, tested, 0.0, (),
            tuple(self._faults), tuple(self._all),
        )  # fmt: skip

    def _table(self, folder: Path, asked: pd.DataFrame, known: learner.Spec) -> pd.DataFrame:
        """Answers of predict.py to a table, checked."""
        asked.to_csv(folder / "asked.csv", index=False)
        self._must(folder / "predict.py", "asked.csv", "answers.csv")
        answers = read_answers(folder / "answers.csv", known)
        if list(answers.index) != list(range(len(asked))):
            raise MienError(f"the answers must be {len(asked)} rows in order, got {len(answers)}")
        return answers

    def _must(self, path: Path, *arguments: str) -> None:
        wall = max(self._left(1.15), 20.0 if self._planner is DUMMY else 0.1)
        outcome = self._execute(path, arguments, replace(self.settings.limits, seconds=wall))
        if outcome.fault:
            raise MienError(outcome.fault)

    def _dummy(self, spec: learner.Spec) -> float:
        """The score of the mean, or of the shares of the classes, on the held-out rows."""
        if spec.kind == "regression":
            guessed = np.full(len(self.held), self._truth.mean())
        else:
            shares = np.bincount(self._truth, minlength=len(spec.classes)) / len(self._truth)
            guessed = np.tile(shares, (len(self.held), 1))
        return learner.score(spec.metric, self._held_truth, guessed)
