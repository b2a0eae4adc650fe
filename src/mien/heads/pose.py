"""Where the head points, in degrees: yaw and pitch; the roll is plain from the line of the eyes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mien.labels import POSE
from mien.loss import squared
from mien.types import Floats, Head

if TYPE_CHECKING:
    from torch import Tensor

DEGREES = 45.0  # one unit of the network's raw output, so that losses of all heads are of one size


def scale(raw: Floats) -> Floats:
    """Raw outputs → degrees."""
    return raw * np.float32(DEGREES)


HEAD = Head("pose", POSE, scale, len(POSE))


def loss(raw: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """Squared error in raw units; target in degrees, known (n, 2)."""
    return squared(raw, target / DEGREES, known)


def metric(values: Floats, target: Floats) -> float:
    """Minus the mean absolute error in degrees."""
    return -float(np.mean(np.abs(values - target)))


__all__ = ["HEAD", "loss", "metric"]
