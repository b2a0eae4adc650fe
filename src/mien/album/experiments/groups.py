"""Group pictures tiled from FER+ faces: the forests against the plain mean over faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.album.experiments.faces import NETWORK
from mien.album.experiments.figures import Figures, interval
from mien.group import forests
from mien.group.average import SIDES, sides
from mien.group.forests import Picture
from mien.heads import EXPRESSION
from mien.heads import embedding as features
from mien.labels import VGAF
from mien.models.load import load
from mien.record import Figure
from mien.train import sources
from mien.train.evaluate import answers, encoded
from mien.types import Floats

Ids = NDArray[np.int64]
PICTURES = {"fit": 500, "weights": 300, "report": 1000}


def run(data: Path, seed: int) -> Figures:
    """All figures of this measurement."""
    _, calibrate, report = sources.ferplus(data)
    half = sources.held_out(calibrate.groups, 0.5, "groups")
    parts = {"fit": calibrate.pick(half), "weights": calibrate.pick(~half), "report": report}
    made = {name: _made(data, part, PICTURES[name], seed) for name, part in parts.items()}
    model = forests.fit(*made["fit"][:2], *made["weights"][:2], seed=seed)
    pictures, labels, means = made["report"]
    hits = {"forests": model(pictures).argmax(1) == labels, "mean over faces (mien)": means.argmax(1) == labels}
    found: dict[str, Figure] = {f"accuracy, {name}": interval(rows) for name, rows in hits.items()}
    weights: dict[str, Figure] = dict(zip(("landmarks", "median face", "whole picture"), model.weights, strict=True))
    return {**found, "weights": weights, "faces": {name: len(part) for name, part in parts.items()}}


def files(data: Path) -> list[Path]:
    """What the numbers hang on beside the code."""
    from mien.album.experiments import faces

    return [data / "ferplus.parquet", *faces.files(data)[1:]]


def _made(data: Path, part: sources.Source, count: int, seed: int) -> tuple[list[Picture], Ids, Floats]:
    """Pictures of one to six faces that show the side of the group with 7 of 10 odds; points and scene say nothing."""
    read = answers(load(NETWORK), encoded(data / "ferplus.parquet", part.names))
    vectors = read[features(256)].values
    shown, voted = sides(read[EXPRESSION]), part.targets["expression"].argmax(1)
    side = np.array([next(i for i, s in enumerate(VGAF) if EXPRESSION.labels.names[v] in SIDES[s]) for v in voted])
    of = [np.flatnonzero(side == s) for s in range(len(VGAF))]
    rng = np.random.default_rng([seed, count])
    pictures, labels, means = [], rng.integers(0, 3, count), np.zeros((count, 3), np.float32)
    for i, label in enumerate(labels):
        n = int(rng.integers(1, 7))
        sides_ = np.where(rng.random(n) < 0.7, label, rng.integers(0, 3, n))
        rows = np.array([rng.choice(of[s]) for s in sides_])
        points = rng.standard_normal((n, 5, 2)).astype(np.float32)
        pictures.append(Picture(vectors[rows], points, rng.standard_normal(4).astype(np.float32)))
        means[i] = shown[rows].mean(0)
    return pictures, labels, means
