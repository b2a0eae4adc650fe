"""Adaptive frame rate: look at few frames, and at more only where the answer is not yet sure.

Strides are nested (each a multiple of the next), and every stride takes the frames whose place is a multiple of it,
so what a coarse stride has run a finer one uses again: no frame is run twice, within a decision or between them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.temporal import paired
from mien.types import Floats, Signal

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
NEVER = 1e30  # a threshold no score exceeds; a finite number, because JSON has no infinity


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer (k,), the frames run for it in the order they were run, and whether an early stride was sure of it."""

    values: Floats
    ran: Rows
    sure: bool


@dataclass(frozen=True, slots=True)
class Spent:
    """What a signal's decisions cost."""

    ran: Mask  # (t,) the frames that had to be run, each once, for all decisions together
    share: float  # mean over decisions of frames used / frames of the full window, as the literature counts


@dataclass(frozen=True, slots=True)
class Stride:
    """Each row becomes the mean over its window at the first stride whose top value exceeds that stride's threshold.

    The last stride always answers. `half` is the window's reach in rows; None makes the whole signal one decision.
    Until fitted no early stride is sure, so the last one answers every row.
    """

    strides: tuple[int, ...] = (50, 10, 1)
    half: int | None = 100
    thresholds: tuple[float, ...] = ()  # one for each stride but the last
    alpha: float = 0.1  # share of wrong decisions allowed to be taken early
    stepped: bool = True  # stride k of K is allowed alpha·k/K; else each is allowed alpha

    def __post_init__(self) -> None:
        nested = all(a > b >= 1 and a % b == 0 for a, b in pairwise(self.strides))
        if not self.strides or not nested or self.strides[-1] < 1:
            raise InputError(f"strides must fall and each be a multiple of the next, got {self.strides}")
        if self.thresholds and len(self.thresholds) != len(self.strides) - 1:
            raise InputError(f"{len(self.strides)} strides need {len(self.strides) - 1} thresholds")

    def _limits(self) -> tuple[float, ...]:
        return (*(self.thresholds or (NEVER,) * (len(self.strides) - 1)), -np.inf)

    def fit(self, signals: Sequence[Signal], targets: Sequence[Signal]) -> Stride:
        """Thresholds, for each stride the lowest that lets no more than its allowed share of wrong answers pass."""
        paired(signals, targets)
        limits: list[float] = []
        for k, stride in enumerate(self.strides[:-1], 1):
            tried = [self._judged(s, t, stride) for s, t in zip(signals, targets, strict=True)]
            score, right = np.concatenate([t[0] for t in tried]), np.concatenate([t[1] for t in tried])
            level = self.alpha * (k / len(self.strides) if self.stepped else 1)
            limits.append(lowest(score, right, level))
        return replace(self, thresholds=tuple(limits))

    def _judged(self, signal: Signal, target: Signal, stride: int) -> tuple[Floats, Mask]:
        """The score of each decision at one stride, and whether its top class is the true one."""
        values, any_seen = self._means(signal, stride)
        if self.half is None:
            values, any_seen = values[:1], any_seen[:1] & target.seen.any()
            truth = np.where(target.seen[:, None], target.values, 0).sum(0, keepdims=True)
        else:
            any_seen, truth = any_seen & target.seen, target.values
        return values.max(1)[any_seen], (values.argmax(1) == truth.argmax(1))[any_seen]

    def __call__(self, signal: Signal) -> Signal:
        """The decision of every row."""
        values, _, decided = self._decide(signal)
        return Signal(signal.times, np.where(decided[:, None], values, signal.values), decided, signal.labels)

    def spent(self, signal: Signal) -> Spent:
        """The frames that the decisions of this signal need."""
        _, stride, _ = self._decide(signal)
        n = len(signal)
        low, high = self._windows(n)
        ran, used = np.zeros(n, bool), np.zeros(n)
        for s in self.strides:
            asked = stride == s  # what coarser strides ran before is among these frames, for strides are nested
            edges = np.bincount(low[asked], minlength=n + 1) - np.bincount(high[asked], minlength=n + 1)
            ran |= (np.cumsum(edges)[:n] > 0) & (np.arange(n) % s == 0)
            used[stride == s] = (-(-high // s) - -(-low // s))[stride == s]
        return Spent(ran, float(np.mean(used / np.maximum(high - low, 1))) if n else 0.0)

    def _decide(self, signal: Signal) -> tuple[Floats, Rows, Mask]:
        """Values, the accepting stride and whether anything was seen, for each row."""
        n = len(signal)
        out, accepted, seen = np.zeros_like(signal.values), np.zeros(n, np.int64), np.zeros(n, bool)
        for stride, limit in zip(self.strides, self._limits(), strict=True):
            values, any_seen = self._means(signal, stride)
            sure = (accepted == 0) & any_seen & (values.max(1, initial=-np.inf) > limit)
            last = (accepted == 0) & (stride == self.strides[-1])
            out[sure], seen[sure] = values[sure], True
            accepted[sure | last] = stride
        return out, accepted, seen

    def _windows(self, n: int) -> tuple[Rows, Rows]:
        here = np.arange(n)
        half = n if self.half is None else self.half
        return np.maximum(here - half, 0), np.minimum(here + half + 1, n)

    def _means(self, signal: Signal, stride: int) -> tuple[Floats, Mask]:
        """Mean over each row's window at one stride, and whether any of it was seen."""
        low, high = self._windows(len(signal))
        seen = signal.seen[::stride]
        values = np.where(seen[:, None], signal.values[::stride], 0)
        sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, 0, dtype=np.float64)])
        counts = np.concatenate([[0], np.cumsum(seen)])
        first, last = -(-low // stride), -(-high // stride)
        number = counts[last] - counts[first]
        mean = (sums[last] - sums[first]) / np.maximum(number, 1)[:, None]
        return mean.astype(np.float32), number > 0

    def decide(self, run: Callable[[list[int]], Floats], count: int) -> Decision:
        """One decision over `count` frames that are run on demand: `run` gets only places it never got before.

        It gives a row per place, NaN where no face was seen.
        """
        values: dict[int, Floats] = {}
        mean, limits = np.zeros(0, np.float32), self._limits()
        for stride, limit in zip(self.strides, limits, strict=True):
            new = [i for i in range(0, count, stride) if i not in values]
            values.update(zip(new, run(new), strict=True) if new else ())
            rows = np.stack([values[i] for i in range(0, count, stride)]) if values else np.zeros((0, 0), np.float32)
            rows = rows[np.isfinite(rows).all(1)]
            mean = rows.mean(0) if len(rows) else mean
            if len(rows) and mean.max() > limit and limit > -np.inf:
                return Decision(mean, np.array(list(values), np.int64), True)
        return Decision(mean, np.array(list(values), np.int64), False)


def lowest(score: Floats, right: Mask, level: float) -> float:
    """The lowest score of a right decision that at most `level` of all decisions exceed wrongly."""
    wrong = np.sort(score[~right])
    tries = np.sort(score[right])
    passing = len(wrong) - np.searchsorted(wrong, tries, side="right")
    allowed = tries[passing <= level * len(score) + 1e-9]
    return float(allowed[0]) if len(allowed) else NEVER


STEP = Stride
