"""How pleasant (valence) and how activated (arousal) a face looks, each in -1..1."""

from __future__ import annotations

import numpy as np

from mien.labels import VALENCE_AROUSAL
from mien.link import clip
from mien.loss import squared as loss
from mien.metrics import ccc
from mien.types import Floats, Head

HEAD = Head("valence_arousal", VALENCE_AROUSAL, clip, len(VALENCE_AROUSAL))


def metric(values: Floats, target: Floats) -> float:
    """Mean concordance correlation of the two."""
    return float(np.mean([ccc(target[:, i], values[:, i]) for i in range(len(VALENCE_AROUSAL))]))


__all__ = ["HEAD", "loss", "metric"]
