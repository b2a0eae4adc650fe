"""Cross-validation by group: what is used on a video was fitted on videos of other groups alone, for every video."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from mien.errors import InputError
from mien.train.data import Ints

T = TypeVar("T")
COUNT = 5


def folds(groups: Sequence[str], count: int = COUNT) -> list[Ints]:
    """The places of each fold; a group is never parted, and its fold does not depend on where it stands."""
    names = sorted(set(groups), key=lambda name: hashlib.sha256(name.encode()).digest())
    if min(len(names), count) < 2:
        raise InputError(f"cross-validation needs two groups and two folds, got {len(names)} and {count}")
    fold = {name: i % count for i, name in enumerate(names)}
    place = np.array([fold[g] for g in groups])
    return [np.flatnonzero(place == k) for k in range(min(count, len(names)))]


def crossed(groups: Sequence[str], run: Callable[[Ints, Ints], Sequence[T]], count: int = COUNT) -> list[T]:
    """One result per item: `run(rest, held)` fits on the places `rest` and gives a result for each of `held`."""
    found: dict[int, T] = {}
    for held in folds(groups, count):
        rest = np.setdiff1d(np.arange(len(groups)), held)
        found.update(zip(held.tolist(), run(rest, held), strict=True))
    return [found[i] for i in range(len(groups))]
