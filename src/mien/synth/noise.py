"""Smooth random fields: the grain of skin, cloth, walls and leaves."""

from __future__ import annotations

from functools import lru_cache

import numpy as np


@lru_cache(maxsize=256)
def _rows(length: int, cells: int) -> np.ndarray:
    """(length, cells + 2) weights that read a grid of random values smoothly."""
    at = np.linspace(0, cells, length, endpoint=False) + 0.5 * cells / length
    cell = at.astype(int)
    t = at - cell
    t = t * t * (3 - 2 * t)
    out = np.zeros((length, cells + 2), np.float32)
    out[np.arange(length), cell] = 1 - t
    out[np.arange(length), cell + 1] = t
    return out


def smooth(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]) -> np.ndarray:
    """A field in [-1, 1] with about so many bumps down and across."""
    down, across = min(cells[0], shape[0]), min(cells[1], shape[1])
    grid = rng.uniform(-1, 1, (down + 2, across + 2)).astype(np.float32)
    return _rows(shape[0], down) @ grid @ _rows(shape[1], across).T


def cloud(rng: np.random.Generator, shape: tuple[int, int], cells: int, octaves: int = 3) -> np.ndarray:
    """Fields of doubling fineness added at halving strength, about [-1, 1]."""
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        total += smooth(rng, shape, (cells << octave, cells << octave)) * 0.5**octave
    return total / (2 - 0.5 ** (octaves - 1))
