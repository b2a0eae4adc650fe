"""Pictures for a twin in place of features: every face rendered as its annotations say.

What a row shows is held until the next row that is known, and some stays show another class than the one they are
labelled with, as in `latent`. A film keeps its person and its light, its head drifts, and runs of its frames are lost.
"""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from mien.circumplex import CENTRES
from mien.errors import InputError
from mien.fusion.compound import PAIRS
from mien.io.whole import whole
from mien.labels import EXPRESSIONS
from mien.synth.assets import Assets
from mien.synth.face import PROTOTYPES, Latent, light, person
from mien.synth.render import render
from mien.train import data, latent
from mien.train.clips import CEXPR_LOST
from mien.train.data import FPS, Target
from mien.train.questions import Question, named
from mien.train.twins import UNI, kind_of, write
from mien.types import Floats

Units = Mapping[str, float]  # an action unit's strength
STILLS = ("affectnet", "lsd")  # pictures that are their own videos
FOLDERS = {"affectnet": "", "affwild2": "cropped", "bah": "cropped-aligned-faces", "dvd": "frames", "lsd": "",
           "mtl": "cropped_aligned"}  # fmt: skip
LOST = {"affwild2": UNI.lost, "cexpr": CEXPR_LOST}
STRONG = 0.8  # of a unit that is there
CLIP = 6  # pictures of a clip that is annotated as a whole
SWAY = (10.0, 6.0, 4.0)  # degrees of yaw, pitch, roll
# Which expressions a face wears for an answer that is none itself; for those of the last four sets a mere stand-in
WORN = PAIRS | {
    "other": ("contempt",),
    "positive": ("happiness",), "negative": ("sadness",),
    "calm": ("neutral",), "violent": ("anger",), "none": ("neutral",), "hesitant": ("contempt", "fear"),
    "admiration": ("happiness", "surprise"), "amusement": ("happiness",), "determination": ("anger",),
    "empathic pain": ("sadness",), "excitement": ("surprise",), "joy": ("happiness",),
}  # fmt: skip


def place(kind: str, folder: Path) -> Path:
    """Where the pictures of a twin are."""
    return folder / FOLDERS.get(kind, "pictures")


def laid_out(kind: str, folder: Path, seed: int, scale: float) -> None:
    """A twin's files without its features; those that the same call has made stay as they are."""
    told, mark = f"{kind} {seed} {scale:g}\n", folder / "made_of.txt"
    if mark.is_file() and mark.read_text() == told:
        return
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} holds something else; choose an empty folder for the twin {told.strip()}")
    write(kind, folder, seed, scale)
    shutil.rmtree(folder / "features")
    mark.write_text(told)


def pictures(kind: str, folder: Path, assets: Assets, seed: int, size: int, told: Callable[[], None]) -> int:
    """Render what the annotations in a folder ask for; pictures that are there stay. Gives how many are there."""
    count = 0
    for video, rows in worn(kind, folder, seed).items():
        draw = np.random.default_rng((seed, zlib.crc32(video.encode())))
        if kind not in STILLS and len(rows) == 1:
            rows = dict.fromkeys(range(1, CLIP + 1), rows[0])
        lost = latent.bursts(draw, len(rows), LOST.get(kind, 0.0))
        for gone, (frame, face) in zip(lost, _film(draw, rows).items(), strict=True):
            path = place(kind, folder) / _name(kind, video, frame)
            if not gone and not (path.is_file() and path.stat().st_size):
                path.parent.mkdir(parents=True, exist_ok=True)
                with whole(path) as part:
                    Image.fromarray(render(assets, face, size).image).save(part, format="JPEG", quality=92)
            count += not gone
            told()
    return count


def _name(kind: str, video: str, frame: int) -> str:
    if kind in STILLS:
        return video if Path(video).suffix else f"{video}.jpg"
    return f"{video}/{frame:05d}.jpg"


def _film(draw: np.random.Generator, rows: Mapping[int, Units]) -> dict[int, Latent]:
    """One person in one light, frame by frame."""
    key = int(draw.integers(2**31))
    someone = Latent(person(draw, key), light=light(draw), steady=True, seed=key)
    frames = np.array([*rows])
    step = float(np.median(np.diff(frames))) / FPS if len(frames) > 1 else 1 / FPS
    poses = latent.drift(draw, len(frames), 3, step, latent.DRIFT) * np.array(SWAY, np.float32)
    out: dict[int, Latent] = {}
    for (frame, units), (yaw, pitch, roll) in zip(rows.items(), poses.tolist(), strict=True):
        strengths = tuple(units.items())
        out[frame] = replace(someone, left=strengths, right=strengths, pose=(yaw, pitch, roll))
    return out


def worn(kind: str, folder: Path, seed: int) -> dict[str, dict[int, Units]]:
    """By video and frame the units of each face, from all that is annotated."""
    found: dict[str, dict[int, Units]] = {}
    for reader in [n for n in data.names() if kind_of(n) == kind]:
        for rows in data.read(reader, folder).values():
            for question, target in rows.targets.items():
                for a, b in pairwise(rows.starts().tolist()):
                    video = rows.videos[rows.video[a]]
                    draw = np.random.default_rng((seed, zlib.crc32(f"{question} {video}".encode())))
                    values = held(draw, named(question), target.pick(np.arange(a, b)))
                    film = found.setdefault(video, {})
                    for frame, row in zip(rows.frame[a:b].tolist(), values, strict=True):
                        film[frame] = _stronger(film.get(frame, {}), units(question, row))
    return found


def held(draw: np.random.Generator, question: Question, truth: Target) -> Floats:
    """The last known answer at each row, zeros before the first; some stays of a class are another's."""
    last = np.maximum.accumulate(np.where(truth.known, np.arange(len(truth.known)), -1))
    values = np.where(last[:, None] >= 0, truth.values[np.maximum(last, 0)], 0)
    if question.link != "softmax":
        return values
    k = values.shape[1]
    shown = latent.mislabelled(draw, values.argmax(1), (1.0,) * k)
    return np.eye(k, dtype=np.float32)[shown] * (last >= 0)[:, None]


def units(question: str, values: Floats) -> Units:
    """What a face does that answers a question so."""
    labels = named(question).labels
    if question == "action_units":
        return {name: STRONG * float(v) for name, v in zip(labels, values, strict=True) if v > 0}
    if question == "valence_arousal":
        near = CENTRES @ values / np.maximum((CENTRES**2).sum(1), 1e-6)  # how far each centre is gone towards
        return _worn(EXPRESSIONS.names[int(near.argmax())], float(np.clip(near.max(), 0, 1)))
    out: Units = {}
    for name, share in zip(labels, values.tolist(), strict=True):
        for expression in WORN.get(name, (name,)) if share > 0 else ():
            out = _stronger(out, _worn(expression, share))
    return out


def _worn(expression: str, share: float) -> Units:
    return {unit: share * usual for unit, usual in PROTOTYPES[expression][0].items()}


def _stronger(one: Units, other: Units) -> Units:
    return {unit: max(one.get(unit, 0.0), other.get(unit, 0.0)) for unit in {**one, **other}}
