"""Values for frames in which the face was not seen, drawn between those in which it was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.types import Signal


@dataclass(frozen=True, slots=True)
class Fill:
    """A straight line between seen neighbours, each weighing more the nearer it is; the ends copy their neighbour.

    Filled rows count as seen from here on, so keep the signal from before where you need to know the truth.
    Gaps longer than `limit` seconds, and rows further than that from the first or last seen one, stay empty.
    """

    limit: float | None = None

    def __call__(self, signal: Signal) -> Signal:
        """The signal with its gaps filled."""
        if signal.seen.all() or not signal.seen.any():
            return signal
        here = np.flatnonzero(signal.seen)
        rows = np.flatnonzero(~signal.seen)
        after = np.searchsorted(here, rows)
        left, right = here[np.maximum(after - 1, 0)], here[np.minimum(after, len(here) - 1)]
        span = signal.times[right] - signal.times[left]
        share = np.divide(signal.times[rows] - signal.times[left], span, out=np.zeros(len(rows)), where=span > 0)
        reach = np.where(left == right, np.abs(signal.times[rows] - signal.times[left]), span)
        near = np.ones(len(rows), bool) if self.limit is None else reach <= self.limit + 1e-9
        rows, left, right, share = rows[near], left[near], right[near], share[near, None]
        values, seen = signal.values.copy(), signal.seen.copy()
        values[rows] = signal.values[left] * (1 - share) + signal.values[right] * share
        seen[rows] = True
        return Signal(signal.times, values, seen, signal.labels)


STEP = Fill
