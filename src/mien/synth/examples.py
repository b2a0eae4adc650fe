"""The pictures and the film that ship with the package: people who do not exist."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from mien.io.whole import folder, whole
from mien.synth import backdrop, camera, raster, scene
from mien.synth.assets import Assets
from mien.synth.face import PROTOTYPES, Latent, Light, person
from mien.synth.render import render

_SOFT = Light((0.5, 0.5, 0.8), (1.15, 1.08, 1.0), (0.5, 0.52, 0.56), 0.75)
_PORTRAITS = (
    ("happiness", 147, "none", (8.0, 2.0, -3.0)),
    ("surprise", 100, "none", (-9.0, 3.0, 2.0)),
    ("neutral", 141, "thin", (4.0, 0.0, 0.0)),
    ("sadness", 106, "none", (-14.0, -7.0, 4.0)),
)
_GROUP = (
    *((139, "happiness"), (110, "neutral"), (115, "happiness"), (119, "surprise")),
    *((103, "happiness"), (147, "happiness"), (145, "neutral")),
)
_SECONDS, _RATE, _SHAPE = 10, 20, (360, 640)


@dataclass(frozen=True, slots=True)
class _Role:
    """Somebody in the film: what is felt when (second, expression, strength), and where."""

    key: int
    place: float  # across the picture
    moods: tuple[tuple[float, str, float], ...]
    walk: tuple[tuple[float, float], ...] = ((0.0, 0.0),)  # (second, shift across the picture)


_CAST = (
    _Role(
        100,
        0.28,
        (
            *((0.0, "neutral", 0), (1.0, "neutral", 0), (2.0, "happiness", 1), (3.5, "happiness", 0.9)),
            *((4.3, "neutral", 0), (5.2, "surprise", 1), (6.4, "surprise", 0.9), (7.2, "sadness", 0.2)),
            *((8.0, "sadness", 0.9), (9.0, "happiness", 0.4), (10.0, "happiness", 1)),
        ),
    ),
    _Role(
        147,
        0.7,
        (
            *((0.0, "neutral", 0), (2.4, "neutral", 0), (3.2, "happiness", 0.9), (4.4, "happiness", 0.8)),
            *(
                (5.0, "neutral", 0),
                (7.6, "surprise", 0.9),
                (8.4, "surprise", 0.8),
                (9.2, "anger", 0.9),
                (10, "anger", 1),
            ),
        ),
        ((0.0, 0.0), (4.9, 0.0), (5.8, 0.65), (6.9, 0.65), (7.7, 0.0)),
    ),
)


def make(assets: Assets, licence: str, out: Path) -> Iterator[Path]:
    """Write every example into a folder, with the head's licence beside them; yields each path once it is there."""
    from PIL import Image

    folder(out)
    notice = f"The people in these pictures do not exist: rendered from the ICT-FaceKit head.\n\n{licence}"
    pictures = {f"portrait_{name}.jpg": _portrait(assets, i) for i, (name, *_) in enumerate(_PORTRAITS)}
    for name, pixels in (pictures | {"group.jpg": _group(assets)}).items():
        with whole(out / name) as part:
            Image.fromarray(pixels).save(part, format="JPEG", quality=90)
        yield out / name
    with whole(out / "two_people.mp4") as part:
        _film(assets, part)
    yield out / "two_people.mp4"
    with whole(out / "LICENSE-ICT-FaceKit.txt") as part:
        part.write_text(notice)
    yield out / "LICENSE-ICT-FaceKit.txt"


def _someone(key: int, expression: str, strength: float = 0.85) -> Latent:
    """A person of the cast in soft light, with the units of an expression."""
    always, sometimes = PROTOTYPES[expression]
    strengths = tuple((unit, strength * value) for unit, value in {**sometimes, **always}.items() if unit != "AU43")
    who = person(np.random.default_rng(key), key)
    return Latent(who, strengths, strengths, light=_SOFT, distance=95.0, fill=0.5, steady=True, grade=0.0, seed=key)


def _portrait(assets: Assets, index: int) -> np.ndarray:
    expression, key, glasses, pose = _PORTRAITS[index]
    latent = replace(_someone(key, expression), pose=pose, glasses=glasses, shift=(0.0, -0.02))
    return render(assets, latent, 512, _room(key, (512, 512), 14)).image


def _room(key: int, shape: tuple[int, int], sigma: float) -> np.ndarray:
    """A room out of focus, lighter on one side."""
    rng = np.random.default_rng((key, 10))
    image = backdrop.room(rng, shape) * 0.6 + 0.2 * backdrop.colour(rng, 0.2) + 0.18
    side = np.linspace(1.15, 0.8, shape[1], dtype=np.float32)[None, :, None]
    return np.clip(camera.blur(image.astype(np.float32), sigma) * side, 0, 1)


def _group(assets: Assets) -> np.ndarray:
    """Seven people in two rows."""
    shape = (640, 960)
    image = np.ascontiguousarray(_room(4, shape, 8), np.float32)
    rng = np.random.default_rng(11)
    for i, (key, expression) in enumerate(_GROUP):
        behind = i < 4
        across = (i + 0.5) / 4 if behind else (i - 4 + 1.0) / 4
        latent = replace(
            _someone(key, expression), fill=0.36, pose=(float((0.5 - across) * 26), 0.0, float(rng.normal(0, 3)))
        )
        face = render(assets, latent, 400, np.broadcast_to(image.mean((0, 1)), (400, 400, 3)))
        centre = (shape[1] * (0.06 + 0.88 * across), shape[0] * (0.29 if behind else 0.52) + float(rng.normal(0, 8)))
        placed = scene.place(scene.cut(face, face.points), 118.0 if behind else 142.0, centre, 0.0, False)
        scene.paste(rng, image, placed, np.full(3, 0.92 if behind else 1.0))
    return camera.take(rng, image, 0.0)


def _film(assets: Assets, path: Path) -> None:
    """Encode the film as H.264."""
    import av

    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=_RATE, options={"crf": "24", "preset": "slow"})
        stream.width, stream.height, stream.pix_fmt = _SHAPE[1], _SHAPE[0], "yuv420p"
        for pixels in film(assets):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))


def film(assets: Assets, count: int = _SECONDS * _RATE) -> Iterator[np.ndarray]:
    """(360, 640, 3) frames: two people whose faces change, one of them out of sight for a second."""
    wide = _room(7, (_SHAPE[0] + 60, _SHAPE[1] + 80), 7)
    for index in range(count):
        time = index / _RATE
        pan = np.array([14 * np.sin(time * 0.9), 6 * np.sin(time * 1.3 + 1)])
        top, left = int(30 - pan[1] / 2), int(40 - pan[0] / 2)
        image = np.ascontiguousarray(wide[top : top + _SHAPE[0], left : left + _SHAPE[1]])
        for role in _CAST:
            _act(assets, image, role, time, pan)
        yield camera.take(np.random.default_rng(index), image, 0.0)


def _act(assets: Assets, image: np.ndarray, role: _Role, time: float, pan: np.ndarray) -> None:
    """Draw somebody at a moment of the film."""
    size = 360
    walked = _ease(time, [(at, np.array([shift])) for at, shift in role.walk])[0]
    left = (role.place + walked) * _SHAPE[1] - size / 2 + pan[0]
    if left > _SHAPE[1]:
        return
    sway = role.key
    pose = (
        9 * np.sin(time * 0.8 + sway) - 25 * np.sign(walked) * 0,
        4 * np.sin(time * 1.1 + sway),
        3 * np.sin(time * 0.6),
    )
    latent = replace(_mood(role, time), pose=(float(pose[0]), float(pose[1]), float(pose[2])), fill=0.42)
    face = render(assets, latent, size, np.broadcast_to(image.mean((0, 1)), (size, size, 3)))
    cutout = scene.cut(face, face.points)
    shift = np.array([[1, 0, -left], [0, 1, -12 - pan[1]]])
    low = np.array([max(0, int(left)), 0])
    high = np.array([max(0, min(_SHAPE[1], int(left) + size)), _SHAPE[0]])
    raster.paste(image, cutout.levels[0], shift, low, high, 60.0, np.ones(3, np.float32))


def _mood(role: _Role, time: float) -> Latent:
    """A person between two moods, blinking now and then."""
    marks = []
    names = sorted({unit for always, sometimes in PROTOTYPES.values() for unit in (*always, *sometimes)} - {"AU43"})
    for at, expression, strength in role.moods:
        found = dict(_someone(role.key, expression, strength).left)
        marks.append((at, np.array([found.get(name, 0.0) for name in names])))
    strengths = dict(zip(names, _ease(time, marks).tolist(), strict=True))
    blink = (time + role.place * 5) % 3.1
    strengths["AU43"] = float(np.clip(1 - abs(blink - 0.1) / 0.1, 0, 1))
    pairs = tuple(strengths.items())
    return replace(_someone(role.key, "neutral"), left=pairs, right=pairs)


def _ease(time: float, marks: list[tuple[float, np.ndarray]]) -> np.ndarray:
    """The value at a time, going smoothly from mark to mark."""
    for (start, before), (stop, after) in pairwise(marks):
        if start <= time < stop:
            share = (1 - np.cos(np.pi * (time - start) / (stop - start))) / 2
            return before + (after - before) * share
    return marks[-1][1]
