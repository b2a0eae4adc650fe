"""Birth years and genders of made-up persons: UTKFace photos nobody trained on, each shot in birth year + true age."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.album import fusion
from mien.album.exif import moment
from mien.album.experiments.faces import NETWORK
from mien.album.experiments.figures import Figures, interval
from mien.heads import AGE, GENDER
from mien.models.load import load
from mien.record import Figure
from mien.train import sources
from mien.train.evaluate import answers, encoded

PERSONS = 400
BORN = (1940, 2000)


def run(data: Path, seed: int) -> Figures:
    """All figures of this measurement."""
    _, part = sources.utkface(data)
    read = answers(load(NETWORK, demographics=True), encoded(data / "utkface.parquet", part.names))
    true_age = part.targets["age"][:, 0]
    age, male = read[AGE].values[:, 0], read[GENDER]["male"]
    is_male = part.targets["gender"][:, 1] > 0.5
    found: dict[str, Figure] = {
        "one photo": {
            "age error": interval(np.abs(age - true_age)),
            "gender right at 0.5": float(np.mean((male > 0.5) == is_male)),
            "gender right at 0.6 (published)": float(np.mean((male >= fusion.CERTAIN) == is_male)),
        }
    }
    for photos in (1, 3, 5, 10):
        found[f"{photos} photos a person"] = _persons(photos, true_age, age, male, is_male, seed)
    return {**found, "faces": len(part)}


def files(data: Path) -> list[Path]:
    """What the numbers hang on beside the code."""
    from mien.album.experiments import faces

    return [data / "utkface.parquet", *faces.files(data)[1:]]


def _persons(
    photos: int,
    true_age: NDArray[np.floating],
    age: NDArray[np.floating],
    male: NDArray[np.floating],
    is_male: NDArray[np.bool_],
    seed: int,
) -> Figure:
    """A person is some faces of one gender whose true ages lie within ten years of each other."""
    rng = np.random.default_rng([seed, photos])
    errors, right = [], {name: [] for name in fusion.RULES}
    for _ in range(PERSONS):
        first = int(rng.integers(len(age)))
        near = np.flatnonzero((np.abs(true_age - true_age[first]) <= 5) & (is_male == is_male[first]))
        chosen = rng.choice(near, photos, replace=len(near) < photos)
        born = int(rng.integers(*BORN))
        taken = [moment(f"{born + int(true_age[i])}:12:31 12:00:00") for i in chosen]
        found = fusion.birth_year([(float(age[i]), t) for i, t in zip(chosen, taken, strict=True) if t is not None])
        errors.append(abs((found or 0) - born))
        for name, rule in fusion.RULES.items():
            right[name].append(rule([float(male[i]) for i in chosen]) == is_male[first])
    genders: dict[str, Figure] = {f"gender right, {name}": interval(hits) for name, hits in right.items()}
    return {"birth year error": interval(errors), **genders}
