"""A sentence such as "predict Survived, accuracy" and a table → what is to be guessed and how it is scored."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from mien.errors import InputError, unknown
from mien.lab.tables.learner import numeric

Kind = Literal["binary", "multiclass", "regression"]
LOSSES = frozenset({"rmse", "rmsle", "mae", "logloss"})
VALUES = frozenset({"rmse", "rmsle", "mae", "r2"})  # metrics of numbers; the others are of classes
MOST_CLASSES = 100
_WORDS: Mapping[str, str] = {
    "balanced accuracy": "balanced_accuracy", "balanced_accuracy": "balanced_accuracy", "accuracy": "accuracy",
    "roc auc": "auc", "roc-auc": "auc", "roc_auc": "auc", "area under the curve": "auc", "auc": "auc",
    "log loss": "logloss", "logloss": "logloss", "cross entropy": "logloss",
    "f1": "f1", "macro f1": "f1", "f1-score": "f1",
    "rmsle": "rmsle", "rmse of logs": "rmsle", "rmse": "rmse", "root mean squared error": "rmse",
    "mae": "mae", "mean absolute error": "mae", "r2": "r2", "r²": "r2", "r-squared": "r2",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be guessed, and by which score."""

    target: str
    metric: str
    kind: Kind
    classes: tuple[str, ...] = ()

    def better(self, one: float, other: float) -> bool:
        return one < other if self.metric in LOSSES else one > other

    def share(self, value: float) -> float:
        """The paper's normalised score: the value itself, or 1 / (1 + loss)."""
        return 1 / (1 + value) if self.metric in LOSSES else value


def understand(sentence: str, frame: pd.DataFrame, doubled: Sequence[str] = ()) -> Task:
    """The task a sentence asks for; a column or metric that is not there is an error with the nearest name."""
    names = [str(name) for name in frame.columns]
    if len(names) < 2:
        raise InputError(f"a table must have a target and one more column, got {names!r:.80}")
    target, rest = _target(sentence, names)
    if target in doubled:
        raise InputError(f"the target {target!r} stands more than once in the table; rename or drop one of them")
    truth = frame[target].dropna()
    if truth.nunique() < 2:
        raise InputError(f"the target {target!r} must have two or more values, got {list(truth.unique())!r:.60}")
    if len(truth) < 20:
        raise InputError(f"at least 20 rows with a known {target!r} are wanted, got {len(truth)}")
    return _scored(target, _metric(rest), truth)


def _target(sentence: str, names: list[str]) -> tuple[str, str]:
    """The column a sentence means, and the sentence without it."""
    after = re.search(
        r"(?:predict|forecast|classify|estimate|guess|target(?: is)?:?)\s+(?:the\s+)?(.*)", sentence, re.I | re.S
    )
    tail = after.group(1) if after else sentence
    found = sorted((hit.start(), -len(n), n) for n in names if (hit := _mention(n, tail)))
    if not found or (after and _word(tail) and found[0][0] > len(_word(tail)) and "," in tail[: found[0][0]]):
        raise unknown("column", _word(tail) or tail[:40], names)
    name = found[0][2]
    hit = _mention(name, tail)
    assert hit is not None
    return name, f"{tail[: hit.start()]} {tail[hit.end() :]}"


def _mention(name: str, text: str) -> re.Match[str] | None:
    exact = re.search(rf"(?<!\w)[\"'`]?{re.escape(name)}[\"'`]?(?!\w)", text)
    return exact or re.search(rf"(?<!\w)[\"'`]?{re.escape(name)}[\"'`]?(?!\w)", text, re.I)


def _word(text: str) -> str:
    """What stands before the first comma, without quotes."""
    return re.split(r"[,;.]", text, maxsplit=1)[0].strip(" \"'`\n")


def _metric(text: str) -> str:
    """The metric named in a text; empty if it names none."""
    low = text.lower()
    for words in sorted(_WORDS, key=len, reverse=True):
        if re.search(rf"(?<!\w){re.escape(words)}(?!\w)", low):
            return _WORDS[words]
    for word in re.findall(r"[a-z_²-]{3,}\d?", low):
        if difflib.get_close_matches(word, _WORDS, n=1, cutoff=0.75):
            raise unknown("metric", word, _WORDS)
    named = re.fullmatch(r"\s*,\s*(?:by |with |metric:? )?([\w-]+)\s*\.?\s*", text)
    if named:
        raise unknown("metric", named.group(1), _WORDS)
    return ""


def _scored(target: str, metric: str, truth: pd.Series) -> Task:
    numbers = numeric(truth)
    counted, count = bool(numbers.notna().all()), truth.nunique()
    if metric in VALUES and not counted:
        odd = str(truth.loc[numbers.isna()].to_list()[0])
        raise InputError(f"{metric} wants a target of numbers, and {target!r} holds {odd!r}; try accuracy")
    continuous = counted and (count > 20 or bool((numbers % 1 != 0).any()))
    if metric in VALUES or (not metric and continuous):
        if metric == "rmsle" and float(numbers.min()) < 0:
            raise InputError(f"rmsle wants no negative target, and {target!r} goes down to {numbers.min()}; try rmse")
        return Task(target, metric or "rmse", "regression")
    if count > MOST_CLASSES:
        raise InputError(
            f"{metric or 'accuracy'} wants at most {MOST_CLASSES} classes, and {target!r} has {count} values; "
            "try rmse for numbers"
        )
    if counted and numbers.nunique() < count:
        twice = next(list(spelled) for spelled in truth.groupby(numbers).unique() if len(spelled) > 1)
        raise InputError(f"classes of {target!r} are one number written in several ways, {twice}; write it in one")
    order = sorted(truth.unique(), key=float if counted else None)
    kind = "binary" if count == 2 else "multiclass"
    return Task(target, metric or "accuracy", kind, tuple(str(name) for name in order))
