"""The Face Research Lab London Set: people who signed that their photos may be used, each neutral and smiling."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.card import Input
from mien.circumplex import CENTRES
from mien.detectors.load import load
from mien.geometry import crop
from mien.io import photo
from mien.labels import GENDERS
from mien.train.prototypes import expected
from mien.train.sources import SIDE, Source
from mien.types import Floats

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
FIFTHS = {"london": (1, 2, 3, 4), "smiles": (1, 2)}  # of the people, by the name of the training source
KINDS = ("neutral", "smiling")  # the expressions neutral and happiness, in the order of labels.EXPRESSIONS


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo and what is known of the person; NaN and empty where the table is silent."""

    path: Path
    smiling: bool
    age: float
    gender: str
    ethnicity: str

    @property
    def fifth(self) -> int:
        """Which fifth of the people this one belongs to; the first is never trained on."""
        return int(self.path.stem) % 5


def photos(data: Path) -> Iterator[Photo]:
    """All photos, by kind and person."""
    folder = data / "london_faces"
    with (folder / "info.csv").open() as file:
        people = {row["face_id"].zfill(3): row for row in csv.DictReader(file)}
    for kind in KINDS:
        for path in sorted((folder / kind).glob("*.jpg")):
            yield _photo(path, kind == "smiling", people.get(path.stem, {}))


def _photo(path: Path, smiling: bool, row: Mapping[str, str]) -> Photo:
    age = row.get("face_age", "")
    years = float(age) if age.replace(".", "", 1).isdigit() else float("nan")
    return Photo(path, smiling, years, row.get("face_gender", ""), row.get("face_eth", ""))


def london(data: Path, fifths: Collection[int] = FIFTHS["london"]) -> tuple[Source, Source]:
    """(train, validate), split by person: smile or not, age, gender; cut by the shipped detector's points."""
    detector, how = load(threads=1), Input(size=SIDE, crop="aligned")
    known: list[Photo] = []
    images: list[np.ndarray] = []
    for one in photos(data):
        frame = photo.read(one.path)
        faces = detector(frame)
        if len(faces):
            known.append(one)
            images.append((crop(frame.pixels, faces.boxes[0], faces.points[0], how) @ LUMA).round().astype(np.uint8))
    expression = np.eye(8, dtype=np.float32)[[int(p.smiling) for p in known]]
    targets: dict[str, Floats] = {
        "expression": expression,
        "valence_arousal": (expression @ CENTRES).astype(np.float32),
        "unit_priors": expected(expression),
        "age": np.array([[p.age] for p in known], np.float32),
        "gender": np.stack([_gender(p.gender) for p in known]),
    }
    names = np.array([p.path.stem for p in known])
    source, out = Source(np.stack(images), targets, names, names), np.array([p.fifth not in fifths for p in known])
    return source.pick(~out), source.pick(out)


def _gender(name: str) -> Floats:
    if name not in GENDERS.names:
        return np.full(2, np.nan, np.float32)
    return np.eye(2, dtype=np.float32)[GENDERS.index(name)]
