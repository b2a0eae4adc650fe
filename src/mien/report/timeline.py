"""One person over time: expressions as stacked shares, valence and arousal as lines, action units as strips."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mien.heads import ACTION_UNITS, EXPRESSION, VALENCE_AROUSAL
from mien.report.chart import (
    AROUSAL,
    EXPRESSION_COLOURS,
    FAINT,
    INK,
    UNIT,
    VALENCE,
    Area,
    Box,
    Drawing,
    Line,
    Shape,
    Text,
    pixels,
)
from mien.types import Floats, Head, Pixels, Signal

WIDTH, LEFT, RIGHT = 900.0, 84.0, 16.0
HEIGHT, STRIP, SPACE = 110.0, 11.0, 34.0
COLUMNS = 600  # steps of time drawn: a longer signal is averaged down, so that pages stay small
LEVELS = 8  # shades of a strip


def timeline(signals: Mapping[Head, Signal], span: tuple[float, float], title: str = "") -> Drawing:
    """The panels of one person, over a span of seconds that several persons may share."""
    panels: dict[Head, Callable[[Signal, tuple[float, float], float], tuple[list[Shape], float]]] = {
        EXPRESSION: _expressions,
        VALENCE_AROUSAL: _circumplex_lines,
        ACTION_UNITS: _units,
    }
    shapes: list[Shape] = [Text(LEFT, 18, title, 14)] if title else []
    top = 30.0 if title else 14.0
    for head, panel in panels.items():
        if head in signals:
            drawn, height = panel(signals[head], span, top)
            shapes += drawn
            top += height + SPACE
    return Drawing(WIDTH, top - SPACE + 26, (*shapes, *_axis(span, top - SPACE)))


def stacked(people: Mapping[int, Mapping[Head, Signal]], span: tuple[float, float], most: int = 10) -> Pixels:
    """The timelines of the persons seen longest, one below the other, as a picture."""
    if not people:
        return pixels(Drawing(WIDTH, 40, (Text(LEFT, 24, "no face was found"),)))
    longest = sorted(people, key=lambda p: -max((int(s.seen.sum()) for s in people[p].values()), default=0))
    return np.concatenate([pixels(timeline(people[p], span, f"person {p}")) for p in longest[:most]])


def columns(signal: Signal, span: tuple[float, float], count: int = COLUMNS) -> tuple[Floats, Floats]:
    """Times (c,) and the mean values (c, k) of the rows around each, NaN where nothing was seen for all of a step."""
    first, length = span[0], max(span[1] - span[0], 1e-9)
    pace = float(np.median(np.diff(signal.times))) if len(signal) > 1 else length
    steps = int(np.clip(round(length / max(pace, 1e-6)), 1, count - 1))
    place = np.clip(np.round((signal.times - first) / length * steps).astype(int), 0, steps)
    known = np.isfinite(signal.values).all(1)
    number = np.bincount(place[known], minlength=steps + 1)
    sums = [np.bincount(place[known], column[known], steps + 1) for column in signal.values.T]
    with np.errstate(invalid="ignore"):
        means = (np.stack(sums, 1) / np.where(number, number, np.nan)[:, None]).astype(np.float32)
    return (first + np.arange(steps + 1) * length / steps).astype(np.float32), means


def runs(known: NDArray[np.bool_]) -> Iterator[slice]:
    """The unbroken stretches of a mask; a gap of one step, as uneven frame times leave, breaks nothing."""
    here = np.flatnonzero(known)
    if len(here):
        ends = np.flatnonzero(np.diff(here) > 2)
        for a, b in zip(np.r_[here[0], here[ends + 1]], np.r_[here[ends], here[-1]], strict=True):
            yield slice(int(a), int(b) + 1)


def _stretches(signal: Signal, span: tuple[float, float]) -> Iterator[tuple[Floats, Floats]]:
    """Places on the paper and values of each unbroken stretch."""
    times, values = columns(signal, span)
    known = np.isfinite(values.sum(1))
    for run in runs(known):
        inside = known[run]
        if inside.sum() == 1:  # one step alone has no length: it is drawn as wide as its column
            yield LEFT + (WIDTH - LEFT - RIGHT) / len(times) * np.array([run.start, run.stop]), values[[run.start] * 2]
            continue
        yield _across(times[run][inside], span), values[run][inside]


def _across(times: Floats, span: tuple[float, float]) -> Floats:
    return LEFT + (times - span[0]) / max(span[1] - span[0], 1e-9) * (WIDTH - LEFT - RIGHT)


def _frame(top: float, height: float) -> Box:
    return Box(LEFT, top, WIDTH - LEFT - RIGHT, height, FAINT, 0.35)


def _expressions(signal: Signal, span: tuple[float, float], top: float) -> tuple[list[Shape], float]:
    shapes: list[Shape] = [_frame(top, HEIGHT), Text(LEFT - 8, top + 12, "expression", 11, INK, "end")]
    for across, values in _stretches(signal, span):
        edges = top + HEIGHT * (1 - np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1).clip(0, 1))
        for k, name in enumerate(signal.labels):
            low, high = edges[:, k], edges[:, k + 1]
            outline = [*zip(across, high, strict=True), *zip(across[::-1], low[::-1], strict=True)]
            shapes.append(Area(tuple((float(x), float(y)) for x, y in outline), EXPRESSION_COLOURS.get(name, INK)))
    legend = LEFT
    for name in signal.labels:
        shapes += [Box(legend, top + HEIGHT + 7, 9, 9, EXPRESSION_COLOURS.get(name, INK))]
        shapes += [Text(legend + 13, top + HEIGHT + 15, name, 10)]
        legend += 28 + 6.2 * len(name)
    return shapes, HEIGHT + 12


def _circumplex_lines(signal: Signal, span: tuple[float, float], top: float) -> tuple[list[Shape], float]:
    middle = top + HEIGHT / 2
    shapes: list[Shape] = [_frame(top, HEIGHT), Line(((LEFT, middle), (WIDTH - RIGHT, middle)), FAINT, 1)]
    for name, colour, y in (("valence", VALENCE, top + 12), ("arousal", AROUSAL, top + 27)):
        shapes.append(Text(LEFT - 8, y, name, 11, colour, "end"))
    shapes += [Text(LEFT - 8, middle + 4, "0", 9, INK, "end"), Text(LEFT - 8, top + HEIGHT, "-1", 9, INK, "end")]
    for across, values in _stretches(signal, span):
        for k, colour in enumerate((VALENCE, AROUSAL)):
            down = middle - values[:, k].clip(-1, 1) * HEIGHT / 2
            shapes.append(Line(tuple((float(x), float(y)) for x, y in zip(across, down, strict=True)), colour))
    return shapes, HEIGHT


def _units(signal: Signal, span: tuple[float, float], top: float) -> tuple[list[Shape], float]:
    height = STRIP * len(signal.labels)
    shapes: list[Shape] = [_frame(top, height)]
    times, values = columns(signal, span)
    step = (WIDTH - LEFT - RIGHT) / len(times)
    for k, name in enumerate(signal.labels):
        y = top + STRIP * k
        shapes.append(Text(LEFT - 8, y + STRIP - 2, name, 9.5, INK, "end"))
        levels = np.where(np.isfinite(values[:, k]), np.round(values[:, k] * LEVELS), -1)
        borders = np.r_[0, np.flatnonzero(np.diff(levels)) + 1, len(levels)]
        for a, b in pairwise(borders.tolist()):
            if levels[a] > 0:
                strength = float(levels[a]) / LEVELS
                shapes.append(Box(LEFT + step * a, y + 0.5, step * (b - a), STRIP - 1, UNIT, strength))
    return shapes, height


def _axis(span: tuple[float, float], top: float) -> Iterator[Shape]:
    length = max(span[1] - span[0], 1e-9)
    step = next(
        s for s in (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 600, 1800, 3600, 14_400, 86_400, 1e9) if length / s <= 10
    )
    for i in range(int(np.ceil(span[0] / step)), int(span[1] / step) + 1):
        x = float(_across(np.array([i * step], np.float32), span)[0])
        yield Line(((x, top + 2), (x, top + 7)), INK, 1)
        yield Text(x, top + 18, clock(i * step), 10, INK, "middle")


def clock(seconds: float) -> str:
    """Seconds as 7.5 s, 1:07 or 2:01:07."""
    if seconds < 60:
        return f"{seconds:g} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
