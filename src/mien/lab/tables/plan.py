"""Who decides what to try: rules, an AutoML tool, a language model, and at last the dummy."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from mien.errors import InputError
from mien.lab.chat import Chat, Message, Usage
from mien.lab.schema import Json, Schema
from mien.lab.tables.models import Member
from mien.lab.tables.profile import Profile
from mien.lab.tables.task import Task

MODELS = ("boosting", "forest", "trees", "linear", "kernel", "svm", "neighbors", "gauss")
BLENDED = 3  # members of a blend at most
_TINY, _FEW, _MANY = 1000, 3000, 50_000  # rows
_BANDS = {"learning_rate": (0.005, 0.5), "max_iter": (20, 1000), "max_leaf_nodes": (3, 127), "C": (1e-4, 1e4),
          "min_samples_leaf": (1, 200), "l2_regularization": (0.0, 100.0), "n_estimators": (20, 500),
          "max_features": (0.05, 1.0), "n_neighbors": (1, 50)}  # fmt: skip
_WHOLE = frozenset({"max_iter", "max_leaf_nodes", "min_samples_leaf", "n_estimators", "n_neighbors"})
_TAKES = {
    "boosting": {"learning_rate", "max_iter", "max_leaf_nodes", "min_samples_leaf", "l2_regularization"},
    "forest": {"n_estimators", "min_samples_leaf", "max_features"},
    "trees": {"n_estimators", "min_samples_leaf", "max_features"},
    "linear": {"C"},
    "kernel": {"C"},
    "svm": {"C"},
    "neighbors": {"n_neighbors"},
    "gauss": set(),
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to try, and why; `code` may define further features as `extra(table)`."""

    name: str
    members: tuple[Member, ...]
    why: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """A recipe that was tried: its score by cross-validation, or what went wrong."""

    recipe: Recipe
    value: float | None = None
    fault: str = ""
    seconds: float = 0.0
    guessed: np.ndarray | None = field(default=None, compare=False, repr=False)  # in the order of rows; NaN if absent


@dataclass(frozen=True, slots=True)
class Case:
    """What a planner may know."""

    task: Task
    profile: Profile
    skew: float = 0.0  # of a target of numbers
    lowest: float = 0.0
    smallest: float = 1.0  # share of the rarest class


class Planner(Protocol):
    """Decides what to try first, and what to try next."""

    @property
    def name(self) -> str: ...

    @property
    def tool(self) -> str: ...

    def plan(self, case: Case) -> list[Recipe]: ...

    def improve(self, case: Case, trials: Sequence[Trial]) -> Recipe | None: ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always the same recipe: the dummy, boosting with defaults, or an AutoML tool."""

    name: str
    tool: str
    member: Member

    def plan(self, case: Case) -> list[Recipe]:
        return [Recipe(self.member.model, (self.member,), "asked for")]

    def improve(self, case: Case, trials: Sequence[Trial]) -> Recipe | None:
        return None


DUMMY = Fixed("dummy", "scikit-learn", Member("dummy"))
BOOSTING = Fixed("boosting with defaults", "scikit-learn", Member("boosting"))


@dataclass(frozen=True, slots=True)
class Rules:
    """Templates ranked by the profile, and a table of improvements; no model is asked."""

    name: str = "rules"
    tool: str = "scikit-learn"

    def plan(self, case: Case) -> list[Recipe]:
        rows = case.profile.rows
        return [Recipe(f"{m.model} {i}", (m,), why) for i, (m, why) in enumerate(_ranked(case, rows), 1)]

    def improve(self, case: Case, trials: Sequence[Trial]) -> Recipe | None:
        """The first rule that applies to the best trial so far and has not been used."""
        good = sorted_trials(case.task, trials)
        names = {trial.recipe.name for trial in trials}
        return next((r for r in _improved(case, good) if r.name not in names), None) if good else None


def _ranked(case: Case, rows: int) -> Iterator[tuple[Member, str]]:
    flat = "onehot" if case.profile.names("category") else "ordinal"
    if rows < _FEW:
        yield from _few(case, rows, flat)
        return
    yield Member(), "the default for tables"
    slow = (("learning_rate", 0.05), ("max_iter", 400), ("l2_regularization", 1.0))
    yield Member("boosting", slow), "many rows: more and slower trees"
    trees = 60 if rows > _MANY else 150
    yield Member("forest", (("n_estimators", trees), ("min_samples_leaf", 3)), "ordinal"), "a second opinion"
    yield Member("linear", (), flat), "another kind of mistake helps a blend"
    if rows <= _MANY:
        yield Member("kernel", (("C", 10.0),), flat), "smooth curves"


def _few(case: Case, rows: int, flat: str) -> Iterator[tuple[Member, str]]:
    """For few rows, the quickest first: whatever has been tried when time is over counts."""
    yield Member("linear", (), flat), "few rows: a straight line is hard to beat"
    yield Member("linear", (("C", 0.1),), "levels"), "a calmer line, and one step for each value of small numbers"
    yield Member("linear", (("C", 30.0),), flat), "a bolder line"
    if rows <= _TINY or case.task.kind != "regression":  # the process of numbers costs the cube of the rows
        yield Member("gauss", (), flat), "bell curves"
    yield Member("svm", (), flat), "few rows: smooth borders"
    trees = (("n_estimators", 200), ("min_samples_leaf", 2))
    yield Member("trees", trees, flat), "random cuts average well"
    quick = len(case.task.classes) <= 3  # boosting grows its trees for each class
    if quick:
        yield Member(), "the default for tables"
    yield Member("svm", (("C", 10.0),), flat, scaled=False), "columns may share one unit"
    yield Member("svm", (("C", 10.0),), "levels"), "tighter borders, and one step for each value of small numbers"
    small = (("learning_rate", 0.05), ("max_iter", 150), ("max_leaf_nodes", 8), ("min_samples_leaf", 10))
    if quick:
        yield Member("boosting", small), "few rows: small and slow trees"
    yield Member("forest", trees, flat), "a steady second opinion"
    yield Member("neighbors", (), flat, scaled=flat == "onehot"), "like rows, like answers"
    yield Member("kernel", (("C", 10.0),), flat), "smooth curves"
    if not quick:
        yield Member(), "the default for tables"


def _improved(case: Case, good: Sequence[Trial]) -> Iterator[Recipe]:
    best = good[0].recipe
    one = best.members[0]

    def change(name: str, why: str, member: Member) -> Recipe:
        return Recipe(name, (member,), why, best.code)

    boosted = next((t.recipe.members[0] for t in good if t.recipe.members[0].model == "boosting"), Member())
    if case.task.kind == "regression" and case.skew > 1 and case.lowest >= 0:
        yield change("logarithm", "the target has a long tail", replace(one, log=True))
    if any(c.kind == "category" and c.distinct > 15 for c in case.profile.columns):
        yield change("mean targets", "a column has many categories", replace(boosted, encoding="target"))
    if case.task.metric in ("f1", "balanced_accuracy") and case.smallest < 0.2:
        weighed = replace(boosted, settings=(*boosted.settings, ("class_weight", "balanced")))
        yield change("class weights", "the score counts all classes alike", weighed)
    if one.model in ("linear", "kernel", "svm"):
        for strength in (0.3, 3.0, 100.0):
            yield change(f"{one.model} C {strength:g}", "another strength", replace(one, settings=(("C", strength),)))
    slow = {**dict(boosted.settings), "learning_rate": 0.03, "max_iter": 500, "max_leaf_nodes": 15}
    yield change("slower boosting", "more and smaller steps", replace(boosted, settings=tuple(slow.items())))
    calm = {**dict(boosted.settings), "learning_rate": 0.05, "l2_regularization": 10.0, "min_samples_leaf": 40}
    yield change("calmer boosting", "stronger shrinkage", replace(boosted, settings=tuple(calm.items())))
    grown = (("n_estimators", 300), ("min_samples_leaf", 1), ("max_features", 0.5))
    yield change("deeper trees", "leaves down to single rows", Member("trees", grown, one.encoding))


def sorted_trials(task: Task, trials: Sequence[Trial]) -> list[Trial]:
    """Those that have a score, the best first."""
    good = [t for t in trials if t.value is not None]
    return sorted(good, key=lambda t: float(t.value or 0.0), reverse=not task.better(0, 1))


def blends(trials: Sequence[Trial]) -> Iterator[tuple[Recipe, np.ndarray, float]]:
    """Means of two or three of the best six, with their guesses and the seconds they cost; no code, whole guesses."""
    whole = [t for t in trials if t.guessed is not None and not t.recipe.code and not np.isnan(t.guessed).any()][:6]
    for count in range(2, BLENDED + 1):
        for group in itertools.combinations(whole, count):
            name = " + ".join(t.recipe.name for t in group)
            members = tuple(m for t in group for m in t.recipe.members)
            guessed = np.mean([t.guessed for t in group if t.guessed is not None], axis=0)
            yield Recipe(name, members, "the mean of several"), guessed, sum(t.seconds for t in group)


_SETTING: Schema = {"type": "number"}
_RECIPE: Schema = {
    "type": "object",
    "properties": {
        "model": {"type": "string", "enum": list(MODELS)},
        "encoding": {"type": "string", "enum": ["ordinal", "onehot", "target"]},
        "log_target": {"type": "boolean"},
        "settings": {
            "type": "object",
            "properties": dict.fromkeys(_BANDS, _SETTING),
            "additionalProperties": False,
        },
        "code": {"type": "string"},
        "why": {"type": "string"},
    },
    "required": ["model", "why"],
    "additionalProperties": False,
}
SCHEMA: Schema = {
    "type": "object",
    "properties": {"recipes": {"type": "array", "items": _RECIPE}},
    "required": ["recipes"],
    "additionalProperties": False,
}
_ASK = """You plan how to learn a table. Answer with JSON that fits the schema: at most four "recipes", best first.
A recipe has "model" (boosting, forest, trees, linear, kernel, svm, neighbors, gauss), "settings" of it ({takes}),
"encoding" of categories, "log_target", one sentence "why", and, if further features help, "code": Python that defines
`def extra(table: pd.DataFrame) -> pd.DataFrame`, which gets the columns below without the target as text and returns
columns of numbers with the same index. An empty list says that nothing more is worth trying."""


@dataclass(slots=True)
class Language:
    """A language model behind a chat; it answers within a schema, and what it spends is counted."""

    chat: Chat
    tool: str = "scikit-learn"
    spent: Usage = field(default_factory=Usage)
    name: str = "language model"

    def plan(self, case: Case) -> list[Recipe]:
        return self._ask(case, ())[:4]

    def improve(self, case: Case, trials: Sequence[Trial]) -> Recipe | None:
        return next(iter(self._ask(case, trials)), None)

    def _ask(self, case: Case, trials: Sequence[Trial]) -> list[Recipe]:
        reply = self.chat.complete(question(case, trials), SCHEMA)
        self.spent += reply.usage
        answer = reply.json()
        found = answer.get("recipes") if isinstance(answer, dict) else None
        return [_recipe(item, len(trials) + i) for i, item in enumerate(found if isinstance(found, list) else [], 1)]


def question(case: Case, trials: Sequence[Trial]) -> list[Message]:
    """What a language model is told: columns and scores, never a value of a cell."""
    takes = "; ".join(f"{model}: {', '.join(sorted(names))}" for model, names in _TAKES.items())
    lines = [
        f"Task: {case.task.kind}, target {case.task.target!r}, score {case.task.metric}, {case.profile.rows} rows."
    ]
    lines += [f"- {c.name}: {c.kind}, {c.distinct} values, {c.missing:.0%} missing" for c in case.profile.used]
    if trials:
        lines.append("Tried so far, by cross-validation; plan one recipe that does better:")
    for trial in trials:
        result = trial.fault or f"{trial.value:.5f}"
        lines.append(f"- {', '.join(repr(m) for m in trial.recipe.members)}: {result}")
    return [Message("system", _ASK.replace("{takes}", takes)), Message("user", "\n".join(lines))]


def _recipe(item: Json, number: int) -> Recipe:
    """A recipe as the schema describes it, its settings cut to what is sane."""
    assert isinstance(item, dict)
    model, given = str(item["model"]), item.get("settings")
    settings = {n: v for n, v in (given if isinstance(given, dict) else {}).items() if n in _TAKES[model]}
    cut = {n: min(max(v, _BANDS[n][0]), _BANDS[n][1]) for n, v in settings.items() if isinstance(v, (int, float))}
    whole = tuple((n, int(v) if n in _WHOLE else float(v)) for n, v in cut.items())
    member = Member(model, whole, str(item.get("encoding", "ordinal")), item.get("log_target") is True)
    return Recipe(f"{model} {number}", (member,), str(item["why"])[:200], _code(str(item.get("code", ""))))


def _code(text: str) -> str:
    """Code that defines `extra`, or none; whether it is any good is found out in the sandbox."""
    if not text.strip():
        return ""
    try:
        names = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"code of a recipe must be Python, and it is not ({error})") from error
    if "extra" not in names:
        raise InputError(f"code of a recipe must define extra(table), and it defines {names}")
    return text
