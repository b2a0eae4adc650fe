"""How much of a face there is to read: its size in the picture and how blurred it is, measured on pixels."""

from __future__ import annotations

import numpy as np

from mien.geometry import brightness
from mien.heads import QUALITY
from mien.types import Faces, Floats, Reading

SIDE = 96  # pixels, about what the networks see: blur that they would not notice does not count
_LOW_PASS = 11  # pixels; a picture that loses little to this blur was blurred before


def measure(faces: Faces) -> Faces:
    """The same faces with `QUALITY`: `size`, the side in pixels of a square of the box's area, and `blur`, 0 to 1."""
    sizes = np.sqrt(np.maximum(faces.boxes[:, 2:].prod(axis=1), 0))
    blurs = [blur(brightness(faces.frame.pixels, box, SIDE)) for box in faces.boxes]
    values = np.stack([sizes, np.array(blurs, np.float32).reshape(-1)], axis=1).astype(np.float32)
    return faces.with_reading(QUALITY, Reading(values, QUALITY.labels))


def blur(grey: Floats) -> float:
    """The perceptual blur of Crete et al. (2007): 0 is sharp, 1 has no edge left to lose."""
    return max(_along(grey), _along(grey.T))


def _along(grey: Floats) -> float:
    """The share of edges down the columns that stays when the columns are blurred once more."""
    edges = _edges(grey)
    kept = np.minimum(edges, _edges(_mean(grey)))
    total = float(edges.sum())
    return float(kept.sum()) / total if total > 0 else 1.0


def _edges(grey: Floats) -> Floats:
    """Sobel's size of change down the columns, without the border."""
    change = grey[2:] - grey[:-2]
    return np.abs(change[:, :-2] + 2 * change[:, 1:-1] + change[:, 2:])


def _mean(grey: Floats) -> Floats:
    """Running mean down the columns, the ends mirrored."""
    half = _LOW_PASS // 2
    padded = np.concatenate([grey[half::-1], grey, grey[: -half - 1 : -1]])
    sums = np.cumsum(padded, axis=0, dtype=np.float64)
    return ((sums[_LOW_PASS:] - sums[:-_LOW_PASS]) / _LOW_PASS).astype(np.float32)
