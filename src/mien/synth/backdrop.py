"""What lies behind a face: rooms, sky, leaves, cloth, text, lamps; all drawn by chance, none of it a face."""

from __future__ import annotations

import numpy as np

from mien.synth.noise import cloud, smooth


def draw(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """(h, w, 3) float32 in [0, 1], as a camera would show it."""
    kind = rng.integers(len(_KINDS))
    image = _KINDS[kind](rng, shape)
    if rng.random() < 0.35:
        image = image * (1 - rng.uniform(0.1, 0.5) * _ramp(rng, shape)[..., None])
    return np.clip(image, 0, 1).astype(np.float32)


def colour(rng: np.random.Generator, vivid: float = 0.35) -> np.ndarray:
    """A colour as rooms and clothes have it: mostly dull, seldom vivid."""
    grey, push = rng.uniform(0.03, 0.95), rng.normal(0, 1, 3)
    return np.clip(grey + push * vivid * rng.beta(1, 2.5), 0.01, 0.98).astype(np.float32)


def _ramp(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """0…1 across the picture in any direction."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    value = rows / shape[0] * np.sin(angle) + columns / shape[1] * np.cos(angle)
    return (value - value.min()) / max(float(np.ptp(value)), 1e-6)


def _plain(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    first, second = colour(rng), colour(rng)
    mix = (_ramp(rng, shape) * rng.uniform(0, 0.8))[..., None]
    return first * (1 - mix) + second * mix


def _blobs(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Out-of-focus surroundings."""
    cells = int(rng.integers(2, 7))
    grey = cloud(rng, shape, cells, 2)[..., None] * rng.uniform(0.1, 0.45)
    return colour(rng) + grey + np.stack([cloud(rng, shape, cells, 2) for _ in range(3)], -1) * rng.uniform(0, 0.15)


def _grain(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Plaster, cloth, gravel."""
    field = cloud(rng, shape, int(rng.integers(6, 40)), 3)[..., None]
    return colour(rng) * (1 + field * rng.uniform(0.1, 0.6))


def _leaves(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    field = cloud(rng, shape, int(rng.integers(5, 14)), 4)[..., None]
    dark, lit = np.array([0.05, 0.1, 0.04]), np.array([0.45, 0.6, 0.25]) * rng.uniform(0.5, 1.4, 3)
    sky = np.clip(cloud(rng, shape, 6, 2)[..., None] * 3 - 1.2, 0, 1)
    image = dark + (lit - dark) * np.clip(field * 1.4 + 0.5, 0, 1) ** 1.5
    return image + (np.array([0.85, 0.9, 0.97]) - image) * sky * (rng.random() < 0.5)


def _stripes(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Blinds, panels, bricks."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    angle = rng.choice([0, np.pi / 2, rng.uniform(0, np.pi)])
    wave = (rows * np.sin(angle) + columns * np.cos(angle)) * rng.uniform(2, 24) / shape[1]
    mask = ((wave % 1) < rng.uniform(0.05, 0.6))[..., None]
    if rng.random() < 0.4:
        other = (columns * np.sin(angle) - rows * np.cos(angle)) * rng.uniform(1, 12) / shape[1]
        mask = mask ^ ((other % 1) < rng.uniform(0.05, 0.5))[..., None]
    return np.where(mask, colour(rng), colour(rng))


def room(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """A wall with frames, shelves, windows, doors."""
    image = np.broadcast_to(colour(rng, 0.15), (*shape, 3)).copy()
    image[int(shape[0] * rng.uniform(0.55, 1)) :] = colour(rng)
    for _ in range(rng.integers(1, 9)):
        h, w = int(shape[0] * rng.uniform(0.05, 0.9)), int(shape[1] * rng.uniform(0.03, 0.6))
        top, left = int(rng.integers(-h // 2, shape[0])), int(rng.integers(-w // 2, shape[1]))
        area = image[max(top, 0) : top + h, max(left, 0) : left + w]
        area[:] = colour(rng, 0.4)
        if rng.random() < 0.5 and min(area.shape[:2]) > 4:
            area[1:-1, 1:-1] = colour(rng, 0.2)
    return image * (1 + 0.06 * cloud(rng, shape, 4, 3)[..., None])


def _marks(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Rows of dark marks on a light ground, like print or a sign."""
    image = np.broadcast_to(colour(rng, 0.3), (*shape, 3)).copy()
    ink, size = colour(rng, 0.3), int(rng.integers(2, max(3, shape[0] // 8)))
    for top in range(int(rng.integers(0, size * 2)), shape[0] - size, size * 2):
        left = int(rng.integers(0, size * 3))
        while left < shape[1] - size:
            width = int(rng.integers(1, size * 2))
            if rng.random() < 0.8:
                image[top + int(rng.integers(0, 2)) : top + size, left : left + width] = ink
            left += width + int(rng.integers(1, size + 1))
    return image


def _lamps(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Round lights out of focus."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    image = np.broadcast_to(colour(rng) * 0.4, (*shape, 3)).copy()
    for _ in range(rng.integers(3, 16)):
        radius = shape[0] * rng.uniform(0.02, 0.12)
        away = np.hypot(rows - rng.uniform(0, shape[0]), columns - rng.uniform(0, shape[1]))
        image += np.clip((radius - away) / 2 + 0.5, 0, 1)[..., None] * colour(rng, 0.6) * rng.uniform(0.2, 1)
    return image


def _cloth(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Curtains and folds."""
    wave = smooth(rng, shape, (2, int(rng.integers(4, 30))))
    return colour(rng, 0.5) * (0.75 + 0.4 * wave[..., None])


_KINDS = (_plain, _plain, _blobs, _blobs, _grain, _leaves, _stripes, room, room, _marks, _lamps, _cloth)
