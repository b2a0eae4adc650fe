"""Which of twelve facial muscle movements (FACS action units) are present, as probabilities."""

from __future__ import annotations

import numpy as np

from mien.labels import ACTION_UNITS
from mien.link import sigmoid
from mien.loss import binary as loss
from mien.metrics import f1
from mien.types import Floats, Head

HEAD = Head("action_units", ACTION_UNITS, sigmoid, len(ACTION_UNITS))


def metric(values: Floats, target: Floats) -> float:
    """Mean over the units of the F1 of presence at probability one half."""
    return float(np.mean([f1(target[:, i] > 0.5, values[:, i] > 0.5) for i in range(len(ACTION_UNITS))]))


__all__ = ["HEAD", "loss", "metric"]
