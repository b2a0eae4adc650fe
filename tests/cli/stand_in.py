"""The command line with scripted networks: `python stand_in.py [--slow SECONDS] [--files BYTES] look …`.

It sees one bright square as a face, whose expression is told by the square's colour.
"""

from __future__ import annotations

import sys
import time

import numpy as np

import mien
from mien.heads import ACTION_UNITS, AGE, EXPRESSION, GENDER, VALENCE_AROUSAL
from mien.types import Faces, Frame, Head, Reading


def face(frame: Frame) -> Faces:
    """The bright pixels' bounding box, or nobody."""
    rows, columns = np.nonzero(frame.pixels.max(axis=2) > 150)
    if len(rows) < 20:
        return Faces.none(frame)
    x, y, w, h = columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1
    eyes = [(x + w * a, y + h * b) for a, b in ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))]
    boxes, points = np.array([[x, y, w, h]], np.float32), np.array([eyes], np.float32)
    return Faces(frame, boxes, points, np.ones(1, np.float32))


def answer(head: Head, faces: Faces) -> Reading:
    """Answers that depend on the colour of the face alone."""
    values = np.zeros((len(faces), len(head.labels)), np.float32)
    for i, (x, y, w, h) in enumerate(faces.boxes.astype(int)):
        colour = faces.frame.pixels[y + h // 2, x + w // 2] / 255
        values[i] = np.resize(colour, len(head.labels))
        if head.is_class:
            values[i] = np.exp(4 * values[i]) / np.exp(4 * values[i]).sum()
        if head is AGE:
            values[i] = 40
    return Reading(values, head.labels)


def perceiver(*, demographics: bool = False, slow: float = 0, **_: object):
    """What `mien.perceiver` gives, scripted."""
    heads = [EXPRESSION, VALENCE_AROUSAL, ACTION_UNITS, *([AGE, GENDER] if demographics else [])]

    def see(frame: Frame) -> Faces:
        time.sleep(slow)
        faces = face(frame)
        for head in heads:
            faces = faces.with_reading(head, answer(head, faces))
        return faces

    return see


def main(arguments: list[str]) -> None:
    """Run the real command line on the stand-in."""
    slow, limit = 0.0, 0
    while arguments and arguments[0] in ("--slow", "--files"):
        name, value, *arguments = arguments
        slow, limit = (float(value), limit) if name == "--slow" else (slow, int(value))
    if limit:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    from mien.cli import main as run

    mien.perceiver = lambda **asked: perceiver(**asked, slow=slow)  # type: ignore[attr-defined]
    sys.argv = ["mien", *arguments]
    run()


if __name__ == "__main__":
    main(sys.argv[1:])
