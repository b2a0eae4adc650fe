"""Present or not: each column held against its own threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mien.metrics import f1
from mien.temporal import known, per_column
from mien.types import Floats, Signal

GRID = tuple(round(0.05 * i, 2) for i in range(2, 20))


@dataclass(frozen=True, slots=True)
class Threshold:
    """1 where a column exceeds its threshold, else 0; thresholds are one half until fitted."""

    values: tuple[float, ...] = ()
    grid: tuple[float, ...] = GRID

    def fit(self, signals: Sequence[Signal], targets: Sequence[Signal]) -> Threshold:
        """The threshold of the grid with the best F1 per column; one half where no positive is known."""
        values, truth = known(signals, targets)
        return replace(self, values=tuple(self._best(values[:, i], truth[:, i]) for i in range(values.shape[1])))

    def _best(self, values: Floats, truth: Floats) -> float:
        if not np.any(truth > 0.5):
            return 0.5
        middle_first = sorted(self.grid, key=lambda t: (abs(t - 0.5), t))
        return max(middle_first, key=lambda t: f1(truth > 0.5, values > t))

    def __call__(self, signal: Signal) -> Signal:
        """The decisions as 0 and 1."""
        limits = per_column("the threshold", self.values, len(signal.labels), 0.5).astype(np.float32)  # as when fitted
        decided = np.where(signal.seen[:, None], signal.values > limits, signal.values).astype(np.float32)
        return Signal(signal.times, decided, signal.seen, signal.labels)


STEP = Threshold
