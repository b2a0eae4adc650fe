"""Where a video jumps from one shot to another, told from colours alone."""

from __future__ import annotations

import numpy as np

from mien.types import Floats, Pixels

GRID = 4  # blocks to a side; a face that moves changes few of them, a cut nearly all
BINS = 16  # brightness steps of each colour
SAMPLES = 24  # pixels looked at to each side of a block
LIMIT = 0.3  # share of colours that change; frames of one shot stay below half of it, photos of two places are above
_FIRST = (np.arange(GRID * GRID).reshape(GRID, 1, GRID, 1, 1) * 3 + np.arange(3)) * BINS  # bin of a block's colour


class Cuts:
    """Asked frame by frame whether a new shot begins."""

    def __init__(self) -> None:
        self._before: Floats | None = None

    def __call__(self, pixels: Pixels) -> bool:
        """Whether this frame begins a new shot; the first frame does not."""
        now = histograms(pixels)
        before, self._before = self._before, now
        return before is not None and difference(before, now) > LIMIT


def histograms(pixels: Pixels) -> Floats:
    """The shares of colours in each block of the picture (blocks, colours × bins), from a sample of its pixels."""
    side = GRID * SAMPLES
    rows = np.linspace(0, pixels.shape[0] - 1, side).astype(int)
    columns = np.linspace(0, pixels.shape[1] - 1, side).astype(int)
    small = pixels[rows].take(columns, axis=1) // (256 // BINS)
    place = small.reshape(GRID, SAMPLES, GRID, SAMPLES, 3) + _FIRST
    counts = np.bincount(place.ravel(), minlength=GRID * GRID * 3 * BINS)
    return (counts.reshape(GRID * GRID, -1) / (3 * SAMPLES**2)).astype(np.float32)


def difference(a: Floats, b: Floats) -> float:
    """The share of colours that changed, in the median block."""
    return float(np.median(1 - np.minimum(a, b).sum(axis=1)))
