"""A constant added to each class's log-probability, so that rare classes get their share of answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mien.link import softmax
from mien.temporal import known, per_column
from mien.types import Signal

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bias:
    """Probabilities → probabilities that sum to one again; the biases are zero until fitted.

    Fitting climbs macro-F1, or the F1 weighted by the classes' shares, class by class over a grid of shifts, from zero
    and from the inverse class frequencies, and keeps the better end, so on the split it is fitted on it never does
    worse than no bias.
    """

    values: tuple[float, ...] = ()
    reach: float = 2.0
    steps: int = 41
    passes: int = 3
    weighted: bool = False

    def fit(self, signals: Sequence[Signal], targets: Sequence[Signal]) -> Bias:
        """The biases of the best F1 on these rows."""
        probabilities, truth = known(signals, targets)
        logs, classes = _logs(probabilities), truth.argmax(1)
        counts = np.bincount(classes, minlength=logs.shape[1])
        rare = np.log(counts.max() / np.maximum(counts, 1))
        ends = [self._climb(logs, classes, start) for start in (np.zeros(len(rare)), rare)]
        best = max(ends, key=lambda end: end[1])[0]
        return replace(self, values=tuple(round(float(b), 4) for b in best))

    def _climb(self, logs: Doubles, truth: NDArray[np.int64], start: Doubles) -> tuple[Doubles, float]:
        bias, best = start.copy(), _score(logs + start, truth, self.weighted)
        for _ in range(self.passes):
            before = best
            for c in range(len(bias)):
                tries = bias[c] + np.linspace(-self.reach, self.reach, self.steps)
                scores = shifted(logs + bias, logs[:, c], truth, c, tries, weighted=self.weighted)
                if scores.max() > best + 1e-12:
                    bias[c], best = tries[scores.argmax()], float(scores.max())
            if best == before:
                break
        return bias, best

    def __call__(self, signal: Signal) -> Signal:
        """The biased probabilities."""
        bias = per_column("the bias", self.values, len(signal.labels), 0.0)
        values = signal.values.copy()
        values[signal.seen] = softmax((_logs(signal.values[signal.seen]) + bias).astype(np.float32))
        return Signal(signal.times, values, signal.seen, signal.labels)


def _logs(probabilities: NDArray[np.floating]) -> Doubles:
    return np.log(np.maximum(probabilities.astype(np.float64), 1e-12))


def _score(scores: Doubles, truth: NDArray[np.int64], weighted: bool) -> float:
    k = scores.shape[1]
    table = np.bincount(truth * k + scores.argmax(1), minlength=k * k).reshape(k, k)
    return float(_f1(np.diag(table)[None], table.sum(0)[None], table.sum(1), weighted)[0])


def shifted(
    scores: Doubles, raw: Doubles, truth: NDArray[np.int64], c: int, tries: Doubles, *, weighted: bool = False
) -> Doubles:
    """F1 for each try of class c's bias, all from one pass over the rows.

    A row answers c from the first try on that lifts c over the best of the others, so a histogram of those first
    tries, by truth and by runner-up, holds the counts for all of them.
    """
    k = scores.shape[1]
    others = scores.copy()
    others[:, c] = -np.inf
    rival = others.argmax(1)
    first = np.searchsorted(tries, others.max(1) - raw, side="right")
    cells = (first * k + truth) * k + rival
    moved = np.bincount(cells, minlength=(len(tries) + 1) * k * k).reshape(-1, k, k)[:-1].cumsum(0)
    stay = np.bincount(truth * k + rival, minlength=k * k).reshape(k, k)[None] - moved
    hits, answered = np.diagonal(stay, axis1=1, axis2=2).copy(), stay.sum(1)
    hits[:, c], answered[:, c] = moved[:, c].sum(1), moved.sum((1, 2))
    return _f1(hits, answered, np.bincount(truth, minlength=k), weighted)


def _f1(hits: NDArray[np.int64], answered: NDArray[np.int64], true: NDArray[np.int64], weighted: bool) -> Doubles:
    """Mean F1, a row per try: over the classes that occur in truth or answers, or by their true shares."""
    either = answered + true
    f1 = 2 * hits / np.maximum(either, 1)
    return f1 @ true / true.sum() if weighted else f1.sum(1) / (either > 0).sum(1)


STEP = Bias
