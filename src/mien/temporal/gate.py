"""Where another model is sure enough, its answer stands instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mien.errors import InputError
from mien.metrics import macro_f1
from mien.temporal import known
from mien.types import Floats, Labels, Signal

GRID = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)


@dataclass(frozen=True, slots=True)
class Gate:
    """Takes a signal made by `beside`; where the other model's top probability exceeds the limit, its row is taken."""

    limit: float = 0.85
    grid: tuple[float, ...] = GRID

    def fit(self, signals: Sequence[Signal], targets: Sequence[Signal]) -> Gate:
        """The highest limit of the grid with the best macro-F1; 1 leaves the other model out."""
        values, truth = known(signals, targets)
        classes = truth.shape[1]

        def score(limit: float) -> float:
            return macro_f1(truth.argmax(1), _choose(values, limit).argmax(1), classes)

        return replace(self, limit=max(sorted(self.grid, reverse=True), key=score))

    def __call__(self, signal: Signal) -> Signal:
        """The own columns, replaced where the other model is sure."""
        half = len(signal.labels) // 2
        if len(signal.labels) != 2 * half:
            raise InputError(f"a gate needs two models' columns side by side, got {len(signal.labels)} columns")
        labels = Labels(signal.labels.name, signal.labels.names[:half])
        return Signal(signal.times, _choose(signal.values, self.limit), signal.seen, labels)


def beside(own: Signal, other: Signal) -> Signal:
    """Two models' answers to one question as one signal: the own columns, then the other's."""
    if own.labels.names != other.labels.names or len(own) != len(other):
        raise InputError(f"a gate needs the same labels and rows twice, got {own.labels.names}, {other.labels.names}")
    labels = Labels(own.labels.name, (*own.labels.names, *(f"other {n}" for n in other.labels.names)))
    return Signal(own.times, np.hstack([own.values, other.values]), own.seen & other.seen, labels)


def _choose(values: Floats, limit: float) -> Floats:
    half = values.shape[1] // 2
    own, other = values[:, :half], values[:, half:]
    sure = other.max(1, initial=-np.inf) > limit
    return np.where(sure[:, None], other, own)


STEP = Gate
