"""A video's verdict over its frames: where the whole is not convincing, no frame is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mien.errors import InputError
from mien.metrics import macro_f1, weighted_f1
from mien.temporal import known
from mien.types import Floats, Signal

GRID = tuple(round(0.05 * i, 2) for i in range(20))


@dataclass(frozen=True, slots=True)
class Verdict:
    """The first column means "nothing": where the mean of the rest stays below the limit, every row says nothing."""

    limit: float = 0.0
    grid: tuple[float, ...] = GRID
    weighted: bool = False  # fitted by the F1 weighted by the classes' shares

    def fit(self, signals: Sequence[Signal], targets: Sequence[Signal]) -> Verdict:
        """The lowest limit of the grid with the best F1 over the rows; 0 leaves all as it is."""
        _, truth = known(signals, targets)
        classes, k, f1 = truth.argmax(1), truth.shape[1], weighted_f1 if self.weighted else macro_f1

        def score(limit: float) -> float:
            judged = [replace(self, limit=limit)(s) for s in signals]
            return f1(classes, known(judged, targets)[0].argmax(1), k)

        return replace(self, limit=max(sorted(self.grid), key=score))

    def __call__(self, signal: Signal) -> Signal:
        """The signal, or nothing all along."""
        if len(signal.labels) < 2:
            raise InputError(f"a verdict needs a column for nothing and one more, got {len(signal.labels)}")
        if not signal.seen.any() or _something(signal.values[signal.seen]) >= self.limit:
            return signal
        values = signal.values.copy()
        values[signal.seen] = np.eye(len(signal.labels), dtype=np.float32)[0]
        return Signal(signal.times, values, signal.seen, signal.labels)


def _something(values: Floats) -> float:
    return float(values[:, 1:].sum(1).mean())


STEP = Verdict
