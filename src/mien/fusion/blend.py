"""A weighted mean of several networks' answers to one question, with one weight each or one per column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.types import Floats, Signal

Score = Callable[[Floats, Floats], float]  # (truth, answers) → higher is better
Many = Sequence[Sequence[Signal]]  # by network, by video


@dataclass(frozen=True, slots=True)
class Blend:
    """Answers of several networks → one; until fitted they count the same.

    `fit` climbs by moving shares of the weight from one network to another, `by_column` for each column on its own.
    """

    weights: tuple[tuple[float, ...], ...] = ()  # a row per network, one weight or one per column
    grain: float = 0.1
    by_column: bool = False

    def __call__(self, signals: Sequence[Signal]) -> Signal:
        """One video's blended answers; a row is seen where any network saw it, and only those count."""
        weights = self._weights(len(signals))
        return _mixed(signals, weights)

    def fit(self, signals: Many, targets: Sequence[Signal], score: Score) -> Blend:
        """The weights of the best score on these rows."""
        truth, stacked = _known(signals, targets)
        start = np.full((len(stacked), 1), 1 / len(stacked))
        if not self.by_column:
            weights = self._climb(stacked, truth, start, score)
        else:
            columns = [
                self._climb(stacked[..., i : i + 1], truth[:, i : i + 1], start, score) for i in range(truth.shape[1])
            ]
            weights = np.hstack(columns)
        return replace(self, weights=tuple(tuple(round(float(w), 6) for w in row) for row in weights))

    def _weights(self, count: int) -> NDArray[np.float64]:
        if not count:
            raise InputError("blending needs the answers of at least one network, got none")
        if self.weights and len(self.weights) != count:
            raise InputError(f"the blend was fitted on {len(self.weights)} networks, got {count}")
        return np.array(self.weights or [[1 / count]] * count, np.float64)

    def _climb(self, stacked: Floats, truth: Floats, start: NDArray[np.float64], score: Score) -> NDArray[np.float64]:
        """From every network alone and from equal weights: the best end."""
        starts = [start, *(np.eye(len(stacked))[:, [i]] for i in range(len(stacked)))]
        ends = [self._ascent(stacked, truth, s, score) for s in starts]
        return max(ends, key=lambda end: end[0])[1]

    def _ascent(
        self, stacked: Floats, truth: Floats, weights: NDArray[np.float64], score: Score
    ) -> tuple[float, NDArray[np.float64]]:
        best = score(truth, _mean(stacked, weights))
        improved = True
        while improved:
            improved = False
            for tried in self._moves(weights):
                now = score(truth, _mean(stacked, tried))
                if now > best + 1e-9:
                    best, weights, improved = now, tried, True
        return best, weights

    def _moves(self, weights: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        out = []
        for give in range(len(weights)):
            for take in range(len(weights)):
                share = min(self.grain, float(weights[give, 0]))
                if give != take and share > 0:
                    moved = weights.copy()
                    moved[give] -= share
                    moved[take] += share
                    out.append(moved)
        return out


def _mean(stacked: Floats, weights: NDArray[np.float64]) -> Floats:
    return np.einsum("mnk,mk->nk", stacked, np.broadcast_to(weights, (len(stacked), stacked.shape[2])).astype("f4"))


def _mixed(signals: Sequence[Signal], weights: NDArray[np.float64]) -> Signal:
    first = signals[0]
    if any(len(s) != len(first) or s.labels.names != first.labels.names for s in signals):
        raise InputError("a blend needs signals of the same rows and labels")
    seen = np.stack([s.seen for s in signals])[..., None]
    share = np.where(seen, np.broadcast_to(weights, (len(signals), len(first.labels)))[:, None], 0.0)
    values = np.where(seen, np.stack([s.values for s in signals]), 0)
    total = share.sum(0)
    equal = np.where(total > 0, 0.0, seen.astype(float))  # only networks of no weight saw the row
    share, total = share + equal, total + equal.sum(0)
    mean = (share * values).sum(0) / np.maximum(total, 1e-12)
    return Signal(first.times, mean.astype(np.float32), np.logical_or.reduce(seen[..., 0]), first.labels)


def _known(signals: Many, targets: Sequence[Signal]) -> tuple[Floats, Floats]:
    """Truth (n, k) and answers (networks, n, k) of the rows that all networks saw and whose truth is known."""
    if not signals or any(len(s) != len(targets) for s in signals):
        raise InputError("fitting a blend needs a target for each video of each network")
    if any(len(video) != len(t) for network in signals for video, t in zip(network, targets, strict=True)):
        raise InputError("fitting a blend needs targets of as many rows as each network's signals")
    both = [t.seen & np.all([s[v].seen for s in signals], axis=0) for v, t in enumerate(targets)]
    truth = np.concatenate([t.values[b] for t, b in zip(targets, both, strict=True)])
    stacked = np.stack([np.concatenate([s[v].values[b] for v, b in enumerate(both)]) for s in signals])
    if not len(truth):
        raise InputError("fitting a blend needs rows that are seen and whose truth is known, got none")
    return truth, stacked
