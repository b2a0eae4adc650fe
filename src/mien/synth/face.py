"""What a picture of a face is made of, and how to draw one by chance: the person, the expression, pose, light."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from mien.circumplex import CENTRES
from mien.labels import ACTION_UNITS, EXPRESSIONS

UNITS = ACTION_UNITS.names
HAIR = ("bald", "shaved", "short", "side", "bob", "long", "tied", "ring", "curly")
HEADWEAR = ("none", "hat", "scarf", "hood")
BEARD = ("none", "stubble", "moustache", "goatee", "full")

# The shapes that an action unit at full strength moves; AU25 is no shape, it is read from the distance of the lips.
SHAPES: dict[str, dict[str, float]] = {
    "AU01": {"browInnerUp": 1.0},
    "AU02": {"browOuterUp": 1.0},
    "AU04": {"browDown": 1.0, "eyeSquint": 0.1},
    "AU05": {"eyeWide": 1.0, "eyeBlink": -0.2},
    "AU06": {"cheekSquint": 1.0, "cheekRaiser": 0.25, "eyeSquint": 0.3},
    "AU07": {"eyeSquint": 1.0, "eyeBlink": 0.14},
    "AU09": {"noseSneer": 1.0},
    "AU10": {"mouthUpperUp": 1.0, "noseSneer": 0.12},
    "AU12": {"mouthSmile": 1.0},
    "AU14": {"mouthDimple": 1.0},
    "AU15": {"mouthFrown": 1.0},
    "AU16": {"mouthLowerDown": 1.0},
    "AU17": {"mouthShrugLower": 0.8, "mouthShrugUpper": 0.25},
    "AU18": {"mouthPucker": 0.8},
    "AU20": {"mouthStretch": 1.0},
    "AU22": {"mouthFunnel": 0.7},
    "AU23": {"mouthPress": 0.35, "mouthPucker": 0.3, "mouthRollUpper": 0.4, "mouthRollLower": 0.4},
    "AU24": {"mouthPress": 1.0, "mouthRollLower": 0.12, "mouthShrugLower": 0.3},
    "AU25": {"mouthLowerDown": 0.35, "mouthUpperUp": 0.2, "jawOpen": 0.06},
    "AU26": {"jawOpen": 0.6},
    "AU28": {"mouthRollLower": 0.8, "mouthRollUpper": 0.6},
    "AU43": {"eyeBlink": 1.0},
}

# EMFACS: units that always belong to an expression with their usual strength, and units that come along at times.
PROTOTYPES: dict[str, tuple[dict[str, float], dict[str, float]]] = {
    "neutral": ({}, {}),
    "happiness": ({"AU06": 0.7, "AU12": 0.95}, {"AU25": 0.7, "AU26": 0.35, "AU07": 0.3, "AU10": 0.2}),
    "sadness": ({"AU01": 0.9, "AU04": 0.55, "AU15": 0.9}, {"AU17": 0.6, "AU07": 0.3, "AU24": 0.2, "AU43": 0.25}),
    "surprise": ({"AU01": 0.9, "AU02": 0.9, "AU05": 0.8, "AU26": 0.75}, {"AU25": 0.6, "AU22": 0.2}),
    "fear": (
        {"AU01": 0.9, "AU02": 0.6, "AU04": 0.6, "AU05": 0.9, "AU20": 0.8},
        {"AU25": 0.7, "AU26": 0.4, "AU07": 0.4},
    ),
    "disgust": (
        {"AU09": 0.9, "AU10": 0.7},
        {"AU04": 0.5, "AU07": 0.5, "AU15": 0.4, "AU17": 0.5, "AU25": 0.4, "AU16": 0.4},
    ),
    "anger": (
        {"AU04": 0.95, "AU07": 0.6, "AU05": 0.35},
        {"AU23": 0.6, "AU24": 0.6, "AU10": 0.35, "AU17": 0.3, "AU09": 0.25},
    ),
    "contempt": ({"AU12": 0.45, "AU14": 0.95}, {"AU24": 0.2, "AU10": 0.15}),
}


@dataclass(frozen=True, slots=True)
class Person:
    """What stays from picture to picture; `key` seeds every texture of this head."""

    key: int
    identity: tuple[float, ...]
    melanin: float  # 0 very pale … 1 very dark
    blood: float  # redness of the skin
    age: float  # 0 smooth … 1 deep static lines
    female: float  # 0 … 1, likelihood of beard and make-up only
    iris: tuple[float, float, float]
    hair: str
    hair_colour: tuple[float, float, float]
    length: float  # of the hair within its style
    beard: str
    makeup: float
    brow: float  # strength of the brows


@dataclass(frozen=True, slots=True)
class Light:
    """One main light and the sky around; colours are linear."""

    direction: tuple[float, float, float] = (0.3, 0.5, 0.8)
    colour: tuple[float, float, float] = (0.8, 0.77, 0.72)
    ambient: tuple[float, float, float] = (0.35, 0.36, 0.38)
    hardness: float = 0.8


@dataclass(frozen=True, slots=True)
class Latent:
    """All that a picture shows; `seed` draws what has no field of its own (background, clothes, camera faults)."""

    person: Person
    left: tuple[tuple[str, float], ...] = ()  # (unit, strength) on the person's left half, in any unit of SHAPES
    right: tuple[tuple[str, float], ...] = ()
    extra: tuple[tuple[str, float], ...] = ()  # (shape, weight): mouth sideways, cheeks puffed, …
    expression: int = -1
    gaze: tuple[float, float] = (0.0, 0.0)  # degrees to the image's right and up
    pose: tuple[float, float, float] = (0.0, 0.0, 0.0)  # yaw to the image's right, pitch up, roll clockwise; degrees
    light: Light = field(default_factory=Light)
    distance: float = 80.0  # of the camera
    fill: float = 0.67  # face height over image height
    shift: tuple[float, float] = (0.0, 0.0)  # of the face's centre, over image size
    glasses: str = "none"  # none, thin, thick, sun
    headwear: str = "none"
    cover: str = "none"  # none, hand, microphone, mask
    steady: bool = False  # frame the head as if at rest, for film
    grade: float = 1.0  # strength of camera faults
    seed: int = 0


def units(latent: Latent) -> dict[str, float]:
    """Every unit's strength: the mean of both halves, a one-sided unit at half."""
    left, right = dict(latent.left), dict(latent.right)
    return {name: (left.get(name, 0.0) + right.get(name, 0.0)) / 2 for name in SHAPES}


def weights(latent: Latent, names: tuple[str, ...]) -> np.ndarray:
    """The expression shapes' weights, in the order of the head's names; below 0 only for lids opened beyond rest."""
    total = np.zeros(len(names), np.float32)
    place = {name: i for i, name in enumerate(names)}
    for side, strengths in (("_L", latent.left), ("_R", latent.right)):
        for unit, strength in strengths:
            for shape, share in SHAPES[unit].items():
                if shape in place:
                    total[place[shape]] += strength * share / 2
                elif shape + side in place:
                    total[place[shape + side]] += strength * share
    for shape, weight in latent.extra:
        if shape in place:
            total[place[shape]] += weight
    return np.clip(total, -0.25, 1.15)


def person(rng: np.random.Generator, key: int) -> Person:
    """A head drawn by chance over the human range."""
    identity = rng.normal(0, 0.95, 100)
    female = float(rng.random() < 0.5)
    melanin = float(np.clip(rng.beta(1.1, 1.5), 0.02, 0.98))
    age = float(rng.beta(1.2, 2.2))
    hair = str(rng.choice(HAIR, p=_hair_odds(female > 0.5)))
    beard = "none" if female > 0.5 else str(rng.choice(BEARD, p=(0.5, 0.2, 0.09, 0.09, 0.12)))
    return Person(
        key,
        tuple(float(w) for w in identity),
        melanin,
        float(rng.uniform(0.1, 1.0)),
        age,
        female,
        _iris(rng, melanin),
        hair,
        _hair_colour(rng, melanin, age),
        float(rng.random()),
        beard,
        float(rng.random() * (rng.random() < 0.6)) if female > 0.5 else 0.0,
        float(rng.uniform(0.35, 1.0)),
    )


def _hair_odds(female: bool) -> tuple[float, ...]:
    """Chance of every style of HAIR, in its order."""
    if female:
        return (0.02, 0.02, 0.1, 0.18, 0.2, 0.27, 0.15, 0.0, 0.06)
    return (0.09, 0.15, 0.42, 0.14, 0.03, 0.04, 0.02, 0.06, 0.05)


def _iris(rng: np.random.Generator, melanin: float) -> tuple[float, float, float]:
    """Brown for most, and blue, green or grey for some of the pale."""
    brown = np.array([0.16, 0.07, 0.03]) * rng.uniform(0.3, 1.3)
    pale = np.array([[0.16, 0.24, 0.34], [0.16, 0.2, 0.12], [0.22, 0.24, 0.25]])[rng.integers(3)]
    light = rng.random() > melanin * 2 + 0.25
    r, g, b = (pale * rng.uniform(0.6, 1.2) if light else brown).tolist()
    return r, g, b


def _hair_colour(rng: np.random.Generator, melanin: float, age: float) -> tuple[float, float, float]:
    """Linear colour from two pigments; grey with age, dyed at times."""
    dark = np.clip(rng.normal(0.45 + 0.9 * melanin, 0.3), 0.05, 1.3)
    red = rng.uniform(0, 1) ** 3
    colour = np.exp(-(np.array([2.35, 2.85, 3.5]) * dark + np.array([0.1, 0.55, 1.0]) * red)) * 0.7
    if rng.random() < age * 1.1 - 0.15:
        colour += (np.array([0.45, 0.45, 0.44]) - colour) * rng.uniform(0.4, 1)
    if rng.random() < 0.03:
        colour = rng.uniform(0.05, 0.6, 3)
    r, g, b = colour.tolist()
    return r, g, b


def expression(rng: np.random.Generator, latent: Latent) -> Latent:
    """The latent with an expression drawn by chance: a prototype, a prototype with noise, or any few units."""
    index = -1 if rng.random() < 0.42 else int(rng.integers(len(EXPRESSIONS.names)))
    strengths: dict[str, float] = {}
    if index >= 0:
        always, sometimes = PROTOTYPES[EXPRESSIONS.names[index]]
        level = rng.uniform(0.35, 1.15)
        strengths = {name: level * usual * rng.uniform(0.7, 1.2) for name, usual in always.items()}
        strengths |= {n: level * usual * rng.uniform(0.4, 1.4) for n, usual in sometimes.items() if rng.random() < 0.5}
        if rng.random() < 0.25:
            strengths |= {str(rng.choice(list(SHAPES))): rng.uniform(0, 0.35)}
    else:
        for name in rng.choice(list(SHAPES), rng.integers(1, 6), replace=False):
            strengths[str(name)] = float(rng.uniform(0.15, 1.0))
    if "AU43" not in strengths and rng.random() < 0.08:
        strengths["AU43"] = float(rng.uniform(0.4, 1.0))
    if rng.random() < 0.12:  # speaking
        strengths["AU26"] = max(strengths.get("AU26", 0), float(rng.uniform(0, 0.35)))
        strengths[str(rng.choice(["AU22", "AU18", "AU25", "AU20"]))] = float(rng.uniform(0.2, 0.7))
    strengths = {name: float(np.clip(value, 0, 1)) for name, value in strengths.items()}
    lean = 1.0 if EXPRESSIONS.names[index] == "contempt" and index >= 0 else float(abs(rng.normal(0, 0.12)))
    strong = tuple(strengths.items())
    weak = tuple((n, v * (1 - min(lean, 1))) for n, v in strengths.items())
    left, right = (strong, weak) if rng.random() < 0.5 else (weak, strong)
    return replace(latent, left=left, right=right, extra=_extra(rng), expression=index)


def _extra(rng: np.random.Generator) -> tuple[tuple[str, float], ...]:
    """Movements that are no unit here, so that a net learns to look past them."""
    sideways = (("mouthLeft", 0.5), ("mouthRight", 0.5), ("jawLeft", 0.5), ("jawRight", 0.5), ("jawForward", 0.5))
    found = [(name, float(rng.uniform(0.1, most))) for name, most in sideways if rng.random() < 0.03]
    if rng.random() < 0.03:
        puff = float(rng.uniform(0.2, 0.8))
        found += [("cheekPuff_L", puff), ("cheekPuff_R", puff)]
    return tuple(found)


def light(rng: np.random.Generator) -> Light:
    """Daylight, lamps, flash and dusk: from any side, mostly from above."""
    around, up = rng.normal(0, 0.9), rng.normal(0.45, 0.4)
    direction = np.array([np.sin(around) * np.cos(up), np.sin(up), np.cos(around) * np.cos(up)])
    warmth = rng.normal(0, 0.06)
    tint = np.array([1 + warmth, 1.0, 1 - warmth])
    share = rng.beta(2, 2)
    level = 1.05 * np.exp(rng.normal(0, 0.18))
    main = level * (0.35 + 0.85 * share) * tint
    sky = level * (0.75 - 0.5 * share) * np.array([1 - warmth * 0.7, 1.0, 1 + warmth * 0.7])
    return Light(tuple(direction.tolist()), tuple(main.tolist()), tuple(sky.tolist()), float(rng.random()))


def sample(rng: np.random.Generator, who: Person | None = None) -> Latent:
    """One picture by chance, of the given person or of anyone."""
    who = who or person(rng, int(rng.integers(2**31)))
    frontal = rng.random() < 0.55
    yaw = float(np.clip(rng.normal(0, 11) if frontal else rng.uniform(-60, 60), -60, 60))
    pitch = float(np.clip(rng.normal(0, 8 if frontal else 13), -35, 35))
    roll = float(np.clip(rng.normal(0, 6 if rng.random() < 0.85 else 22), -60, 60))
    away = rng.random() < 0.3
    latent = Latent(
        who,
        gaze=(float(rng.normal(-0.3 * yaw, 11 if away else 4)), float(rng.normal(-0.3 * pitch, 7 if away else 3))),
        pose=(yaw, pitch, roll),
        light=light(rng),
        distance=float(np.exp(rng.uniform(np.log(40), np.log(200)))),
        fill=float(rng.uniform(0.62, 0.72)),
        shift=(float(rng.normal(0, 0.02)), float(rng.normal(0.02, 0.02))),
        glasses=str(rng.choice(["none", "thin", "thick", "sun"], p=(0.82, 0.09, 0.06, 0.03))),
        headwear=str(
            rng.choice(HEADWEAR, p=(0.86, 0.06, 0.05 if who.female > 0.5 else 0.02, 0.03 if who.female > 0.5 else 0.06))
        ),
        cover=str(rng.choice(["none", "hand", "microphone", "mask"], p=(0.93, 0.03, 0.03, 0.01))),
        seed=int(rng.integers(2**31)),
    )
    return expression(rng, latent)


def affect(latent: Latent) -> tuple[float, float]:
    """Valence and arousal *derived* from the units: the centres of the prototypes that they resemble, by strength."""
    now = np.array([value for name, value in units(latent).items() if name != "AU43"])
    names = [name for name in SHAPES if name != "AU43"]
    total, pull = np.zeros(2), 0.0
    for (expression_name, (always, sometimes)), centre in zip(PROTOTYPES.items(), CENTRES, strict=True):
        if not always:
            continue
        usual = {**{n: 0.4 * v for n, v in sometimes.items()}, **always}
        goal = np.array([usual.get(name, 0.0) for name in names])
        if expression_name == "contempt":
            goal = goal / 2
        match = max(0.0, float(now @ goal / (np.linalg.norm(now) * np.linalg.norm(goal) + 1e-9))) ** 6
        level = min(1.0, float(now @ goal / (goal @ goal)))
        total += match * level * centre
        pull += match
    scale = min(1.0, pull * 1.6) / (pull + 1e-9)
    return float(total[0] * scale), float(total[1] * scale)
