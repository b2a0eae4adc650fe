"""One file per detector: Frame → Faces."""

from __future__ import annotations

from typing import Protocol

from mien.types import Faces, Frame


class Detector(Protocol):
    """Finds faces."""

    def __call__(self, frame: Frame) -> Faces:
        """The faces of one frame, surest first; none is not an error."""
        ...
