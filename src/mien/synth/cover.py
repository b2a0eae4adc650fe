"""What gets before a face: a hand, a microphone, a mask."""

from __future__ import annotations

import numpy as np

from mien.synth import skin
from mien.synth.face import Latent


def mask(sheet: np.ndarray, place: np.ndarray, seed: int) -> None:
    """Paint a medical mask on the skin's sheet, from the nose to under the chin."""
    x, y, z = np.moveaxis(place, -1, 0)
    edge = 1.6 - 0.28 * np.abs(x)
    inside = np.clip((edge - y) / 0.15, 0, 1) * (y > -8.5) * np.clip((z - 3) / 0.4, 0, 1)
    colour = np.array([(0.35, 0.55, 0.65), (0.75, 0.75, 0.75), (0.03, 0.03, 0.03)], np.float32)[seed % 3]
    sheet += (colour * (0.9 + 0.1 * np.sin(6 * y))[..., None] - sheet) * inside[..., None]


def before(rng: np.random.Generator, latent: Latent, image: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """The picture with the latent's hand or microphone; `marks` are the 68 points in it."""
    unit = np.linalg.norm(marks[1] - marks[15]) / 14 + 0.2
    if latent.cover == "microphone":
        return _microphone(rng, image, marks[57], unit)
    if latent.cover == "hand":
        return _hand(rng, image, marks[8], unit, np.sqrt(skin.tone(latent.person) * np.float32(0.75)))
    return image


def _microphone(rng: np.random.Generator, image: np.ndarray, lip: np.ndarray, unit: float) -> np.ndarray:
    tip = lip + np.array([rng.normal(0, 1.5), rng.uniform(0.5, 2.5)]) * unit
    image = _capsule(image, tip, tip + np.array([rng.normal(0, 3), 12]) * unit, 1.1 * unit, np.full(3, 0.05))
    return _capsule(image, tip, tip + np.array([0, 0.5]) * unit, 2.1 * unit, np.full(3, rng.uniform(0.1, 0.4)))


def _hand(rng: np.random.Generator, image: np.ndarray, chin: np.ndarray, unit: float, tone: np.ndarray) -> np.ndarray:
    root = chin + np.array([rng.choice([-1, 1]) * rng.uniform(3, 8), rng.uniform(2, 7)]) * unit
    lean = rng.uniform(-0.9, 0.9)
    for finger in (-1.5, -0.5, 0.5, 1.5):
        start, angle = root + np.array([finger * 1.7, 0]) * unit, -np.pi / 2 + lean + 0.1 * finger
        end = start + np.array([np.cos(angle), np.sin(angle)]) * (7 - abs(finger)) * unit
        image = _capsule(image, start, end, 0.95 * unit, tone)
    return _capsule(image, root, root + np.array([0, 6]) * unit, 3.4 * unit, tone * 0.95)


def _capsule(image: np.ndarray, start: np.ndarray, end: np.ndarray, radius: float, tone: np.ndarray) -> np.ndarray:
    """A rounded bar with shaded sides over the picture."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    along = end - start
    t = np.clip(((columns - start[0]) * along[0] + (rows - start[1]) * along[1]) / (along @ along + 1e-6), 0, 1)
    away = np.hypot(columns - start[0] - t * along[0], rows - start[1] - t * along[1])
    alpha = np.clip(radius - away + 0.5, 0, 1)[..., None]
    colour = tone * (0.55 + 0.45 * np.sqrt(np.clip(1 - (away / (radius + 0.5)) ** 2, 0, 1)))[..., None]
    return (image * (1 - alpha) + colour * alpha).astype(np.float32)
