"""A photo in, faces with answers out: the one place where detector and models meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mien.detectors import Detector
from mien.models import Model
from mien.types import Faces, Frame


@dataclass(frozen=True, slots=True, eq=False)
class Perceiver:
    """A detector and the models that answer questions about what it finds."""

    detector: Detector
    models: Sequence[Model]

    def __call__(self, frame: Frame) -> Faces:
        """The faces of a frame with every model's answers."""
        faces = self.detector(frame)
        for model in self.models:
            faces = model(faces)
        return faces
