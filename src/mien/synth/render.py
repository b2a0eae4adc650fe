"""A latent becomes a picture with its exact labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mien.synth import backdrop, bust, camera, cover, hair, raster, skin
from mien.synth.assets import EYE, Assets, visibility
from mien.synth.bust import EYEBALL, Bust
from mien.synth.canvas import canvas
from mien.synth.face import UNITS, Latent, affect, units
from mien.synth.layers import Layers, Stuff, lit, wear
from mien.synth.noise import smooth
from mien.synth.view import View, bounds, frame


@dataclass(frozen=True, slots=True)
class RenderedFace:
    """A picture of one face and what is true of it. Valence and arousal are derived from the units."""

    image: np.ndarray  # (h, w, 3) uint8 RGB
    alpha: np.ndarray  # (h, w) uint8, head with hair and body
    box: np.ndarray  # (4,) x y w h: middle of the forehead to chin, cheek to cheek
    points: np.ndarray  # (5, 2) eyes (left in the image first), nose tip, mouth corners (same order)
    pose: np.ndarray  # (3,) yaw pitch roll in degrees
    aus: np.ndarray  # (12,) 0…1
    expression: int  # index into EXPRESSIONS, -1 for a mixture
    valence: float
    arousal: float


def render(
    assets: Assets, latent: Latent, size: int | tuple[int, int] = 112, background: np.ndarray | None = None
) -> RenderedFace:
    """The picture of a latent, always the same for the same latent and size; a background is (h, w, 3) in [0, 1]."""
    height, width = (size, size) if isinstance(size, int) else size
    rng = np.random.default_rng((latent.seed, 5))
    sheet = next((side for side in (256, 512) if height * latent.fill < side * 0.5), 1024)
    person = bust.of(assets, latent.person, sheet)
    moved = bust.moved(assets, latent, person.neutral)
    view = frame(assets, latent, moved, (height * 2, width * 2))
    layers = Layers.empty(height * 2, width * 2)
    _head(layers, assets, latent, person, moved, view)
    _dress(layers, assets, latent, person, view, rng)
    colour, alpha = layers.halved()
    ground = _ground(rng, (height, width)) if background is None else background
    image = np.sqrt(_film(colour + ground * ground * (1 - alpha)))
    image = cover.before(rng, latent, image, _marks(assets, moved, view))
    valence, arousal = affect(latent)
    return RenderedFace(
        camera.take(rng, image, latent.grade),
        (alpha[..., 0] * 255 + 0.5).astype(np.uint8),
        _box(assets, moved, view),
        _points(_marks(assets, moved, view)),
        np.array(latent.pose, np.float32),
        _strengths(assets, latent, moved),
        latent.expression,
        valence,
        arousal,
    )


def _ground(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """A background, as often as not out of focus."""
    ground = backdrop.draw(rng, shape)
    return camera.blur(ground, rng.uniform(0.5, 2.5) * shape[0] / 112) if rng.random() < 0.5 else ground


def _film(linear: np.ndarray) -> np.ndarray:
    """Soft shoulder, as film and cameras have, instead of hard clipping."""
    linear = np.maximum(linear, 0)
    return linear * (1 + 0.15 * linear) / (1 + 0.55 * linear) * 1.25


def _head(layers: Layers, assets: Assets, latent: Latent, person: Bust, moved: np.ndarray, view: View) -> None:
    """Skin, eyes, mouth."""
    shown = bust.surface(assets, _gap(assets, moved) > 0.02)
    world = view.place(moved)
    normal = np.empty_like(world)
    raster.normals(world, shown.triangles, normal)
    oil = 0.05 + 0.06 * (latent.person.key % 97) / 97
    light, gloss = lit(latent.light, normal, visibility(assets), view, oil)
    gloss[assets.part == EYE] = 0
    light *= bust.lid_shade(assets, moved)[:, None]
    on = canvas(assets, len(person.skin.sheet))
    sheet = skin.worn(person.skin, on, bust.depths(assets, latent))
    if latent.cover == "mask":
        cover.mask(sheet, on.place, latent.seed)
    hit, share = layers.hit(view.screen(world), shown.triangles, False)
    albedo = bust.albedo(assets, latent.person, person.skin.tone)
    raster.shade(
        hit, share, shown.triangles, shown.uv, shown.kind, albedo, light, gloss, sheet, person.eye, layers.colour
    )
    layers.alpha[hit >= 0] = 1
    eye = (hit >= 0) & (shown.kind[np.maximum(hit, 0)] == EYEBALL)
    for ball in bust.eyeballs(assets):
        _catchlight(layers, latent, world[ball], view, eye)


def _catchlight(layers: Layers, latent: Latent, ball: np.ndarray, view: View, eye: np.ndarray) -> None:
    """The lamp mirrored in an eyeball."""
    half = np.array(latent.light.direction) / np.linalg.norm(latent.light.direction) + np.array([0, 0, 1])
    half /= np.linalg.norm(half)
    centre, radius = (ball.max(0) + ball.min(0)) / 2, np.ptp(ball[:, 0]) / 2
    spot = (centre + half * radius * np.array([0.55, 0.55, 1]))[None].astype(np.float32)
    x, y, near = view.screen(spot)[0]
    size = 0.16 * view.scale * near
    top, left = max(int(y - 3 * size), 0), max(int(x - 3 * size), 0)
    area = slice(top, max(int(y + 3 * size) + 2, 0)), slice(left, max(int(x + 3 * size) + 2, 0))
    rows, columns = np.indices(eye[area].shape)
    glow = np.exp(-((rows + top - y) ** 2 + (columns + left - x) ** 2) / size**2) * eye[area]
    layers.colour[area] += (0.9 * glow)[..., None] * np.array(latent.light.colour, np.float32)


def _dress(layers: Layers, assets: Assets, latent: Latent, person: Bust, view: View, rng: np.random.Generator) -> None:
    """Clothes, hair or hat, glasses: each over what lies behind it."""
    print_ = smooth(rng, (64, 512), (int(rng.integers(2, 30)), int(rng.integers(2, 200)))) * rng.uniform(0, 0.4)
    cloth = Stuff(backdrop.colour(rng, 0.5) ** 2, print_, 0.08, under=person.skin.tone)
    wear(layers, latent.light, hair.torso(assets, person.neutral, rng), cloth, view)
    locks = bust.cap(assets, latent.person, latent.person.hair)
    if locks is not None and latent.headwear not in ("scarf", "hood"):
        stuff = Stuff(np.array(latent.person.hair_colour), person.streaks, 1.0, 0.25)
        wear(layers, latent.light, locks.inside_out(), stuff, view, two_sided=False)
        wear(layers, latent.light, locks, stuff, view, two_sided=False)
    hat = bust.cap(assets, latent.person, latent.headwear) if latent.headwear != "none" else None
    if hat is not None:
        wear(layers, latent.light, hat, Stuff(backdrop.colour(rng, 0.6) ** 2, print_[::-1], 0.1), view)
    if latent.glasses != "none":
        _glasses(layers, assets, latent, person, view, rng)


def _glasses(
    layers: Layers, assets: Assets, latent: Latent, person: Bust, view: View, rng: np.random.Generator
) -> None:
    thick = {"thin": 0.07, "sun": 0.13}.get(latent.glasses, 0.2)
    rim, lens = hair.glasses(person.neutral, assets.landmarks, rng, thick)
    tint = rng.uniform(0.01, 0.06, 3) if rng.random() < 0.7 else backdrop.colour(rng, 0.5)
    flat = np.zeros((2, 2), np.float32)
    wear(layers, latent.light, rim, Stuff(tint, flat, shine=0.12, hemmed=False), view)
    clear = rng.uniform(0.03, 0.25) if latent.glasses == "sun" else rng.uniform(0.9, 1.0)
    glass = tint * (6 if rng.random() < 0.2 and latent.glasses != "sun" else 0.5)
    wear(layers, latent.light, lens, Stuff(glass, flat, shine=0.1, clear=clear, hemmed=False), view)


def _gap(assets: Assets, moved: np.ndarray) -> float:
    """Distance of the lips at their middle, in the head's units, beyond that of the mean head at rest."""
    return _parted(moved[assets.landmarks]) - _rest(assets)


def _parted(points: np.ndarray) -> float:
    return float(np.mean(points[[61, 62, 63], 1] - points[[67, 66, 65], 1]))


@lru_cache(maxsize=4)
def _rest(assets: Assets) -> float:
    return _parted(assets.points())


def _strengths(assets: Assets, latent: Latent, moved: np.ndarray) -> np.ndarray:
    """(12,) the units as shown; parted lips are measured on the moved head: 0.26 at 3 mm, 0.8 at a centimetre."""
    found = units(latent)
    found["AU25"] = 1 - float(np.exp(-max(0.0, _gap(assets, moved) - 0.1) / 0.6))
    return np.array([min(1.0, found[name]) for name in UNITS], np.float32)


def _marks(assets: Assets, moved: np.ndarray, view: View) -> np.ndarray:
    """(68, 2) landmarks in the picture."""
    return (view.seen(moved[assets.landmarks]) + 0.5) / 2 - 0.5


def _points(marks: np.ndarray) -> np.ndarray:
    eyes = marks[36:42].mean(0), marks[42:48].mean(0)
    return np.stack([*eyes, marks[30], marks[48], marks[54]]).astype(np.float32)


def _box(assets: Assets, moved: np.ndarray, view: View) -> np.ndarray:
    seen = (view.seen(moved[bounds(assets)]) + 0.5) / 2
    low, high = seen.min(0), seen.max(0)
    return np.concatenate([low, high - low]).astype(np.float32)
