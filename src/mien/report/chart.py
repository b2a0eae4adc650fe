"""A drawing as a list of shapes, which becomes SVG for a page or pixels for a picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Literal, TypeAlias
from unicodedata import category

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from mien.types import Pixels

Point: TypeAlias = tuple[float, float]
Anchor = Literal["start", "middle", "end"]

JOINERS = "\u200c\u200d"  # without them Persian words and families of emoji fall apart
INK, FAINT, PAPER = "#202124", "#dadce0", "#ffffff"
EXPRESSION_COLOURS = {  # apart also to the colour-blind, by their lightness
    "neutral": "#c4c7c5",
    "happiness": "#f2b134",
    "sadness": "#5b9bd5",
    "surprise": "#e8743b",
    "fear": "#4a2c7a",
    "disgust": "#7fc47a",
    "anger": "#c8362f",
    "contempt": "#4d3b2c",
}
VALENCE, AROUSAL, UNIT = "#1a73e8", "#d93025", "#0b57d0"


@dataclass(frozen=True, slots=True)
class Line:
    """Connected points."""

    points: tuple[Point, ...]
    colour: str
    width: float = 1.5


@dataclass(frozen=True, slots=True)
class Area:
    """A filled polygon."""

    points: tuple[Point, ...]
    colour: str


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle; `strength` mixes its colour with the paper."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    strength: float = 1.0


@dataclass(frozen=True, slots=True)
class Dot:
    """A filled circle, or a ring."""

    x: float
    y: float
    radius: float
    colour: str
    ring: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """Words whose base line is at y."""

    x: float
    y: float
    words: str
    size: float = 12.0
    colour: str = INK
    anchor: Anchor = "start"


Shape: TypeAlias = Line | Area | Box | Dot | Text


@dataclass(frozen=True, slots=True)
class Drawing:
    """Shapes on paper, the later ones on top."""

    width: float
    height: float
    shapes: tuple[Shape, ...] = field(default=())


def plain(words: str) -> str:
    """Text that can be written anywhere: what is no Unicode (bytes of file names) and control characters escaped.

    Spaces of any kind stay, as macOS writes them into the names of screenshots, and so do the joiners of emoji.
    """
    whole = words.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() or category(c) == "Zs" or c in JOINERS else repr(c)[1:-1] for c in whole)


def mixed(colour: str, strength: float) -> str:
    """A colour mixed with the paper."""
    ink, paper = (np.array(ImageColor.getrgb(c)[:3]) for c in (colour, PAPER))
    r, g, b = (paper + (ink - paper) * min(max(strength, 0.0), 1.0)).astype(int)
    return f"#{r:02x}{g:02x}{b:02x}"


def svg(drawing: Drawing) -> str:
    """The drawing as an SVG element."""
    size = f'width="{drawing.width:g}" height="{drawing.height:g}" viewBox="0 0 {drawing.width:g} {drawing.height:g}"'
    inside = "\n".join(_element(s) for s in drawing.shapes)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">\n{inside}\n</svg>'


def _element(s: Shape) -> str:
    if isinstance(s, Line):
        return f'<polyline points="{_path(s.points)}" fill="none" stroke="{s.colour}" stroke-width="{s.width:g}"/>'
    if isinstance(s, Area):
        return f'<polygon points="{_path(s.points)}" fill="{s.colour}"/>'
    if isinstance(s, Box):
        place = f'x="{s.x:.1f}" y="{s.y:.1f}" width="{s.width:.1f}" height="{s.height:.1f}"'
        return f'<rect {place} fill="{mixed(s.colour, s.strength)}"/>'
    if isinstance(s, Dot):
        paint = f'fill="none" stroke="{s.colour}"' if s.ring else f'fill="{s.colour}"'
        return f'<circle cx="{s.x:.1f}" cy="{s.y:.1f}" r="{s.radius:.1f}" {paint}/>'
    place = f'x="{s.x:.1f}" y="{s.y:.1f}" font-size="{s.size:g}" text-anchor="{s.anchor}" fill="{s.colour}"'
    return f"<text {place}>{escape(plain(s.words))}</text>"


def _path(points: tuple[Point, ...]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def pixels(drawing: Drawing, scale: int = 2) -> Pixels:
    """The drawing as a picture, `scale` pixels to a unit; drawn at twice that and shrunk, so that edges are smooth."""
    fine = 2 * scale
    image = Image.new("RGB", (round(drawing.width * fine), round(drawing.height * fine)), PAPER)
    brush = ImageDraw.Draw(image)
    for shape in drawing.shapes:
        _paint(brush, shape, fine)
    half = (round(drawing.width * scale), round(drawing.height * scale))
    return np.asarray(image.resize(half, Image.Resampling.BOX))


def save(picture: Pixels, path: Path) -> None:
    """Pixels as a PNG file, whatever the path's ending."""
    Image.fromarray(picture).save(path, "PNG")


def _paint(brush: ImageDraw.ImageDraw, s: Shape, k: int) -> None:
    if isinstance(s, Line) and len(s.points) > 1:
        brush.line([(x * k, y * k) for x, y in s.points], s.colour, max(round(s.width * k), 1), joint="curve")
    elif isinstance(s, Area) and len(s.points) > 2:
        brush.polygon([(x * k, y * k) for x, y in s.points], s.colour)
    elif isinstance(s, Box):
        corners = (s.x * k, s.y * k, max((s.x + s.width) * k - 1, s.x * k), max((s.y + s.height) * k - 1, s.y * k))
        brush.rectangle(corners, mixed(s.colour, s.strength))
    elif isinstance(s, Dot):
        corners = ((s.x - s.radius) * k, (s.y - s.radius) * k, (s.x + s.radius) * k, (s.y + s.radius) * k)
        brush.ellipse(corners, None if s.ring else s.colour, s.colour, k if s.ring else 1)
    elif isinstance(s, Text):
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[s.anchor]
        brush.text((s.x * k, s.y * k), plain(s.words), s.colour, ImageFont.load_default(s.size * k), anchor)
