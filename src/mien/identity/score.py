"""How well a clustering agrees with the truth, and how well distances tell persons apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.types import Floats

Ids = NDArray[np.int64]
Sizes = NDArray[np.float64]


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
    both, mine, theirs = overlaps(truth, found)
    precision, recall = (both**2 / theirs).sum(), (both**2 / mine).sum()
    return Bcubed(float(precision) / len(truth), float(recall) / len(truth))


def rand_index(truth: Ids, found: Ids) -> float:
    """Adjusted Rand index: 1 for equal partitions, 0 on average for chance."""
    together = float(_pairs(overlaps(truth, found)[0]).sum())
    rows, columns = (float(_pairs(np.unique(ids, return_counts=True)[1]).sum()) for ids in (truth, found))
    chance = rows * columns / max(len(truth) * (len(truth) - 1) / 2, 1.0)
    best = (rows + columns) / 2
    return 1.0 if best == chance else (together - chance) / (best - chance)


def overlaps(truth: Ids, found: Ids) -> tuple[Sizes, Sizes, Sizes]:
    """For every true group and found one that meet: how many items they share, and how many each has in all."""
    if truth.shape != found.shape or truth.ndim != 1 or not len(truth):
        raise InputError(f"truth and found must be (n,) with n > 0, got {truth.shape} and {found.shape}")
    (_, mine, sizes), (_, theirs, others) = (
        np.unique(ids, return_inverse=True, return_counts=True) for ids in (truth, found)
    )
    pairs, both = np.unique(np.stack([mine, theirs]), axis=1, return_counts=True)
    return both.astype(np.float64), sizes[pairs[0]].astype(np.float64), others[pairs[1]].astype(np.float64)


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


def _pairs(counts: Sizes | Ids) -> Sizes:
    return counts * (counts - 1.0) / 2
