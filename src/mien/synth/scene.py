"""Whole pictures with many heads, few or none: what a face detector meets, its boxes and points known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.io.whole import whole
from mien.synth import backdrop, camera, clutter, raster
from mien.synth.assets import Assets
from mien.synth.face import person, sample
from mien.synth.render import RenderedFace, render


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """A head to paste: straight colours and alpha, halved again and again; without points it is no face."""

    levels: tuple[np.ndarray, ...]  # (h, w, 4) uint8, each half of the one before
    box: np.ndarray  # (4,) x y w h in the first level
    points: np.ndarray  # (5, 2), or (0, 2) for the back of a head
    bust: bool  # the picture's lower border cuts through shoulders, which the scene may continue

    @classmethod
    def of(cls, image: np.ndarray, alpha: np.ndarray, box: np.ndarray, points: np.ndarray, bust: bool) -> Cutout:
        """From an RGB picture and its (h, w) uint8 alpha, a rendered one or a real one."""
        if image.shape[:2] != alpha.shape or image.dtype != np.uint8 or alpha.dtype != np.uint8:
            raise InputError(
                "wanted uint8 image and alpha of one size, "
                f"got {image.dtype} {image.shape} and {alpha.dtype} {alpha.shape}"
            )
        levels = [np.ascontiguousarray(np.dstack([image, alpha]))]
        while min(levels[-1].shape[:2]) >= 24:
            h, w = (side // 2 * 2 for side in levels[-1].shape[:2])
            part = levels[-1][:h, :w].astype(np.uint16)
            levels.append(
                ((part[::2, ::2] + part[1::2, ::2] + part[::2, 1::2] + part[1::2, 1::2] + 2) // 4).astype(np.uint8)
            )
        return cls(tuple(levels), np.asarray(box, np.float32), np.asarray(points, np.float32).reshape(-1, 2), bust)


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture and its faces; the eye and mouth corner that are left in an upright face come first."""

    image: np.ndarray  # (h, w, 3) uint8 RGB
    boxes: np.ndarray  # (n, 4) float32 x y w h
    points: np.ndarray  # (n, 5, 2) float32


def heads(
    assets: Assets,
    count: int,
    seed: int,
    size: int = 160,
    backs: float = 0.12,
    aside: float = 0.4,
    report: Callable[[int], None] = lambda done: None,
) -> list[Cutout]:
    """Rendered heads to paste; a share of them seen from behind, of the others a share from aside or bowed; every
    tenth three times as large for close views.

    `report` is given the number of heads done so far.
    """
    pool = []
    report(0)
    for index in range(count):
        rng = np.random.default_rng((seed, 2, index))
        latent = sample(rng, person(rng, (seed << 32) + (1 << 31) + index))
        latent = replace(latent, fill=float(rng.uniform(0.42, 0.52)), shift=(0.0, -0.02), grade=0.0)
        behind = rng.random() < backs
        if behind:
            turn = float(rng.choice([-1, 1]) * rng.uniform(120, 180))
            latent = replace(latent, pose=(turn, latent.pose[1], latent.pose[2]), glasses="none", cover="none")
        elif rng.random() < aside:
            turn = float(rng.choice([-1, 1]) * rng.uniform(30, 95))
            latent = replace(latent, pose=(turn, float(np.clip(rng.normal(-10, 18), -45, 35)), latent.pose[2]))
        side = size * 3 if index % 10 == 9 else size
        face = render(assets, latent, side, np.full((side, side, 3), 0.35, np.float32))
        pool.append(cut(face, face.points[:0] if behind else face.points))
        report(len(pool))
    return pool


def cut(face: RenderedFace, points: np.ndarray) -> Cutout:
    """A rendered face as a cut-out, without the fringe where its own background shines through."""
    alpha = np.clip((face.alpha.astype(np.int32) - 70) * 255 // 185, 0, 255).astype(np.uint8)
    return Cutout.of(face.image, alpha, face.box, points, True)


def keep(pool: Sequence[Cutout], path: Path) -> None:
    """Write heads into an `.npz`."""
    arrays = {}
    for i, cutout in enumerate(pool):
        arrays |= {f"rgba{i}": cutout.levels[0], f"box{i}": cutout.box, f"points{i}": cutout.points}
    with whole(path) as part, part.open("wb") as file:
        np.savez_compressed(file, bust=np.array([cutout.bust for cutout in pool]), **arrays)


def kept(path: Path) -> list[Cutout]:
    """Heads that `keep` wrote."""
    with np.load(path, allow_pickle=False) as data:
        return [
            Cutout.of(
                data[f"rgba{i}"][..., :3], data[f"rgba{i}"][..., 3], data[f"box{i}"], data[f"points{i}"], bool(bust)
            )
            for i, bust in enumerate(data["bust"])
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A cut-out in a scene: source = inverse @ (x, y, 1) in its first level."""

    cutout: Cutout
    forward: np.ndarray  # (2, 3)
    inverse: np.ndarray  # (2, 3)

    @property
    def box(self) -> np.ndarray:
        """The face's box, upright around the turned one's inscribed ellipse."""
        x, y, w, h = self.cutout.box
        centre = self.forward @ (x + w / 2, y + h / 2, 1)
        half = np.hypot(self.forward[:, 0] * w / 2, self.forward[:, 1] * h / 2)
        return np.concatenate([centre - half, 2 * half]).astype(np.float32)

    @property
    def points(self) -> np.ndarray:
        return (self.cutout.points @ self.forward[:, :2].T + self.forward[:, 2]).astype(np.float32)


def compose(
    rng: np.random.Generator,
    pool: Sequence[Cutout],
    size: tuple[int, int] = (320, 320),
    smallest: float = 12,
    largest: float = 400,
    grade: float = 1.0,
) -> Scene:
    """A scene with heads from the pool; about one in twelve has none."""
    image = np.ascontiguousarray(backdrop.draw(rng, size))
    if rng.random() < 0.4:
        image = camera.blur(image, rng.uniform(0.5, 3))
    clutter.scatter(rng, image)
    placed: list[Placed] = []
    tint = 1 + rng.normal(0, 0.06, 3)
    for height, centre, roll in _layout(rng, size, smallest, min(largest, size[0] * 1.1)):
        new = place(pool[int(rng.integers(len(pool)))], height, centre, roll, bool(rng.random() < 0.5))
        if any(_hides(new, old) or _hides(old, new) or _shared(new.box, old.box) > 0.4 for old in placed):
            continue
        paste(rng, image, new, tint * np.exp(rng.normal(0, 0.12)))
        placed.append(new)
    if rng.random() < 0.3:
        clutter.scatter(rng, image, [p.box for p in placed])
    shown = [p for p in placed if len(p.cutout.points) and _inside(p, size)]
    boxes = np.array([p.box for p in shown], np.float32).reshape(-1, 4)
    points = np.array([p.points for p in shown], np.float32).reshape(-1, 5, 2)
    return Scene(camera.take(rng, image, grade), boxes, points)


def _layout(
    rng: np.random.Generator, size: tuple[int, int], smallest: float, largest: float
) -> list[tuple[float, tuple[float, float], float]]:
    """Height, centre and roll of every head to try, the farthest first."""
    h, w = size
    kind = rng.choice(["none", "one", "scatter", "row", "crowd"], p=(0.08, 0.2, 0.37, 0.2, 0.15))
    found = []
    if kind == "one":
        height = rng.uniform(0.3, 1.0) * largest
        found = [(height, (w * rng.uniform(0.3, 0.7), h * rng.uniform(0.35, 0.65)))]
    elif kind == "scatter":
        for _ in range(rng.integers(1, 9)):
            height = float(np.exp(rng.uniform(np.log(smallest), np.log(largest))))
            found.append((height, (rng.uniform(0, w), rng.uniform(0, h * 0.95))))
    elif kind in ("row", "crowd"):
        rows = 1 if kind == "row" else int(rng.integers(2, 4))
        height = float(np.exp(rng.uniform(np.log(smallest), np.log(largest / (2 * rows)))))
        for row in range(rows):
            line = h * (rng.uniform(0.25, 0.5) + 0.25 * row / rows) + height * 1.4 * row
            across = max(1, min(12 // rows, int(w / (height * 1.25))))
            for i in range(across):
                x = w * (i + 0.5) / across + rng.normal(0, 0.15) * height
                found.append((height * rng.uniform(0.8, 1.2), (x, line + rng.normal(0, 0.15) * height)))
    free = rng.random() < 0.12  # seldom, heads turned all ways
    turn = 40 if free else 4
    order = sorted(found, key=lambda item: item[0]) if kind == "scatter" else found
    return [(max(a, smallest), b, float(np.clip(rng.normal(0, turn), -90, 90))) for a, b in order]


def place(cutout: Cutout, height: float, centre: tuple[float, float], roll: float, mirrored: bool) -> Placed:
    """The cut-out scaled to a face of that height, turned clockwise about the face's centre."""
    if mirrored:
        cutout = _mirror(cutout)
    x, y, w, h = cutout.box
    scale, angle = height / max(h, 1.0), np.radians(roll)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shift = np.array(centre) - turn @ (x + w / 2, y + h / 2)
    back = np.linalg.inv(turn)
    return Placed(cutout, np.column_stack([turn, shift]), np.column_stack([back, -back @ shift]))


def _mirror(cutout: Cutout) -> Cutout:
    """Left and right swapped, in the points' order too."""
    width = cutout.levels[0].shape[1]
    x, y, w, h = cutout.box
    points = cutout.points[[1, 0, 2, 4, 3]] if len(cutout.points) else cutout.points
    points = points * [-1, 1] + [width - 1.0, 0] if len(points) else points
    levels = tuple(np.ascontiguousarray(level[:, ::-1]) for level in cutout.levels)
    return Cutout(levels, np.array([width - x - w, y, w, h], np.float32), points.astype(np.float32), cutout.bust)


def _hides(front: Placed, back: Placed) -> bool:
    """Whether a cut-out would cover the middle of another's face."""
    x, y, w, h = back.box
    spots = np.array([(0.5, 0.5), (0.25, 0.3), (0.75, 0.3), (0.25, 0.75), (0.75, 0.75)]) * (w, h) + (x, y)
    source = np.round(spots @ front.inverse[:, :2].T + front.inverse[:, 2]).astype(int)
    alpha = front.cutout.levels[0][..., 3]
    # below its lower border a bust goes on as a body
    row = source[:, 1].clip(None, alpha.shape[0] - 1) if front.cutout.bust else source[:, 1]
    within = (source[:, 0] >= 0) & (source[:, 0] < alpha.shape[1]) & (row >= 0) & (row < alpha.shape[0])
    covered = within & (alpha[row.clip(0, alpha.shape[0] - 1), source[:, 0].clip(0, alpha.shape[1] - 1)] > 128)
    return int(covered.sum()) >= 2


def _shared(one: np.ndarray, other: np.ndarray) -> float:
    """Common area of two boxes over that of the smaller."""
    sides = np.minimum(one[:2] + one[2:], other[:2] + other[2:]) - np.maximum(one[:2], other[:2])
    return float(np.prod(np.clip(sides, 0, None)) / min(one[2] * one[3], other[2] * other[3]))


def _inside(placed: Placed, size: tuple[int, int]) -> bool:
    """Whether the picture shows the face's centre and most of its box."""
    x, y, w, h = placed.box
    seen = max(0, min(x + w, size[1]) - max(x, 0)) * max(0, min(y + h, size[0]) - max(y, 0))
    return seen > 0.55 * w * h


def paste(rng: np.random.Generator, image: np.ndarray, placed: Placed, gain: np.ndarray) -> None:
    """Draw the cut-out with antialiasing; a bust's lower border goes on as a body."""
    scale = 1 / float(np.hypot(*placed.inverse[:, 0]))
    level = int(np.clip(np.floor(-np.log2(max(scale, 1e-6)) + 0.35), 0, len(placed.cutout.levels) - 1))
    source = placed.cutout.levels[level]
    if not placed.cutout.bust:
        clutter.body(rng, image, placed.box)
    inverse = placed.inverse.copy()
    inverse[:, 2] += 0.5  # pixel centres, then the level's own
    inverse /= 1 << level
    inverse[:, 2] -= 0.5
    length = float(rng.uniform(0.5, 6)) * source.shape[0] if placed.cutout.bust else 0.0
    h, w = placed.cutout.levels[0].shape[:2]
    reach = h + length * (1 << level)
    corners = np.array([(0, 0, 1), (w, 0, 1), (0, reach, 1), (w, reach, 1)]) @ placed.forward.T
    low = np.floor(corners.min(0)).clip(0, image.shape[1::-1]).astype(int)
    high = np.ceil(corners.max(0) + 1).clip(0, image.shape[1::-1]).astype(int)
    raster.paste(image, source, inverse, low, high, length, gain.astype(np.float32))
