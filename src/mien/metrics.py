"""Scores of predictions, each a pure function whose perfect value is exactly its maximum."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.types import expect

Array = NDArray[np.generic]


def _pair(truth: Array, guess: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b = np.asarray(truth, np.float64), np.asarray(guess, np.float64)
    if a.shape != b.shape:
        raise InputError(f"truth and guess must have one shape, got {a.shape} and {b.shape}")
    if np.isnan(a).any() or np.isnan(b).any():  # which every comparison below would take for a wrong or a right answer
        raise InputError("truth and guess must be known, got NaN; leave those rows out")
    return a, b


def accuracy(truth: Array, guess: Array) -> float:
    """Share of equal entries; NaN where there is nothing to compare."""
    a, b = _pair(truth, guess)
    return float(np.mean(a == b)) if a.size else float("nan")


def f1(truth: Array, guess: Array) -> float:
    """F1 of the positive class of two boolean arrays; 1 where neither holds a positive."""
    a, b = _pair(truth, guess)
    errors = np.sum((a > 0.5) != (b > 0.5))
    hits = np.sum((a > 0.5) & (b > 0.5))
    return 1.0 if errors == 0 else float(2 * hits / (2 * hits + errors))


def macro_f1(truth: Array, guess: Array, classes: int) -> float:
    """Mean F1 over a fixed number of classes that occur in truth or guess; a class that never occurs is left out."""
    a, b = _pair(truth, guess)
    present = [c for c in range(classes) if np.any(a == c) or np.any(b == c)]
    return float(np.mean([f1(a == c, b == c) for c in present])) if present else float("nan")


def ccc(truth: Array, guess: Array) -> float:
    """Concordance correlation; exactly 1 for a perfect prediction at any length, 0 for a constant wrong one."""
    a, b = _pair(truth, guess)
    if a.size == 0:
        return float("nan")
    if np.array_equal(a, b):
        return 1.0
    covariance = np.mean((a - a.mean()) * (b - b.mean()))
    return float(2 * covariance / (a.var() + b.var() + (a.mean() - b.mean()) ** 2))


def pearson(truth: Array, guess: Array) -> float:
    """Linear correlation; 0 where either side is constant, so that means over columns stay defined."""
    a, b = _pair(truth, guess)
    if np.array_equal(a, b) and a.size:
        return 1.0
    spread = a.std() * b.std() if a.size and np.ptp(a) > 0 and np.ptp(b) > 0 else 0.0  # a mean rounds: no std is exact
    return float(np.mean((a - a.mean()) * (b - b.mean())) / spread) if spread > 0 else 0.0


def weighted_f1(truth: Array, guess: Array, classes: int) -> float:
    """Mean F1 over the classes, each weighing as much as it has true entries."""
    a, b = _pair(truth, guess)
    shares = [float(np.sum(a == c)) for c in range(classes)]
    scores = [f1(a == c, b == c) for c in range(classes)]
    return float(np.average(scores, weights=shares)) if sum(shares) else float("nan")


def average_precision(truth: Array, score: Array) -> float:
    """Precision at each rise of recall, weighed by the rise; NaN where there is no positive."""
    a, b = (side.ravel() for side in _pair(truth, score))
    order = np.argsort(-b, kind="stable")
    hits = np.cumsum(a[order] > 0.5)
    last = np.append(np.flatnonzero(np.diff(b[order])), len(b) - 1)  # equal scores are one threshold
    if not len(b) or hits[-1] == 0:
        return float("nan")
    rises = np.diff(hits[last], prepend=0)
    return float(np.sum(rises * hits[last] / (last + 1)) / hits[-1])


def columns(score: Callable[[Array, Array], float], truth: Array, guess: Array) -> float:
    """The mean of a score over the columns of two tables (n, k)."""
    a, b = _pair(truth, guess)
    expect("truth and guess", a, (None, None))
    return float(np.mean([score(a[:, i], b[:, i]) for i in range(a.shape[1])]))


def mean_ccc(truth: Array, guess: Array) -> float:
    """P_VA: mean concordance of the columns."""
    return columns(ccc, truth, guess)


def mean_f1(truth: Array, guess: Array) -> float:
    """P_AU: mean over the columns of the F1 of presence, present above one half."""
    return columns(f1, truth, guess)


def mean_pearson(truth: Array, guess: Array) -> float:
    """Mean correlation of the columns; a constant column counts 0."""
    return columns(pearson, truth, guess)


def p_mtl(affect: float, expression: float, units: float) -> float:
    """P_MTL: mean CCC of valence and arousal + macro-F1 of eight expressions + mean F1 of twelve action units."""
    return affect + expression + units


def auc(truth: Array, score: Array) -> float:
    """Area under the ROC curve, ties counted half; NaN where one class is absent."""
    a, b = _pair(truth, score)
    positive = a > 0.5
    n, p = int(np.sum(~positive)), int(np.sum(positive))
    if n == 0 or p == 0:
        return float("nan")
    _, inverse, counts = np.unique(b, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[positive].sum() - p * (p + 1) / 2) / (n * p))


def calibration_error(truth: Array, probabilities: Array, bins: int = 15) -> float:
    """Expected calibration error of the top class over equal-width bins of its probability."""
    p = np.asarray(probabilities, np.float64)
    expect("probabilities", p, (None, None))
    expect("truth", np.asarray(truth), (len(p),))
    if np.isnan(p).any():  # which no bin would count
        raise InputError("probabilities must be known, got NaN; leave those rows out")
    top, sure = p.argmax(1), p.max(1)
    right = top == np.asarray(truth)
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [abs(right[place == b].sum() - sure[place == b].sum()) for b in range(bins)]
    return float(np.sum(gaps) / len(p)) if len(p) else float("nan")
