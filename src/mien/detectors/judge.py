"""A second opinion on finds that a detector is not sure of: a small network that sees each one enlarged."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mien.card import Card
from mien.geometry import crop, normalise
from mien.link import logit, sigmoid
from mien.runtime import Runtime
from mien.types import Faces

SURE = 0.9  # what the detector is this sure of is not asked about


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """Weighs its own logit into the scores of doubtful finds; `weight` is against the detector's of one."""

    card: Card
    runtime: Runtime
    weight: float

    def __call__(self, faces: Faces) -> Faces:
        """The same faces in the same order, doubtful ones with a better score."""
        doubtful = np.flatnonzero(faces.scores < SURE)
        if not len(doubtful):
            return faces
        asked = faces.pick(doubtful)
        pixels, how = faces.frame.pixels, self.card.input
        crops = [crop(pixels, box, points, how) for box, points in zip(asked.boxes, asked.points, strict=True)]
        said = self.runtime.run(normalise(crops, how))["face"][:, 0]
        scores, share = faces.scores.copy(), np.float32(self.weight / (1 + self.weight))
        scores[doubtful] = sigmoid((1 - share) * logit(asked.scores) + share * said)
        return replace(faces, scores=scores)
