"""Scores as sums over videos, so that a thousand resamplings of the videos cost one matrix product."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.train.data import Ints
from mien.types import Floats

Doubles = NDArray[np.float64]
RESAMPLES = 1000


def confusion(truth: Floats, guess: Floats) -> Doubles:
    """A row's cell in the table of true and answered class, as a one-hot row (n, k·k)."""
    k = truth.shape[1]
    return np.eye(k * k)[truth.argmax(1) * k + guess.argmax(1)]


def counts(truth: Floats, guess: Floats) -> Doubles:
    """Hits, false alarms and misses of each column (n, 3k); present above one half."""
    a, b = truth > 0.5, guess > 0.5
    return np.hstack([a & b, ~a & b, a & ~b]).astype(np.float64)


def moments(truth: Floats, guess: Floats) -> Doubles:
    """One, and for each column both values, their squares and their product (n, 1 + 5k)."""
    a, b = truth.astype(np.float64), guess.astype(np.float64)
    return np.hstack([np.ones((len(a), 1)), a, b, a * a, b * b, a * b])


def macro(sums: Doubles) -> Doubles:
    """Mean F1 of the classes that occur, from confusion tables (…, k·k)."""
    hits, either = _table(sums)
    f1 = np.divide(2 * hits, either, out=np.zeros_like(hits), where=either > 0)
    return f1.sum(-1) / np.maximum((either > 0).sum(-1), 1)


def weighted(sums: Doubles) -> Doubles:
    """Mean F1 of the classes by their true share."""
    hits, either = _table(sums)
    k = hits.shape[-1]
    true = sums.reshape(*sums.shape[:-1], k, k).sum(-1)
    f1 = np.divide(2 * hits, either, out=np.zeros_like(hits), where=either > 0)
    return (f1 * true).sum(-1) / np.maximum(true.sum(-1), 1)


def right(sums: Doubles) -> Doubles:
    """Accuracy."""
    hits, _ = _table(sums)
    return hits.sum(-1) / np.maximum(sums.sum(-1), 1)


def _table(sums: Doubles) -> tuple[Doubles, Doubles]:
    k = round(sums.shape[-1] ** 0.5)
    table = sums.reshape(*sums.shape[:-1], k, k)
    return np.diagonal(table, axis1=-2, axis2=-1).copy(), table.sum(-1) + table.sum(-2)


def presence(sums: Doubles) -> Doubles:
    """Mean over the columns of F1; 1 for a column that is never there nor answered."""
    hits, alarms, misses = np.moveaxis(sums.reshape(*sums.shape[:-1], 3, -1), -2, 0)
    wrong = alarms + misses
    return np.divide(2 * hits, 2 * hits + wrong, out=np.ones_like(hits), where=hits + wrong > 0).mean(-1)


def concordance(sums: Doubles) -> Doubles:
    """Mean CCC of the columns."""
    (ma, mb), (va, vb), cov = _spread(sums)
    whole = va + vb + (ma - mb) ** 2
    return np.divide(2 * cov, whole, out=np.ones_like(cov), where=whole > 1e-12).mean(-1)


def correlation(sums: Doubles) -> Doubles:
    """Mean Pearson of the columns; a constant one counts 0."""
    _, (va, vb), cov = _spread(sums)
    whole = np.sqrt(np.maximum(va * vb, 0))
    return np.divide(cov, whole, out=np.zeros_like(cov), where=whole > 1e-12).mean(-1)


def _spread(sums: Doubles) -> tuple[tuple[Doubles, Doubles], tuple[Doubles, Doubles], Doubles]:
    n = np.maximum(sums[..., :1], 1)
    a, b, aa, bb, ab = (m / n for m in np.split(sums[..., 1:], 5, axis=-1))
    return (a, b), (aa - a * a, bb - b * b), ab - a * b


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """What is summed per row, and the score of such a sum."""

    name: str
    rows: Callable[[Floats, Floats], Doubles]
    total: Callable[[Doubles], Doubles]

    def by_video(self, truth: Floats, guess: Floats, video: Ints, videos: int) -> Doubles:
        """The sums of each video (videos, …)."""
        sums = np.zeros((videos, self.rows(truth[:1], guess[:1]).shape[1]))
        for start in range(0, len(truth), 1 << 16):
            part = slice(start, start + (1 << 16))
            np.add.at(sums, video[part], self.rows(truth[part], guess[part]))
        return sums


MACRO_F1 = Score("macro-F1", confusion, macro)
WEIGHTED_F1 = Score("weighted F1", confusion, weighted)
ACCURACY = Score("accuracy", confusion, right)
MEAN_F1 = Score("mean F1", counts, presence)
MEAN_CCC = Score("mean CCC", moments, concordance)
MEAN_PEARSON = Score("mean Pearson", moments, correlation)


def draws(videos: int, seed: int = 0, count: int = RESAMPLES) -> Doubles:
    """How often each video is drawn in each resampling (count, videos)."""
    return np.random.default_rng(seed).multinomial(videos, np.full(videos, 1 / videos), count).astype(np.float64)


def interval(scores: Doubles, share: float = 0.95) -> tuple[float, float]:
    """The middle share of resampled scores."""
    low, high = np.quantile(scores, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def tosses(videos: int, seed: int) -> Doubles:
    """Which videos swap sides (1 + RESAMPLES, videos): none at first, then each by the toss of a coin."""
    coins = np.random.default_rng(seed).random((1 + RESAMPLES, videos)) < 0.5
    coins[0] = False
    return coins.astype(np.float64)


def gaps(score: Score, one: Doubles, other: Doubles, swapped: Doubles) -> Doubles:
    """By how much one side's score exceeds the other's, toss by toss; both hold sums per video."""
    left, right_ = (1 - swapped) @ one + swapped @ other, swapped @ one + (1 - swapped) @ other
    return score.total(left) - score.total(right_)


def paired(tries: Doubles) -> tuple[float, float]:
    """From the gaps of all tosses: the true one, and how likely as large a one is if the sides were exchangeable."""
    return float(tries[0]), float(np.mean(np.abs(tries) >= abs(tries[0]) - 1e-12))
