"""AffectNet: `training.csv` and `validation.csv` with file, face box, expression 0..10, valence and arousal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mien.train.data import Faults, Reader, Splits, Target, lines
from mien.train.data.emi import clips

COLUMNS = ("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "expression", "valence", "arousal")
FILES = {"train": "training.csv", "validation": "validation.csv"}
CLASSES = 8  # in the set's own numbers the eight come first, in the order of labels.EXPRESSIONS; 8..10 are no emotion


def read(folder: Path, faults: Faults) -> Splits:
    """Train and validation: the eight expressions, and valence and arousal, where they are given (-2: not)."""
    out = {}
    for split, name in FILES.items():
        path = folder / name
        table = lines.table(path, COLUMNS, faults)
        classes = np.array([lines.value(path, at, r["expression"], 0, 10, faults) for at, r in table])
        affect = np.array([[_affect(path, at, r[c], faults) for c in COLUMNS[6:]] for at, r in table]).reshape(-1, 2)
        for at, r in table:
            for column in COLUMNS[1:5]:
                lines.value(path, at, r[column], -1e5, 1e5, faults)
        known = np.isin(classes, range(CLASSES))
        one_hot = np.eye(CLASSES, dtype=np.float32)[np.where(known, classes, 0).astype(int)] * known[:, None]
        listed = [(at, r["subDirectory_filePath"]) for at, r in table]
        rows = clips(listed, "faces8", Target(one_hot, known), path, faults)
        given = np.isfinite(affect).all(axis=1) & np.all(affect >= -1, axis=1)
        target = Target(np.where(given[:, None], affect, 0).astype(np.float32), given)
        out[split] = type(rows)(rows.videos, rows.video, rows.frame, {**rows.targets, "valence_arousal": target})
    return out


def _affect(path: Path, line: int, cell: str, faults: Faults) -> float:
    return -2.0 if cell in ("-2", "-2.0") else lines.value(path, line, cell, -1, 1, faults)


READERS: Mapping[str, Reader] = {"affectnet": read}
