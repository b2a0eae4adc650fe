"""Which faces are good enough to tell who it is: the others are kept, but never enrolled and never cluster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.heads import IDENTITY, POSE, QUALITY
from mien.types import Face, Faces


@dataclass(frozen=True, slots=True)
class Gate:
    """The least size in pixels, the most blur (0 to 1), and the most degrees to the side and up or down."""

    size: float = 36.0
    blur: float = 0.75
    yaw: float = 50.0
    pitch: float = 40.0

    def reason(self, face: Face) -> str:
        """Why a face is refused, in words for people; empty where it passes. What was not measured is not judged."""
        known = face.faces.readings
        side = float(np.sqrt(max(face.box[2] * face.box[3], 0.0)))
        if not side >= self.size:  # also refuses NaN
            return f"too small: {side:.0f} pixels, {self.size:.0f} are needed"
        if QUALITY in known and (blur := float(face[QUALITY]["blur"])) > self.blur:
            return f"too blurred: {blur:.2f}, at most {self.blur:.2f} will do"
        if POSE in known:
            for name, most in (("yaw", self.yaw), ("pitch", self.pitch)):
                if abs(degrees := float(face[POSE][name])) > most:
                    return f"turned away: {name} {degrees:.0f} degrees, at most {most:.0f} will do"
        if IDENTITY in known and not np.linalg.norm(face[IDENTITY].values) > 0.5:
            return "the network gave no vector"
        return ""

    def reasons(self, faces: Faces) -> list[str]:
        """A reason per face, empty where it passes."""
        return [self.reason(face) for face in faces]
