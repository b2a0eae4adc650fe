"""The moments worth a picture: for each person and expression, the surest one, kept as a small JPEG."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from mien.card import Input
from mien.geometry import crop
from mien.heads import EXPRESSION
from mien.types import Faces, Pixels

THUMBNAIL = Input(size=112, crop="square", margin=0.2)
PEOPLE = 50  # more are not pictured, so that memory and pages stay small
SURE = 0.4  # an expression less probable than this makes no moment
LONGEST = 65_500  # pixels: a JPEG's side can have no more
BETTER = 0.02  # by how much a new moment must be surer to take the place of the old


@dataclass(frozen=True, slots=True)
class Peak:
    """One moment of one person."""

    expression: str
    probability: float
    time: float
    frame: int
    jpeg: bytes


class Peaks:
    """Shown every frame's faces in turn, it remembers the surest moments."""

    def __init__(self) -> None:
        self._best: dict[int, dict[str, Peak]] = {}

    def see(self, faces: Faces) -> None:
        """Remember what is surer than before."""
        if EXPRESSION not in faces.readings:
            return
        for face in faces:
            person = face.person or 0
            name = str(face[EXPRESSION].top())
            probability = float(face[EXPRESSION].values.max())
            own = self._best.setdefault(person, {}) if len(self._best) < PEOPLE else self._best.get(person, {})
            needed = own[name].probability + BETTER if name in own else SURE
            if probability > needed and person in self._best:
                picture = crop(faces.frame.pixels, faces.boxes[face.index], face.points, THUMBNAIL)
                own[name] = Peak(name, probability, faces.frame.time, faces.frame.index, jpeg(picture))

    def of(self, *tracks: int) -> list[Peak]:
        """The moments of one person, in the order of time; each of their tracks was seen under its own number."""
        best: dict[str, Peak] = {}
        for peak in (peak for track in tracks for peak in self._best.get(track, {}).values()):
            if peak.expression not in best or peak.probability > best[peak.expression].probability:
                best[peak.expression] = peak
        return sorted(best.values(), key=lambda p: p.time)


def jpeg(pixels: Pixels, longest: int = LONGEST) -> bytes:
    """A picture as JPEG, its longer side at most `longest`."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()
