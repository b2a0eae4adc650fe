"""What cameras and archives do to a picture: blur, noise, few pixels, JPEG blocks, odd contrast, no colour."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
# The luminance table of the JPEG standard's annex K.
_TABLE = np.array(
    [
        (16, 11, 10, 16, 24, 40, 51, 61),
        (12, 12, 14, 19, 26, 58, 60, 55),
        (14, 13, 16, 24, 40, 57, 69, 56),
        (14, 17, 22, 29, 51, 87, 80, 62),
        (18, 22, 37, 56, 68, 109, 103, 77),
        (24, 35, 55, 64, 81, 104, 113, 92),
        (49, 64, 78, 87, 103, 121, 120, 101),
        (72, 92, 95, 98, 112, 100, 103, 99),
    ],
    np.float32,
)


def take(rng: np.random.Generator, image: np.ndarray, grade: float) -> np.ndarray:
    """(h, w, 3) uint8 from [0, 1]; faults grow with the grade, 0 is a clean picture."""
    if grade > 0:
        image = _tone(rng, image, grade)
        if rng.random() < 0.35 * grade:
            image = blur(image, rng.uniform(0.3, 1.4))
        if rng.random() < 0.2 * grade:
            image = _few(image, rng.uniform(0.3, 0.75))
        if rng.random() < 0.5 * grade:
            image = image + rng.standard_normal(image.shape, dtype=np.float32) * np.float32(rng.beta(1, 4) * 0.08)
        if rng.random() < 0.5 * grade:
            image = jpeg(image, rng.uniform(15, 90))
        if rng.random() < 0.15 * grade:
            image = np.repeat((image @ _LUMA)[..., None], 3, -1)
    return np.clip(image * 255 + 0.5, 0, 255).astype(np.uint8)


def _tone(rng: np.random.Generator, image: np.ndarray, grade: float) -> np.ndarray:
    """Exposure, contrast, white balance and colourfulness."""
    image = np.clip(image, 0, None) ** np.float32(np.exp(rng.normal(0, 0.16 * grade)))
    grey = (image @ _LUMA)[..., None]
    image = grey + (image - grey) * np.float32(rng.uniform(1 - 0.5 * grade, 1 + 0.12 * grade))
    balance = 1 + rng.normal(0, 0.03 * grade, 3).astype(np.float32)
    return ((image - 0.5) * np.float32(np.exp(rng.normal(0.05, 0.14 * grade))) + 0.5) * balance


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur along both axes; borders are repeated."""
    reach = max(1, int(2.5 * sigma + 0.5))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2).astype(np.float32)
    kernel /= kernel.sum()
    for axis in (0, 1):
        pad = [(0, 0)] * image.ndim
        pad[axis] = (reach, reach)
        wide, size = np.pad(image, pad, mode="edge"), image.shape[axis]
        image = sum(k * np.take(wide, range(i, i + size), axis) for i, k in enumerate(kernel))  # type: ignore[assignment]
    return image


def _few(image: np.ndarray, share: float) -> np.ndarray:
    """As if enlarged from fewer pixels."""
    h, w = image.shape[:2]
    return resize(resize(image, (max(8, int(h * share)), max(8, int(w * share)))), (h, w))


@lru_cache(maxsize=512)
def _weights(source: int, target: int) -> np.ndarray:
    """(target, source) triangle filter, widened where it shrinks."""
    scale = source / target
    width = max(scale, 1.0)
    centre = (np.arange(target) + 0.5) * scale - 0.5
    weight = np.maximum(0, 1 - np.abs(np.arange(source)[None] - centre[:, None]) / width)
    return (weight / weight.sum(1, keepdims=True)).astype(np.float32)


def resize(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(h, w, c) float32 resampled without aliasing."""
    rows, columns = _weights(image.shape[0], shape[0]), _weights(image.shape[1], shape[1])
    h, w, c = image.shape
    tall = (rows @ image.reshape(h, w * c)).reshape(shape[0], w, c)
    return np.ascontiguousarray(np.matmul(columns, tall))


def jpeg(image: np.ndarray, quality: float) -> np.ndarray:
    """The loss of a JPEG of the given quality (1…100), without writing one."""
    scale = 50 / quality if quality < 50 else 2 - quality / 50
    table = np.maximum(1, _TABLE * scale) / 255
    h, w = image.shape[:2]
    wide = np.pad(image, ((0, -h % 8), (0, -w % 8), (0, 0)), mode="edge")
    luma = wide @ _LUMA
    chroma = np.stack([wide[..., 2] - luma, wide[..., 0] - luma])
    planes = np.concatenate([luma[None], chroma]) - np.array([0.5, 0, 0], np.float32)[:, None, None]
    blocks = planes.reshape(3, wide.shape[0] // 8, 8, wide.shape[1] // 8, 8).swapaxes(2, 3)
    basis = _cosines()
    tables = np.stack([table, table * 1.8, table * 1.8])[:, None, None]
    coded = np.round(basis @ blocks @ basis.T / tables) * tables
    planes = (basis.T @ coded @ basis).swapaxes(2, 3).reshape(planes.shape)
    luma = planes[0] + 0.5
    blue, red = planes[1] + luma, planes[2] + luma
    green = (luma - _LUMA[0] * red - _LUMA[2] * blue) / _LUMA[1]
    return np.stack([red, green, blue], -1)[:h, :w]


@lru_cache(maxsize=1)
def _cosines() -> np.ndarray:
    """(8, 8) orthonormal cosine basis."""
    k = np.arange(8)
    basis = np.cos(np.pi * (2 * k[None] + 1) * k[:, None] / 16) * 0.5
    basis[0] /= np.sqrt(2)
    return basis.astype(np.float32)
