"""What a measurement gives, and a mean with its interval; it loads next to nothing, as `scale` measures memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mien.record import Figure

Figures = Mapping[str, Figure]


def interval(values: Sequence[float] | NDArray[np.floating] | NDArray[np.bool_], seed: int = 0) -> dict[str, Figure]:
    """A mean with its bootstrap interval of 95 %."""
    v = np.asarray(values, np.float64)
    draws = v[np.random.default_rng(seed).integers(0, len(v), (2000, len(v)))].mean(1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return {"mean": float(v.mean()), "low": float(low), "high": float(high), "n": len(v)}
