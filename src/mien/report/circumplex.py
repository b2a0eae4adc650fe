"""Valence and arousal as a place in the plane, with the expressions around it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mien.circumplex import CENTRES
from mien.labels import EXPRESSIONS
from mien.report.chart import EXPRESSION_COLOURS, FAINT, INK, Anchor, Dot, Drawing, Line, Shape, Text
from mien.types import Floats

SIDE, REACH = 300.0, 120.0
_BESIDE: dict[str, tuple[float, float, Anchor]] = {"fear": (-5, -4, "end"), "contempt": (5, 11, "start")}  # crowded
POINTS = 400  # places drawn at most; more would only overlap


def circumplex(valence_arousal: Floats, title: str = "") -> Drawing:
    """Each row (valence, arousal) as a dot, the later the darker, and their mean as a ring."""
    known = valence_arousal[np.isfinite(valence_arousal).all(axis=1)]
    shapes: list[Shape] = [*_paper(), Text(8, 16, title, 12)]
    chosen = known[np.linspace(0, len(known) - 1, min(len(known), POINTS)).astype(int)] if len(known) else known
    for i, (valence, arousal) in enumerate(chosen.tolist()):
        shade = int(190 - 150 * i / max(len(chosen) - 1, 1))
        shapes.append(Dot(*_place(valence, arousal), 2.2, f"#{shade:02x}{shade:02x}{min(shade + 50, 255):02x}"))
    if len(known):
        x, y = _place(*known.mean(0).tolist())
        shapes += [Dot(x, y, 7, "#d93025", ring=True), Dot(x, y, 1.5, "#d93025")]
    return Drawing(SIDE, SIDE, (*shapes, *_expressions()))


def _place(valence: float, arousal: float) -> tuple[float, float]:
    return SIDE / 2 + REACH * valence, SIDE / 2 - REACH * arousal


def _paper() -> list[Shape]:
    middle, low, high = SIDE / 2, SIDE / 2 - REACH, SIDE / 2 + REACH
    shapes: list[Shape] = [
        Line(((low, middle), (high, middle)), FAINT, 1),
        Line(((middle, low), (middle, high)), FAINT, 1),
        Dot(middle, middle, REACH, FAINT, ring=True),
        Text(high + 2, middle - 5, "pleasant", 10, INK, "middle"),
        Text(low - 2, middle - 5, "unpleasant", 10, INK, "middle"),
        Text(middle, low - 6, "activated", 10, INK, "middle"),
        Text(middle, high + 14, "calm", 10, INK, "middle"),
    ]
    return shapes


def _expressions() -> Iterator[Shape]:
    for name, (valence, arousal) in zip(EXPRESSIONS, CENTRES.tolist(), strict=True):
        x, y = _place(valence, arousal)
        right, down, anchor = _BESIDE.get(name, (5, -4, "start"))
        yield Dot(x, y, 3, EXPRESSION_COLOURS[name])
        yield Text(x + right, y + down, name, 9, "#5f6368", anchor)
