"""Boxes with labels on pixels."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mien.heads import AGE, EXPRESSION, GENDER, VALENCE_AROUSAL
from mien.report.chart import EXPRESSION_COLOURS, INK, PAPER
from mien.types import Face, Faces, Pixels

COLOUR = "#1a73e8"  # of a box whose expression was not asked


def draw(faces: Faces) -> Pixels:
    """A copy of the frame with every face's box, points and what was read of it."""
    image = Image.fromarray(faces.frame.pixels)
    brush = ImageDraw.Draw(image)
    width = max(round(min(image.size) / 250), 1)
    for face in faces:
        _mark(brush, face, width, image.size)
    return np.asarray(image)


def caption(face: Face) -> list[str]:
    """What is written at a face, a line each."""
    known = face.faces.readings
    lines = [] if face.person is None else [f"person {face.person}"]
    if EXPRESSION in known:
        reading = face[EXPRESSION]
        lines.append(f"{reading.top()} {100 * float(reading.values.max()):.0f} %")
    if VALENCE_AROUSAL in known:
        valence, arousal = face[VALENCE_AROUSAL].values.tolist()
        lines.append(f"v {valence:+.2f}  a {arousal:+.2f}")
    if GENDER in known and AGE in known:
        lines.append(f"{face[GENDER].top()}, {float(face[AGE].values[0]):.0f}")
    return lines


def _mark(brush: ImageDraw.ImageDraw, face: Face, width: int, size: tuple[int, int]) -> None:
    x, y, w, h = face.box
    if not np.isfinite([x, y, w, h]).all() or min(w, h) <= 0:
        return
    top = str(face[EXPRESSION].top()) if EXPRESSION in face.faces.readings else ""
    colour = EXPRESSION_COLOURS.get(top, COLOUR)
    brush.rectangle((x, y, x + w, y + h), outline=colour, width=width)
    for px, py in face.points[np.isfinite(face.points).all(axis=1)].tolist():
        brush.ellipse((px - width, py - width, px + width, py + width), fill=colour)
    words = "\n".join(caption(face))
    if not words:
        return
    font = ImageFont.load_default(min(max(h / 9, 10), max(min(size) / 12, 10)))
    _, _, wide, high = brush.multiline_textbbox((0, 0), words, font)
    left = min(max(x, 0), max(size[0] - wide - 4, 0))
    above = y - high - 4
    line = above if above >= 0 else min(y + h + 2, max(size[1] - high - 4, 0))
    brush.rectangle((left, line, left + wide + 4, line + high + 4), fill=PAPER, outline=colour)
    brush.multiline_text((left + 2, line + 1), words, INK, font)
