"""The skin's texture sheet: where on the head each texel lies, and where lips, brows, lids and wrinkles run on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from mien.synth import raster
from mien.synth.assets import FACE, SOCKET, Assets

# Wrinkles on the person's left half in the mean head's front view: (shape that deepens it, strength, width, line).
# Forehead lines belong to the raised brow, upright glabella lines to the lowered one, crow's feet to the raised cheek.
WRINKLES: tuple[tuple[str, float, float, tuple[tuple[float, float], ...]], ...] = (
    ("browInnerUp", 0.50, 0.13, ((0.0, 7.7), (1.6, 7.75), (3.0, 7.9))),
    ("browInnerUp", 0.55, 0.14, ((0.0, 8.6), (1.6, 8.7), (3.2, 8.9))),
    ("browInnerUp", 0.40, 0.13, ((0.0, 9.5), (1.4, 9.6), (3.0, 9.8))),
    ("browOuterUp", 0.50, 0.13, ((2.4, 7.7), (4.0, 7.8), (5.4, 7.4), (6.2, 6.8))),
    ("browOuterUp", 0.50, 0.14, ((2.4, 8.7), (4.0, 8.7), (5.6, 8.2))),
    ("browOuterUp", 0.35, 0.13, ((2.4, 9.6), (4.0, 9.6), (5.4, 9.1))),
    ("browDown", 0.85, 0.13, ((0.62, 4.7), (0.68, 5.6), (0.95, 6.7))),
    ("browDown", 0.45, 0.12, ((0.25, 5.0), (0.3, 5.9), (0.4, 6.5))),
    ("browDown", 0.45, 0.12, ((0.0, 4.1), (0.45, 4.15), (0.9, 4.35))),
    ("browDown", 0.40, 0.25, ((1.6, 4.75), (2.6, 4.85), (3.6, 4.75))),
    ("cheekSquint", 0.45, 0.08, ((4.95, 3.5), (5.6, 4.0), (6.4, 4.5))),
    ("cheekSquint", 0.50, 0.08, ((5.0, 3.3), (5.8, 3.35), (6.6, 3.5))),
    ("cheekSquint", 0.45, 0.08, ((4.9, 3.0), (5.7, 2.6), (6.4, 2.3))),
    ("cheekSquint", 0.55, 0.13, ((1.7, 2.5), (2.6, 1.95), (3.6, 1.8), (4.6, 2.2))),
    ("eyeSquint", 0.55, 0.10, ((1.9, 2.75), (2.8, 2.45), (3.7, 2.45), (4.6, 2.85))),
    ("eyeSquint", 0.30, 0.10, ((1.9, 2.3), (2.9, 1.9), (3.9, 2.0))),
    ("noseSneer", 0.60, 0.10, ((0.15, 3.7), (0.7, 3.3), (1.2, 2.6))),
    ("noseSneer", 0.60, 0.10, ((0.1, 3.1), (0.7, 2.7), (1.3, 1.9))),
    ("noseSneer", 0.70, 0.14, ((1.45, 0.7), (1.75, -0.1), (2.2, -1.2), (2.6, -2.0))),
    ("mouthUpperUp", 0.70, 0.14, ((1.55, 0.2), (1.95, -0.6), (2.6, -1.7), (3.05, -2.7))),
    ("mouthSmile", 0.80, 0.17, ((1.6, 0.1), (2.2, -0.9), (3.0, -2.2), (3.45, -3.4), (3.5, -4.3))),
    ("mouthDimple", 0.75, 0.14, ((2.85, -2.7), (3.0, -3.4), (3.0, -4.1))),
    ("mouthFrown", 0.65, 0.15, ((2.5, -3.6), (2.85, -4.3), (3.0, -5.3))),
    ("mouthFrown", 0.45, 0.20, ((0.0, -5.0), (0.9, -5.1), (1.6, -5.3))),
    ("mouthStretch", 0.45, 0.14, ((3.0, -2.6), (3.3, -3.6), (3.2, -4.8))),
    ("mouthShrugLower", 0.60, 0.20, ((0.0, -5.1), (0.8, -5.25), (1.5, -5.6))),
    ("mouthPress", 0.55, 0.14, ((2.45, -3.1), (2.65, -3.6), (2.55, -4.2))),
    ("mouthPress", 0.45, 0.18, ((0.0, -4.85), (0.9, -4.85), (1.6, -4.7))),
    ("mouthPucker", 0.40, 0.07, ((0.5, -1.6), (0.55, -2.3))),
    ("mouthPucker", 0.40, 0.07, ((1.1, -1.7), (1.25, -2.5))),
    ("mouthPucker", 0.40, 0.07, ((0.7, -4.5), (0.75, -5.1))),
)


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """Maps over the (s, s) sheet; distances in the head's units."""

    place: np.ndarray  # (s, s, 3) place on the mean head
    lips: np.ndarray  # 0…1
    lipline: np.ndarray  # 0…1 along the contact of the lips
    lash: np.ndarray  # 0…1 along the upper lid's edge
    lower_lash: np.ndarray
    brow: np.ndarray  # (s, s, 2) along (0 inner … 1 outer) and across (-1 … 1 within the hairs) the brow
    nostril: np.ndarray
    wrinkles: np.ndarray  # (w, 2, s, s) depth for the left and the right half
    areas: tuple[tuple[tuple[slice, slice], ...], ...]  # (w, 2) the part of the sheet where each is not zero


@lru_cache(maxsize=6)
def canvas(assets: Assets, size: int) -> Canvas:
    """The sheet of a head at a resolution; computed once."""
    place = _place(assets, size)
    points = assets.points()
    front = (place[..., 2] > 5).astype(np.float32)
    x, y = place[..., 0], place[..., 1]
    lips = _inside(x, y, _smooth(points[48:60, :2]), 0.09) * (place[..., 2] > 8)
    seam = np.concatenate([points[[48]], points[60:65], points[[54]]])[:, :2]
    lipline = np.exp(-((_distance(x, y, seam) / 0.12) ** 2)) * front
    upper, lower = _lids(assets)
    wrinkles = _wrinkles(x, y, front)
    return Canvas(
        place,
        lips,
        lipline,
        np.exp(-((_near(place, upper) / 0.16) ** 2)),
        np.exp(-((_near(place, lower) / 0.12) ** 2)),
        _brow(place, points),
        np.exp(-(((np.abs(x) - 0.62) / 0.42) ** 2) - ((y + 0.95) / 0.3) ** 2) * front,
        wrinkles,
        tuple(tuple(_area(side) for side in pair) for pair in wrinkles),
    )


def _place(assets: Assets, size: int) -> np.ndarray:
    """(s, s, 3) the mean head's surface spread out on the sheet; holes take the nearest place."""
    face = np.flatnonzero((assets.part[assets.triangles] == FACE).all(1))
    corners = assets.uv[face].reshape(-1, 2)
    screen = np.concatenate([corners * size - 0.5, np.ones((len(corners), 1), np.float32)], 1).astype(np.float32)
    triangles = np.arange(len(corners), dtype=np.int32).reshape(-1, 3)
    depth, hit = np.zeros((size, size), np.float32), np.full((size, size), -1, np.int32)
    weights, out = np.zeros((size, size, 2), np.float32), np.zeros((size, size, 3), np.float32)
    raster.draw(screen, triangles, True, depth, hit, weights)
    values = np.ascontiguousarray(assets.vertices[assets.triangles[face]].reshape(-1, 3))
    raster.spread(hit, weights, triangles, values, out)
    known = hit >= 0
    for _ in range(8):  # grow the borders, so that bilinear reading never meets a hole
        for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
            other, theirs = np.roll(out, step, axis), np.roll(known, step, axis)
            new = theirs & ~known
            out[new] = other[new]
            known |= new
    out[~known] = (0, -30, -30)
    return out


def _smooth(points: np.ndarray, count: int = 5) -> np.ndarray:
    """A closed line through the points, rounded (Catmull-Rom)."""
    steps = np.linspace(0, 1, count, endpoint=False)[:, None]
    before, after, later = (np.roll(points, shift, 0) for shift in (1, -1, -2))
    pieces = []
    for a, b, c, d in zip(before, points, after, later, strict=True):
        pieces.append(
            0.5
            * (2 * b + (c - a) * steps + (2 * a - 5 * b + 4 * c - d) * steps**2 + (3 * b - a - 3 * c + d) * steps**3)
        )
    return np.concatenate(pieces)


def _distance(x: np.ndarray, y: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Distance in the front view to an open line."""
    best = np.full(x.shape, 1e9, np.float32)
    for (ax, ay), (bx, by) in pairwise(line):
        dx, dy = bx - ax, by - ay
        t = np.clip(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy), 0, 1)
        np.minimum(best, (x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2, out=best)
    return np.sqrt(best)


def _inside(x: np.ndarray, y: np.ndarray, loop: np.ndarray, soft: float) -> np.ndarray:
    """1 inside a closed line of the front view, 0 outside, with a soft edge."""
    inside = np.zeros(x.shape, bool)
    for (ax, ay), (bx, by) in zip(loop, np.roll(loop, -1, 0), strict=True):
        crosses = (ay > y) != (by > y)
        inside ^= crosses & (x < (bx - ax) * (y - ay) / (by - ay + 1e-12) + ax)
    distance = _distance(x, y, np.concatenate([loop, loop[:1]]))
    signed = np.where(inside, distance, -distance)
    return np.clip(0.5 + signed / (2 * soft), 0, 1).astype(np.float32)


def _lids(assets: Assets) -> tuple[np.ndarray, np.ndarray]:
    """Places along the upper and lower edges of both lids: where the face meets the eye sockets."""
    part = assets.part[assets.triangles]
    joint = assets.triangles[(part == SOCKET).any(1) & (part == FACE).any(1)]
    rim = np.unique(joint[assets.part[joint] == FACE])
    if len(rim) == 0:
        points = assets.points()
        return points[[36, 37, 38, 39, 42, 43, 44, 45]], points[[39, 40, 41, 36, 45, 46, 47, 42]]
    places, points = assets.vertices[rim], assets.points()
    middle = np.interp(np.abs(places[:, 0]), [points[42, 0], points[45, 0]], [points[42, 1], points[45, 1]])
    return places[places[:, 1] > middle], places[places[:, 1] <= middle]


def _near(place: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Distance to the nearest of some points, exact within 2 units, 9 beyond."""
    out = np.full(place.shape[:2], 9.0, np.float32)
    low, high = points.min(0) - 2, points.max(0) + 2
    close = ((place > low) & (place < high)).all(-1)
    texels = place[close]
    if len(texels):
        best = np.full(len(texels), 81.0, np.float32)
        for point in points:
            np.minimum(best, ((texels - point) ** 2).sum(1), out=best)
        out[close] = np.sqrt(best)
    return out


def _brow(place: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Along and across the left brow; the right one is its mirror."""
    line = points[22:27, :2] * [1, 1] + [0.1, -0.05]
    x, y = np.abs(place[..., 0]), place[..., 1]
    along = np.clip((x - line[0, 0] + 0.25) / (line[-1, 0] + 0.6 - line[0, 0] + 0.25), -0.2, 1.2)
    centre = np.interp(x, np.concatenate([line[:, 0], [6.6]]), np.concatenate([line[:, 1] - 0.12, [4.3]]))
    half = np.interp(along, [0, 0.15, 0.6, 1.0], [0.36, 0.46, 0.36, 0.12])
    across = np.where(place[..., 2] > 4, (y - centre) / half, 9)
    return np.stack([along, np.clip(across, -9, 9)], -1).astype(np.float32)


def _wrinkles(x: np.ndarray, y: np.ndarray, front: np.ndarray) -> np.ndarray:
    """(w, 2, s, s) depth of every wrinkle: a valley that fades at its ends."""
    maps = np.zeros((len(WRINKLES), 2, *x.shape), np.float32)
    for i, (_, strength, width, line) in enumerate(WRINKLES):
        points = np.array(line)
        middle, reach = points.mean(0), np.ptp(points, axis=0).max() / 2 + 0.4
        for side, sign in enumerate((1, -1)):
            near = (np.abs(x * sign - middle[0]) < reach + 1) & (np.abs(y - middle[1]) < reach + 1) & (front > 0)
            px, py = x[near] * sign, y[near]
            valley = np.exp(-((_distance(px, py, points) / width) ** 2))
            fade = np.exp(-((((px - middle[0]) ** 2 + (py - middle[1]) ** 2) / reach**2) ** 2))
            maps[i, side][near] = strength * valley * fade
    return maps


def _area(depth: np.ndarray) -> tuple[slice, slice]:
    """The smallest part of the sheet that holds all that shows of a map."""
    rows, columns = np.flatnonzero((depth > 0.01).any(1)), np.flatnonzero((depth > 0.01).any(0))
    if len(rows) == 0:
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
