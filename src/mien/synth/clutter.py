"""Things that are no faces, some a little like one: hands, balls, drawings, fur, bodies without a head."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mien.synth import backdrop
from mien.synth.noise import cloud, smooth
from mien.synth.skin import albedo


def scatter(rng: np.random.Generator, image: np.ndarray, spared: Sequence[np.ndarray] = ()) -> None:
    """Up to six things over the picture, none on a spared box."""
    size = min(image.shape[:2])
    for _ in range(rng.integers(0, 7)):
        radius = float(np.exp(rng.uniform(np.log(5), np.log(size * 0.3))))
        centre = rng.uniform((0, 0), image.shape[1::-1])
        reach = 2.2 * radius
        if any(_meets(box, centre, reach) for box in spared):
            continue
        _THINGS[int(rng.integers(len(_THINGS)))](rng, image, centre, radius)


def _meets(box: np.ndarray, centre: np.ndarray, reach: float) -> bool:
    x, y, w, h = box
    return bool(x - reach < centre[0] < x + w + reach and y - reach < centre[1] < y + h + reach)


def _window(
    image: np.ndarray, centre: np.ndarray, reach: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | tuple[None, None, None]:
    """The part of the picture around a centre, and each pixel's distance from it across and down."""
    left, top = (max(0, int(value)) for value in centre - reach)
    area = image[top : max(0, int(centre[1] + reach) + 1), left : max(0, int(centre[0] + reach) + 1)]
    if area.size == 0:
        return None, None, None
    rows, columns = np.mgrid[: area.shape[0], : area.shape[1]].astype(np.float32)
    return area, columns + np.float32(left - centre[0]), rows + np.float32(top - centre[1])


def _lay(area: np.ndarray, colour: np.ndarray, alpha: np.ndarray) -> None:
    area += (colour - area) * np.clip(alpha, 0, 1)[..., None].astype(np.float32)


def _tone(rng: np.random.Generator) -> np.ndarray:
    """A skin colour as a picture shows it."""
    return np.sqrt(albedo(2.4 * rng.random() ** 1.5, rng.uniform(0.2, 0.7)))


def _ball(rng: np.random.Generator, image: np.ndarray, centre: np.ndarray, radius: float) -> None:
    """A shaded oval, as often as not of skin: a bald crown, a knee, a fruit, a lamp."""
    area, x, y = _window(image, centre, radius * 1.3)
    if area is None or x is None or y is None:
        return
    away = np.hypot(x * rng.uniform(0.8, 1.3), y) / radius
    colour = _tone(rng) if rng.random() < 0.6 else backdrop.colour(rng, 0.5)
    lit = 1 - 0.5 * np.clip(x * rng.normal(0, 0.5) + y * rng.uniform(-0.2, 0.8), -radius, radius) / radius
    grain = 1 + 0.2 * cloud(rng, x.shape, int(rng.integers(2, 9)), 2)
    _lay(area, colour * (lit * grain * np.sqrt(np.clip(1.1 - away**2 * 0.6, 0, 1)))[..., None], (1 - away) * radius)


def _hand(rng: np.random.Generator, image: np.ndarray, centre: np.ndarray, radius: float) -> None:
    """A palm with four fingers and a thumb."""
    area, x, y = _window(image, centre, radius * 2)
    if area is None or x is None or y is None:
        return
    tone, angle = _tone(rng), rng.uniform(0, 2 * np.pi)
    u, v = x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)
    spread = rng.uniform(0, 0.25)
    parts = [(-0.1, 0.0, 0.0, 0.3, 0.55), (0.0, 0.9, 0.0, 1.6, 0.55)]
    parts += [(0.3 * i, -0.3, (0.3 + spread) * i, -1.2 - 0.2 * rng.random(), 0.17) for i in (-1.5, -0.5, 0.5, 1.5)]
    parts += [(0.5, 0.2, 1.0, -0.3, 0.19)]
    for ax, ay, bx, by, wide in parts:
        dx, dy = (bx - ax) * radius, (by - ay) * radius
        t = np.clip(((u - ax * radius) * dx + (v - ay * radius) * dy) / (dx * dx + dy * dy + 1e-6), 0, 1)
        away = np.hypot(u - ax * radius - t * dx, v - ay * radius - t * dy) / (wide * radius)
        _lay(
            area, tone * (0.6 + 0.4 * np.sqrt(np.clip(1 - away**2, 0, 1)))[..., None], (1 - away) * wide * radius + 0.5
        )


def _drawing(rng: np.random.Generator, image: np.ndarray, centre: np.ndarray, radius: float) -> None:
    """Two dots and a bow in a ring, flat as on a sticker; or rings and dots in wrong places."""
    area, x, y = _window(image, centre, radius * 1.2)
    if area is None or x is None or y is None:
        return
    ground, ink = backdrop.colour(rng, 0.7), backdrop.colour(rng, 0.2) * 0.3
    away = np.hypot(x, y)
    if rng.random() < 0.7:
        _lay(area, ground, radius - away)
    _lay(area, ink, max(1.0, radius * 0.05) - np.abs(away - radius))
    for i in range(rng.integers(1, 5)):
        ex, ey = ((-0.35, -0.25), (0.35, -0.25))[i] if i < 2 and rng.random() < 0.8 else rng.uniform(-0.6, 0.6, 2)
        _lay(area, ink, radius * rng.uniform(0.06, 0.16) - np.hypot(x - ex * radius, y - ey * radius))
    bow = np.abs(np.hypot(x, y) - 0.55 * radius)
    _lay(area, ink, (max(1.0, radius * 0.05) - bow) * (y * rng.choice([-1, 1]) > 0.2 * radius))


def _fur(rng: np.random.Generator, image: np.ndarray, centre: np.ndarray, radius: float) -> None:
    """An animal's head: fur, ears, dark eyes far apart, a snout."""
    area, x, y = _window(image, centre, radius * 1.5)
    if area is None or x is None or y is None:
        return
    coat = backdrop.colour(rng, 0.12)
    grain = 1 + 0.35 * smooth(rng, x.shape, (max(3, x.shape[0] // 2), max(3, x.shape[1] // 3)))[..., None]
    for side in (-1, 1):
        ear = np.hypot((x - side * 0.7 * radius) / 0.35, (y + 0.8 * radius) / rng.uniform(0.4, 0.8))
        _lay(area, coat * grain * 0.85, (radius * 0.8 - ear) * 0.4)
    _lay(area, coat * grain, (radius - np.hypot(x, y * rng.uniform(0.85, 1.2))) * 0.6)
    snout = np.hypot(x, (y - 0.4 * radius) * 1.3)
    _lay(area, np.clip(coat * grain * 1.3, 0, 1), (0.45 * radius - snout) * 0.4)
    _lay(area, np.full(3, 0.05), 0.16 * radius - np.hypot(x * 0.8, y - 0.25 * radius))
    for side in (-1, 1):
        _lay(area, np.full(3, 0.04), 0.11 * radius - np.hypot(x - side * 0.5 * radius, y + 0.15 * radius))


def _patch(rng: np.random.Generator, image: np.ndarray, centre: np.ndarray, radius: float) -> None:
    """A piece of another surface, straight-edged."""
    area, x, _ = _window(image, centre, radius)
    if area is None or x is None or min(area.shape[:2]) < 8:
        return
    area[:] = backdrop.draw(rng, area.shape[:2])


def _trunk(rng: np.random.Generator, image: np.ndarray, centre: np.ndarray, radius: float) -> None:
    """A clothed body whose head is out of sight."""
    body(rng, image, np.array([centre[0] - radius / 2, centre[1] - radius, radius, radius * 1.2]))


def _wheel(rng: np.random.Generator, image: np.ndarray, centre: np.ndarray, radius: float) -> None:
    """A tyre with spokes, a clock, a round sign, a loudspeaker: rings around a middle, at times seen from aside."""
    area, x, y = _window(image, centre, radius * 1.3)
    if area is None or x is None or y is None:
        return
    away = np.hypot(x / rng.uniform(0.6, 1.0), y)
    angle = np.arctan2(y, x)
    outer, inner = backdrop.colour(rng, 0.2) * rng.uniform(0.1, 1), backdrop.colour(rng, 0.2)
    _lay(area, outer, radius - away)
    rim = rng.uniform(0.5, 0.85) * radius
    _lay(area, inner, rim - away)
    count = int(rng.integers(3, 13))
    gaps = np.cos(angle * count + rng.uniform(0, 6)) - rng.uniform(-0.6, 0.7)
    between = (rim * 0.9 - away > 0) & (away > radius * rng.uniform(0.1, 0.35))
    _lay(area, outer * rng.uniform(0.2, 0.9), gaps * away * 0.5 * between)
    _lay(area, outer, radius * rng.uniform(0.03, 0.2) - away)


_THINGS = (_ball, _ball, _hand, _hand, _drawing, _fur, _patch, _patch, _trunk, _trunk, _wheel, _wheel)


def body(rng: np.random.Generator, image: np.ndarray, box: np.ndarray) -> None:
    """Neck, shoulders and chest below a face's box."""
    x, y, w, h = (float(value) for value in box)
    centre, top = x + w / 2, y + h * 0.9
    left, right = max(0, int(centre - 2.2 * w)), max(0, int(centre + 2.2 * w) + 1)
    area = image[max(0, int(top)) : max(0, int(top + h * rng.uniform(1.5, 6))), left:right]
    if area.size == 0:
        return
    rows, columns = np.mgrid[: area.shape[0], : area.shape[1]].astype(np.float32)
    across = np.abs(columns + left - centre) / w
    down = (rows + max(0, int(top)) - top) / h
    _lay(area, _tone(rng) * 0.8, (0.36 - across) * w)
    wide = rng.uniform(1.2, 1.7)
    slope = 0.18 + 0.22 * np.clip(across / wide, 0, 1) ** 2
    cloth = backdrop.colour(rng, 0.5) * (1 + 0.2 * smooth(rng, across.shape, (3, 8)))[..., None]
    _lay(area, np.clip(cloth, 0, 1), np.minimum((wide - across) * w, (down - slope) * h))
