"""How well a clustering agrees with the truth, and how well distances tell persons apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.types import Floats

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bcubed:
    """Precision falls when clusters mix persons, recall when a person is torn over clusters."""

    precision: float
    recall: float

    @property
    def f(self) -> float:
        """Harmonic mean."""
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-12)


def bcubed(truth: Ids, found: Ids) -> Bcubed:
    """B-cubed over items.

    Precision asks, item by item, which share of its *cluster* is of its person; recall, which share of its *person* is
    in its cluster. (The released code of the 2018 paper has the two arguments, and with them the two names, swapped.)
    """
    table = contingency(truth, found)
    total = table.sum()
    squares = table.astype(np.float64) ** 2
    precision = (squares / table.sum(0, keepdims=True)).sum() / total
    recall = (squares / table.sum(1, keepdims=True)).sum() / total
    return Bcubed(float(precision), float(recall))


def rand_index(truth: Ids, found: Ids) -> float:
    """Adjusted Rand index: 1 for equal partitions, 0 on average for chance."""
    table = contingency(truth, found).astype(np.float64)
    together, rows, columns = _pairs(table).sum(), _pairs(table.sum(1)).sum(), _pairs(table.sum(0)).sum()
    chance = rows * columns / max(_pairs(table.sum()), 1.0)
    best = (rows + columns) / 2
    return 1.0 if best == chance else float((together - chance) / (best - chance))


def contingency(truth: Ids, found: Ids) -> NDArray[np.int64]:
    """How many items of each true group (rows) lie in each found one (columns)."""
    if truth.shape != found.shape or truth.ndim != 1 or not len(truth):
        raise InputError(f"truth and found must be (n,) with n > 0, got {truth.shape} and {found.shape}")
    _, rows = np.unique(truth, return_inverse=True)
    _, columns = np.unique(found, return_inverse=True)
    table = np.zeros((rows.max() + 1, columns.max() + 1), np.int64)
    np.add.at(table, (rows, columns), 1)
    return table


def true_matches(same: Floats, other: Floats, false_match: float) -> float:
    """Share of pairs of one person found where this share of pairs of two persons is taken for one (TAR at FAR)."""
    limit = np.sort(other)[int(np.floor(false_match * len(other)))]
    return float(np.mean(same < limit))


def equal_error(same: Floats, other: Floats) -> float:
    """The error rate at the threshold where as many pairs of one person are torn as pairs of two are joined."""
    limits = np.unique(np.concatenate([same, other]))
    torn = 1 - np.searchsorted(np.sort(same), limits, side="right") / len(same)
    joined = np.searchsorted(np.sort(other), limits, side="right") / len(other)
    i = int(np.argmin(np.abs(torn - joined)))
    return float((torn[i] + joined[i]) / 2)


def _pairs(counts: NDArray[np.float64] | np.float64) -> NDArray[np.float64] | np.float64:
    return counts * (counts - 1) / 2
