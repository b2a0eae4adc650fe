"""Albums painted for tests: each square of a colour is a face, its colour is who it is. Run it, and it is `mien`.

`python stand_in.py [--slow SECONDS] album FOLDER …`
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

import mien
from mien.heads import AGE, EXPRESSION, GENDER, IDENTITY
from mien.link import unit
from mien.types import Faces, Frame, Head, Reading

COLOURS = {
    "red": (250, 60, 40),
    "green": (60, 250, 40),
    "blue": (60, 40, 250),
    "yellow": (250, 250, 40),
    "pink": (250, 40, 250),
}


def paint(path: Path, who: Sequence[str], shade: int = 20, size: int = 44, taken: str = "") -> Path:
    """A photo of some persons side by side; `taken` as EXIF writes it."""
    pixels = np.full((120, 60 * max(len(who), 2), 3), shade, np.uint8)
    for i, name in enumerate(who):
        square = np.full((size, size, 3), COLOURS[name], np.float32)
        square[np.indices((size, size)).sum(0) // 6 % 2 == 0] *= 0.9  # edges, or it would count as blurred
        pixels[40 : 40 + size, 60 * i + 8 : 60 * i + 8 + size] = square
    image = Image.fromarray(pixels)
    notes = image.getexif()
    if taken:
        notes.get_ifd(0x8769)[0x9003] = taken
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, exif=notes)
    return path


def see(frame: Frame, demographics: bool = True) -> Faces:
    """The squares, with a vector that hangs on the colour and a little on the picture."""
    areas, _ = ndimage.label(frame.pixels.max(axis=2) > 150)
    found = [s for s in ndimage.find_objects(areas) if s is not None]
    boxes = np.array([[x.start, y.start, x.stop - x.start, y.stop - y.start] for y, x in found], np.float32)
    colours = [frame.pixels[place].mean((0, 1)) for place in found]
    n = len(found)
    faces = Faces(frame, boxes.reshape(n, 4), np.full((n, 5, 2), np.nan, np.float32), np.ones(n, np.float32))
    answers: dict[Head, list[np.ndarray]] = {
        IDENTITY: [vector(c, frame) for c in colours],
        EXPRESSION: [np.eye(8)[1]] * n,
    }
    if demographics:
        answers |= {AGE: [np.array([10 + c[2] / 10]) for c in colours], GENDER: [np.array([0.9, 0.1])] * n}
    for head, rows in answers.items():
        values = np.array(rows, np.float32).reshape(n, len(head.labels))
        faces = faces.with_reading(head, Reading(values, head.labels))
    return faces


def vector(colour: np.ndarray, frame: Frame) -> np.ndarray:
    """The same direction for one colour, give or take what compression did to it."""
    key = [round(c / 60) for c in colour.tolist()]
    noise = np.random.default_rng(int(frame.pixels.sum())).normal(size=128)
    return unit(np.random.default_rng(key).normal(size=128) + 0.2 * noise).astype(np.float32)


def main(arguments: list[str]) -> None:
    """Run the real command line on the stand-in."""
    slow = 0.0
    if arguments[0] == "--slow":
        _, seconds, *arguments = arguments
        slow = float(seconds)
    from mien.cli import main as run

    def perceiver(demographics: bool = False, **_: object):
        def look(frame: Frame) -> Faces:
            time.sleep(slow)
            return see(frame, demographics)

        return look

    mien.perceiver = perceiver  # type: ignore[attr-defined]
    sys.argv = ["mien", *arguments]
    run()


if __name__ == "__main__":
    main(sys.argv[1:])
