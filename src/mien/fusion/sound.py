"""Sound as features without any network: how loud each mel band is, and how that changes."""

from __future__ import annotations

import numpy as np

from mien.fusion.pool import STAT, stat
from mien.io.audio import log_mel
from mien.types import Floats

BANDS = 64
HOP = 160  # samples: 10 ms at 16 kHz
WINDOW = 400


def frames(samples: Floats, rate: int) -> Floats:
    """Decibels of 64 mel bands every hundredth of a second (n, 64)."""
    return log_mel(samples, rate, bands=BANDS, window=WINDOW * rate // 16_000, hop=HOP * rate // 16_000)


def clip(samples: Floats, rate: int) -> Floats:
    """A clip's sound as one row (512,): statistics of the bands and of their changes."""
    bands = frames(samples, rate)
    change = np.diff(bands, axis=0) if len(bands) > 1 else np.zeros_like(bands)
    return np.concatenate([stat(bands, STAT), stat(change, STAT)])
