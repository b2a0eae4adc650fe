"""A clip's frames made one row, and rows brought to another number of frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from mien.errors import InputError
from mien.types import Floats, Signal

Statistic = Literal["mean", "std", "min", "max"]
STAT: tuple[Statistic, ...] = ("mean", "std", "min", "max")


def stat(values: Floats, which: Sequence[Statistic] = STAT) -> Floats:
    """Statistics over the rows, side by side: (n, k) → (k · statistics,); zeros for a clip without rows."""
    of: dict[Statistic, Callable[[Floats], Floats]] = {
        "mean": lambda v: v.mean(0),
        "std": lambda v: v.std(0),
        "min": lambda v: v.min(0),
        "max": lambda v: v.max(0),
    }
    strange = [name for name in which if name not in of]
    if strange:
        raise InputError(f"statistics are {', '.join(STAT)}, got {strange[0]!r}")
    if not len(values):
        return np.zeros(values.shape[1] * len(which), np.float32)
    return np.concatenate([of[name](values) for name in which]).astype(np.float32)


def group(faces: Sequence[Floats]) -> Floats:
    """Many faces in each frame → one row for the clip: mean and std over a frame's faces, then over the frames."""
    frames = [stat(f, ("mean", "std")) for f in faces if len(f)]
    if not frames:
        raise InputError("a group's clip needs a face in at least one frame, got none")
    return stat(np.stack(frames), ("mean", "std"))


def nearest(values: Floats, count: int) -> Floats:
    """`count` rows, row i the one at the same share of the way: what ABAW-6 does with sound."""
    if not len(values):
        raise InputError("there are no rows to take the nearest of")
    return values[np.arange(count) * len(values) // max(count, 1)]


def between(values: Floats, count: int) -> Floats:
    """`count` rows drawn linearly between the given ones, both ends kept: what ABAW-8 does with sound and words."""
    if not len(values):
        raise InputError("there are no rows to draw between")
    place = np.linspace(0, len(values) - 1, count)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, len(values) - 1)
    share = (place - low)[:, None]
    return (values[low] * (1 - share) + values[high] * share).astype(np.float32)


def strongest(signals: Sequence[Signal]) -> Signal:
    """Several faces of one video → for each frame and class the highest answer of any face that was seen."""
    if not signals or any(len(s) != len(signals[0]) or s.labels.names != signals[0].labels.names for s in signals):
        raise InputError(
            f"the strongest of several faces needs signals of the same rows and labels, got {len(signals)}"
        )
    seen = np.stack([s.seen for s in signals])
    values = np.where(seen[..., None], np.stack([s.values for s in signals]), -np.inf).max(0)
    anyone = np.logical_or.reduce(seen)
    kept = np.where(anyone[:, None], values, 0).astype(np.float32)
    return Signal(signals[0].times, kept, anyone, signals[0].labels)
