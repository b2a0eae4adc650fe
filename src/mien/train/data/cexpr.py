"""Compound expressions: lines `video/frame.jpg,class` under a header of seven names; the set has no truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.io.whole import whole
from mien.labels import COMPOUND
from mien.train.data import Faults, Ints, Reader, Rows, Splits, Target, lines

NAMES = tuple("_".join(word.capitalize() for word in name.split()) for name in COMPOUND)
HEADER = ",".join(("image_location", *NAMES))
FILES = {"train": "train.txt", "validation": "validation.txt"}


def read(folder: Path, faults: Faults) -> Splits:
    """The lists that are there; one of them must be."""
    found = {s: folder / f for s, f in FILES.items() if (folder / f).is_file()}
    if not found:
        faults.add(folder / FILES["validation"], 0, "cannot be read (No such file)")
    return {split: _rows(path, faults) for split, path in found.items()}


def _rows(path: Path, faults: Faults) -> Rows:
    cut = [line.rpartition(",") for line in lines.body(path, HEADER, faults)]
    values = lines.numbers(path, [c[2] for c in cut], 1, faults)[:, 0]
    videos, frames = [], np.zeros(len(cut), np.int64)
    for i, (name, _, _) in enumerate(cut):
        try:
            video, frames[i] = lines.picture(name)
        except InputError as error:
            video = ""
            faults.add(path, i + 2, str(error))
        videos.append(video)
        if np.isfinite(values[i]) and values[i] not in range(-1, 7):
            faults.add(path, i + 2, f"wanted -1 or 0..6, got {values[i]:g}")
    known = np.isin(values, range(7))
    one_hot = np.eye(7, dtype=np.float32)[np.where(known, values, 0).astype(int)]
    return Rows.sorted(videos, frames, {"compound": Target(one_hot * known[:, None], known)})


def write(path: Path, images: Sequence[str], classes: Ints, wanted: int | None = None) -> None:
    """Answers in the organisers' layout; with `wanted` their number must be that of the organisers' list."""
    lines.matched(path, len(classes), len(images) if wanted is None else wanted)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part, part.open("w") as file:
        file.write(HEADER + "\n")
        file.writelines(f"{image},{c}\n" for image, c in zip(images, classes.tolist(), strict=True))


READERS: Mapping[str, Reader] = {"cexpr": read}
