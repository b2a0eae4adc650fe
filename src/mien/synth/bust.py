"""A person's head ready to be drawn: its shape at rest, its skin, eyes and hair, and how an expression changes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mien.synth import hair, skin
from mien.synth.assets import EYE, FACE, GUMS, HEAD, MOUTH, SOCKET, TEETH, Assets
from mien.synth.canvas import WRINKLES, canvas
from mien.synth.face import Latent, Person, weights
from mien.synth.noise import smooth
from mien.synth.view import rotation

PLAIN, SKIN, EYEBALL = range(3)  # how a triangle is coloured: by its vertices, by the skin's sheet, by the iris's


@dataclass(frozen=True, slots=True, eq=False)
class Bust:
    """All of a person that does not change from picture to picture."""

    neutral: np.ndarray  # (n, 3)
    skin: skin.Skin
    eye: np.ndarray  # (s, s, 3) the eyeball from the front
    streaks: np.ndarray  # (down, around) grain of the hair


@lru_cache(maxsize=3)
def of(assets: Assets, who: Person, sheet: int) -> Bust:
    """A person's bust with a skin sheet of the given side."""
    identity = np.array(who.identity[: len(assets.identity)], np.float32)
    neutral = assets.vertices + np.tensordot(identity, assets.identity[: len(identity)], 1)
    rng = np.random.default_rng((who.key, 4))
    if who.hair == "curly":
        streaks = smooth(rng, (64, 512), (30, 200))
    else:
        streaks = 0.6 * smooth(rng, (64, 512), (3, 300)) + 0.4 * smooth(rng, (64, 512), (2, 40))
    return Bust(neutral, skin.paint(who, canvas(assets, sheet)), _iris(rng, who, 96), streaks)


@lru_cache(maxsize=6)
def cap(assets: Assets, who: Person, style: str) -> hair.Shell | None:
    """A person's hair, or a hat or scarf on it."""
    return hair.cap(assets, of(assets, who, 256).neutral, who, style)


def _iris(rng: np.random.Generator, who: Person, size: int) -> np.ndarray:
    """(s, s, 3) the front of an eyeball: white with veins, dark ring, fibres, pupil."""
    rows, columns = (np.mgrid[:size, :size] + 0.5) / size * 2 - 1
    radius, angle = np.hypot(rows, columns), np.arctan2(rows, columns)
    veins = np.array([0, 0.25, 0.28]) * np.clip(radius[..., None] - 0.5, 0, 0.5)
    white = np.array([0.72, 0.66, 0.62]) * rng.uniform(0.75, 1.05) - veins
    edge, pupil = rng.uniform(0.36, 0.42), rng.uniform(0.13, 0.22)
    fibre = 0.75 + 0.4 * np.interp(angle, np.linspace(-np.pi, np.pi, 61), rng.random(61))
    colour = np.array(who.iris) * (fibre * (1.25 - 0.9 * np.clip((radius - 0.2) / 0.2, 0, 1)))[..., None]
    mix = np.clip((edge - radius) / 0.06 + 0.5, 0, 1)[..., None]
    image = white * (1 - mix) + colour * mix
    return np.ascontiguousarray(image * (1 - np.clip((pupil - radius) / 0.04 + 0.5, 0, 0.97))[..., None], np.float32)


def moved(assets: Assets, latent: Latent, neutral: np.ndarray) -> np.ndarray:
    """The head with its expression, its eyeballs turned."""
    out = neutral.copy()
    amounts = np.clip(weights(latent, assets.names) + _habit(assets, latent.person), -0.25, 1.15)
    for i, amount in enumerate(amounts):
        if abs(amount) > 0.004:
            out += amount * assets.shapes[i]
    turn = rotation(latent.gaze[0], latent.gaze[1], 0).astype(np.float32)
    for ball in eyeballs(assets):
        centre = (out[ball].max(0) + out[ball].min(0)) / 2
        out[ball] = (out[ball] - centre) @ turn.T + centre
    return out


@lru_cache(maxsize=8)
def _habit(assets: Assets, who: Person) -> np.ndarray:
    """How a person's face hangs at rest: heavy or narrow lids, pressed lips; part of no unit."""
    rng = np.random.default_rng((who.key, 8))
    habits = {"eyeBlink": rng.uniform(0, 0.22), "eyeSquint": rng.uniform(0, 0.3), "mouthPress": rng.uniform(0, 0.12)}
    return np.array([habits.get(name[:-2], 0.0) for name in assets.names], np.float32)


@lru_cache(maxsize=4)
def eyeballs(assets: Assets) -> tuple[np.ndarray, ...]:
    """Vertices of the two eyeballs, the person's left first; nothing where the head has none."""
    sides = ((assets.part == EYE) & (assets.vertices[:, 0] * side > 0) for side in (1, -1))
    return tuple(np.flatnonzero(side) for side in sides if side.any())


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Triangles that can show, and how each is coloured."""

    triangles: np.ndarray  # (m, 3) int32
    kind: np.ndarray  # (m,) PLAIN, SKIN or EYEBALL
    uv: np.ndarray  # (m, 3, 2) place of each corner on its sheet


@lru_cache(maxsize=8)
def surface(assets: Assets, parted: bool) -> Surface:
    """The head above the chest, with the inside of the mouth only if the lips are parted."""
    part = assets.part[assets.triangles]
    corners = assets.vertices[assets.triangles]
    keep = (corners[..., 1] > np.where(corners[..., 2] > 1.5, -14.0, -11.6)).all(1)
    if not parted:
        keep &= ~np.isin(part, (GUMS, TEETH, MOUTH)).all(1)
    kind = np.where((part == FACE).all(1), SKIN, np.where((part == EYE).all(1), EYEBALL, PLAIN)).astype(np.uint8)
    uv = assets.uv.copy()
    for ball in eyeballs(assets):  # the iris is seen from straight ahead
        low, high = assets.vertices[ball].min(0), assets.vertices[ball].max(0)
        flat = (assets.vertices - (low + high) / 2)[:, :2] / (high - low)[:2] * np.array([1, -1]) + 0.5
        mine = np.isin(assets.triangles, ball).all(1)
        uv[mine] = flat[assets.triangles[mine]]
    return Surface(np.ascontiguousarray(assets.triangles[keep]), kind[keep], np.ascontiguousarray(uv[keep], np.float32))


def albedo(assets: Assets, who: Person, tone: np.ndarray) -> np.ndarray:
    """(n, 3) colour of every vertex that no sheet covers: scalp, neck, mouth, teeth."""
    out = _inner(assets).copy()
    out[assets.part <= HEAD] = tone
    if who.hair != "bald":
        x, y, z = assets.vertices.T
        crown = (assets.part == HEAD) & (y > skin.hairline(np.arctan2(x, z + 1), who))
        roots = 0.55 if who.hair == "shaved" else 0.8
        out[crown] += roots * (0.8 * np.array(who.hair_colour, np.float32) - out[crown])
    return out


@lru_cache(maxsize=4)
def _inner(assets: Assets) -> np.ndarray:
    """(n, 3) colours inside the mouth and the eye sockets: the deeper the darker."""
    out = np.ones((len(assets.vertices), 3), np.float32)
    deep = np.clip((assets.vertices[:, 2:3] - 6.5) / 4.0, 0.03, 1) ** 1.3
    for part, colour in ((MOUTH, (0.16, 0.045, 0.04)), (GUMS, (0.34, 0.1, 0.09)), (TEETH, (0.72, 0.66, 0.55))):
        here = assets.part == part
        out[here] = np.array(colour, np.float32) * deep[here]
    out[assets.part == SOCKET] = (0.3, 0.12, 0.1)
    return out


def lid_shade(assets: Assets, shape: np.ndarray) -> np.ndarray:
    """(n,) the shade of the upper lids on the eyeballs, 1 elsewhere."""
    out = np.ones(len(shape), np.float32)
    for ball in eyeballs(assets):
        height = shape[ball, 1]
        out[ball] = np.clip(0.95 - 0.85 * (height - (height.max() + height.min()) / 2), 0.25, 0.9)
    return out


def depths(assets: Assets, latent: Latent) -> np.ndarray:
    """(w, 2) how deep every wrinkle is drawn on the person's left and right half."""
    values = dict(zip(assets.names, weights(latent, assets.names), strict=True))
    rng = np.random.default_rng((latent.person.key, 6))
    own = rng.uniform(0.35, 1.0, len(WRINKLES)) * (0.55 + 0.6 * latent.person.age)
    sides = [[values.get(name + side, values.get(name, 0.0)) for side in ("_L", "_R")] for name, *_ in WRINKLES]
    return np.array(sides) * own[:, None]
