"""The look of one person's skin: pigment, blood, freckles, lips, brows, lashes, beard, make-up and lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.synth.canvas import WRINKLES, Canvas
from mien.synth.face import Person
from mien.synth.noise import cloud, smooth

# How much red, green and blue light a unit of pigment and of blood swallows.
_MELANIN = np.array([0.70, 0.92, 1.14], np.float32)
_BLOOD = np.array([0.05, 0.42, 0.34], np.float32)
_PALE = np.array([0.86, 0.66, 0.54], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Skin:
    """Linear albedo on the sheet, and the plain tone for what has no sheet (ears' backs, scalp, neck)."""

    sheet: np.ndarray  # (s, s, 3)
    tone: np.ndarray  # (3,)


def tone(who: Person) -> np.ndarray:
    """The plain linear albedo of a person's skin."""
    return albedo(_pigment(who), 0.25 + 0.35 * who.blood)


def _pigment(who: Person) -> float:
    return 0.06 + 2.3 * who.melanin**1.5


def albedo(pigment: np.ndarray | float, blood: np.ndarray | float) -> np.ndarray:
    """(…, 3) linear colour of skin with so much of each."""
    melanin, haem = (np.asarray(amount, np.float32)[..., None] for amount in (pigment, blood))
    return _PALE * np.exp(-melanin * _MELANIN - haem * _BLOOD)


def paint(who: Person, on: Canvas) -> Skin:
    """The skin of a person; the same for the same key."""
    rng = np.random.default_rng((who.key, 1))
    shape = on.lips.shape
    x, y, z = np.moveaxis(on.place, -1, 0)
    front = np.clip((z - 2) / 4, 0, 1) * np.clip((y + 9) / 3, 0, 1)
    base = _pigment(who)
    pigment = base * (1 + front * (0.10 * cloud(rng, shape, 5) + 0.08 * cloud(rng, shape, 40, 2)))
    blood = 0.25 + 0.35 * who.blood + front * 0.12 * cloud(rng, shape, 7)
    flush = who.blood * rng.uniform(0.1, 0.6) + who.makeup * 0.3
    blood += flush * np.exp(-(((np.abs(x) - 4.2) / 1.7) ** 2) - ((y + 0.3) / 1.7) ** 2) * front
    blood += rng.uniform(0.1, 0.5) * who.blood * np.exp(-((x / 1.2) ** 2) - ((y - 0.2) / 1.2) ** 2) * front
    pigment += rng.uniform(0, 0.25) * (0.4 + base * 0.5) * _around_eyes(x, y) * front
    pigment += _spots(rng, shape, who) * front
    sheet = albedo(pigment, blood)
    sheet *= (1 + 0.035 * front * rng.standard_normal(shape, dtype=np.float32))[..., None]
    _lips(rng, who, on, sheet, base)
    _makeup(rng, who, sheet, x, y, front)
    _lines(rng, who, on, sheet)
    _hairs(rng, who, on, sheet)
    sheet *= (1 - 0.75 * on.nostril)[..., None]
    return Skin(np.ascontiguousarray(np.clip(sheet, 0.004, 0.95), np.float32), tone(who))


def _around_eyes(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.exp(-(((np.abs(x) - 3) / 2.0) ** 2) - ((y - 2.6) / 1.5) ** 2)


def _spots(rng: np.random.Generator, shape: tuple[int, int], who: Person) -> np.ndarray:
    """Freckles of the pale and a few moles of anyone."""
    out = np.zeros(shape, np.float32)
    if who.melanin < 0.45 and rng.random() < 0.2:
        grain = np.maximum(smooth(rng, shape, (150, 150)) * (0.7 + 0.3 * cloud(rng, shape, 6)) - 0.35, 0)
        out += grain * rng.uniform(0.2, 1.0)
    rows, columns = np.mgrid[: shape[0], : shape[1]] / shape[0]
    for _ in range(rng.poisson(1.5)):
        cy, cx, radius = rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8), rng.uniform(0.002, 0.005)
        out += 1.5 * np.exp(-((rows - cy) ** 2 + (columns - cx) ** 2) / radius**2)
    return out


def _lips(rng: np.random.Generator, who: Person, on: Canvas, sheet: np.ndarray, base: float) -> None:
    colour = albedo(base * 0.9 + 0.12, rng.uniform(0.9, 1.7))
    if who.makeup > 0.15:
        stick = np.array([rng.uniform(0.3, 0.75), rng.uniform(0.02, 0.2), rng.uniform(0.03, 0.2)])
        colour = colour + (stick * np.exp(-0.35 * base) - colour) * who.makeup
    amount = (on.lips * rng.uniform(0.75, 1.0))[..., None]
    sheet += (colour * (1 + 0.08 * smooth(rng, on.lips.shape, (4, on.lips.shape[1] // 3)))[..., None] - sheet) * amount
    sheet *= (1 - 0.45 * on.lipline)[..., None]


def _makeup(
    rng: np.random.Generator, who: Person, sheet: np.ndarray, x: np.ndarray, y: np.ndarray, front: np.ndarray
) -> None:
    if who.makeup < 0.2:
        return
    shadow = np.exp(-(((np.abs(x) - 3.3) / 1.5) ** 2) - ((y - 4.5) / 0.55) ** 2) * front * who.makeup
    sheet *= 1 - shadow[..., None] * rng.uniform(0.1, 0.75, 3).astype(np.float32)


def _lines(rng: np.random.Generator, who: Person, on: Canvas, sheet: np.ndarray) -> None:
    """Lines that stay at rest: deeper with age, each person's own."""
    for i, (shape, *_) in enumerate(WRINKLES):
        depth = who.age**1.5 * rng.uniform(0, 0.55)
        if shape in ("mouthSmile", "eyeSquint"):
            depth += 0.12 * rng.random()
        if depth > 0.03:
            sheet *= 1 - np.clip(depth * (on.wrinkles[i, 0] + on.wrinkles[i, 1]), 0, 0.7)[..., None]


def _hairs(rng: np.random.Generator, who: Person, on: Canvas, sheet: np.ndarray) -> None:
    """Brows, lashes, beard and the shadow of the scalp's hair."""
    shape = on.lips.shape
    hair = np.array(who.hair_colour, np.float32)
    dark = hair * np.float32(rng.uniform(0.35, 0.9))
    along, across = on.brow[..., 0], on.brow[..., 1] + rng.uniform(-0.25, 0.25)
    across = across / rng.uniform(0.65, 1.25)
    ends = np.clip((along - 0.02) / 0.12, 0, 1) * np.clip((rng.uniform(0.85, 1.05) - along) / 0.25, 0, 1)
    grain = 0.8 + 0.35 * smooth(rng, shape, (shape[0] // 4, shape[1] // 2))
    brow = np.clip(1.25 - across**2, 0, 1) * ends * grain * (0.35 + 0.65 * who.brow)
    _blend(sheet, dark, brow)
    lash = np.clip(on.lash * (0.85 + 0.5 * who.makeup), 0, 1) * (0.9 if who.female > 0.5 else 0.75)
    _blend(sheet, np.array([0.02, 0.015, 0.012], np.float32), lash)
    _blend(sheet, np.array([0.05, 0.03, 0.025], np.float32), on.lower_lash * (0.35 + 0.4 * who.makeup))
    _blend(sheet, hair * 0.7, _beard(rng, who, on) * (0.75 + 0.3 * smooth(rng, shape, (shape[0] // 3, shape[1] // 3))))
    _blend(sheet, hair * 0.8, _scalp(who, on))


def _blend(sheet: np.ndarray, colour: np.ndarray, amount: np.ndarray) -> None:
    sheet += (colour - sheet) * np.clip(amount, 0, 0.97)[..., None]


def _beard(rng: np.random.Generator, who: Person, on: Canvas) -> np.ndarray:
    """0…1 where the beard grows, by its style."""
    x, y, z = np.moveaxis(on.place, -1, 0)
    wide = np.abs(x)
    jaw = np.clip((-1.6 - 0.35 * np.maximum(0, 4.5 - wide) + 0.75 * np.maximum(0, wide - 5.2) - y) / 0.9, 0, 1)
    jaw *= (
        np.clip((y + 9.5) / 1.5, 0, 1)
        * (z > 1.5)
        * np.clip(1.3 - np.exp(-(((y + 5.1) / 0.35) ** 2) - (wide - 1.6) ** 2), 0, 1)
    )
    upper = (
        np.exp(-((wide / 2.3) ** 4)) * np.clip((-1.35 - y) / 0.3, 0, 1) * np.clip((y + 3.3 + 0.1 * wide) / 0.4, 0, 1)
    )
    upper *= z > 7
    chin = np.exp(-((wide / 1.9) ** 4)) * np.clip((-4.5 - y) / 0.5, 0, 1) * np.clip((y + 9) / 1, 0, 1) * (z > 5)
    sides = (
        np.exp(-(((wide - 2.75) / 0.5) ** 2))
        * np.clip((-2.2 - y) / 0.6, 0, 1)
        * np.clip((y + 6.5) / 1.5, 0, 1)
        * (z > 6)
    )
    style = {"none": 0 * upper, "stubble": 0.4 * np.maximum(jaw, upper), "moustache": upper}
    style |= {"goatee": np.maximum(np.maximum(chin, upper), sides), "full": np.maximum(jaw, np.maximum(upper, sides))}
    faint = 0.0 if who.female > 0.5 else rng.uniform(0, 0.18)
    grown = np.maximum(style[who.beard] * rng.uniform(0.75, 1), faint * np.maximum(jaw, upper))
    return grown * (1 - on.lips)


def _scalp(who: Person, on: Canvas) -> np.ndarray:
    """Shade of hair roots above the hairline, so that the cap has no hard edge."""
    if who.hair == "bald":
        return np.zeros_like(on.lips)
    x, y, z = np.moveaxis(on.place, -1, 0)
    line = hairline(np.arctan2(x, z + 1.0), who)
    return np.clip((y - line) / 1.2, 0, 1) * (0.55 if who.hair == "shaved" else 0.8) * (y > 0)


def hairline(theta: np.ndarray, who: Person) -> np.ndarray:
    """Height of the hairline around the head (theta 0: front), by the person; the ring of the half-bald is low."""
    turn = np.abs(theta)
    front = 10.6 + (1.6 * who.age if who.female < 0.5 else 0)
    height = np.interp(
        turn, [0, 0.45, 0.8, 1.05, 1.25, 1.5, 1.9, 2.3, 3.2], [front, front + 0.1, 9.0, 7.0, 3.0, 2.5, 0.5, -3.5, -4.5]
    )
    return height if who.hair != "ring" else np.minimum(height, 6.0) * (turn > 1.0) + 40.0 * (turn <= 1.0)


def worn(skin: Skin, on: Canvas, depths: np.ndarray) -> np.ndarray:
    """The sheet with the lines that an expression draws; `depths` is (w, 2) by wrinkle and side."""
    dark = np.zeros(on.lips.shape, np.float32)
    for i, side in zip(*np.nonzero(depths > 0.03), strict=True):
        area = on.areas[i][side]
        dark[area] += np.float32(depths[i, side]) * on.wrinkles[i, side][area]
    sheet = skin.sheet * (1 - np.minimum(dark, np.float32(0.75)))[..., None]
    return np.ascontiguousarray(sheet)
