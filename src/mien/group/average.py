"""The mean of what the faces show: no training, no tuning, and hard to beat by much."""

from __future__ import annotations

import numpy as np

from mien.heads import EXPRESSION
from mien.labels import VGAF
from mien.types import Faces, Floats, Reading

SIDES = {  # which of the three each expression speaks for; surprise speaks for neither side
    "positive": ("happiness",),
    "neutral": ("neutral", "surprise"),
    "negative": ("sadness", "fear", "disgust", "anger", "contempt"),
}


def average(faces: Faces) -> Reading | None:
    """Positive, neutral and negative as shares; every face counts alike. None without a face."""
    return None if not len(faces) else Reading(sides(faces[EXPRESSION]).mean(0), VGAF)


def sides(expressions: Reading) -> Floats:
    """Each face's expressions added up to the three (n, 3)."""
    columns = [np.sum([expressions[name] for name in SIDES[side]], axis=0) for side in VGAF]
    return np.stack(columns, axis=-1).astype(np.float32)
