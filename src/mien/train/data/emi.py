"""Emotional mimicry intensity: a CSV per split with a clip's name and six intensities in 0..1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mien.io.whole import whole
from mien.train.data import Faults, Reader, Rows, Splits, Target, lines
from mien.types import Floats

COLUMNS = ("Filename", "Admiration", "Amusement", "Determination", "Empathic Pain", "Excitement", "Joy")
FILES = {"train": "train_split.csv", "validation": "valid_split.csv"}


def clips(listed: Sequence[tuple[int, str]], question: str, target: Target, path: Path, faults: Faults) -> Rows:
    """One row per clip, told by line and name, in the file's order; a name that comes twice is a fault."""
    seen: set[str] = set()
    for line, name in listed:
        if name in seen or lines.unsafe(name):
            faults.add(path, line, f"{'repeats' if name in seen else 'is no clip'}: {name[:80]!r}")
        seen.add(name)
    n = np.arange(len(listed), dtype=np.int64)
    return Rows(tuple(name for _, name in listed), n, np.zeros(len(listed), np.int64), {question: target})


def read(folder: Path, faults: Faults) -> Splits:
    """Train and validation."""
    out: dict[str, Rows] = {}
    for split, name in FILES.items():
        path = folder / name
        table = lines.table(path, COLUMNS, faults)
        values = [[lines.value(path, at, row[c], 0, 1, faults) for c in COLUMNS[1:]] for at, row in table]
        truth = np.array(values, np.float32).reshape(-1, 6)
        target = Target(np.nan_to_num(truth), np.isfinite(truth.sum(1)))
        out[split] = clips([(at, row["Filename"]) for at, row in table], "emi", target, path, faults)
    return out


def write(path: Path, names: Sequence[str], values: Floats, wanted: Sequence[str] | None = None) -> None:
    """Intensities in the organisers' layout; `wanted`, their list, must be matched name by name."""
    if wanted is not None:
        lines.matched(path, [a == b for a, b in zip(names, wanted, strict=False)].count(True), len(wanted))
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part, part.open("w") as file:
        file.write(",".join(COLUMNS) + "\n")
        file.writelines(f"{n},{','.join(f'{v:.4f}' for v in row)}\n" for n, row in zip(names, values, strict=True))


READERS: Mapping[str, Reader] = {"emi": read}
