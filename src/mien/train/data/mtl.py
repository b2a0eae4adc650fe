"""s-Aff-Wild2, the multi-task challenge: one line per picture with valence, arousal, expression and twelve units."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.io.whole import whole
from mien.train.data import Faults, Reader, Rows, Splits, affwild2, lines
from mien.types import Floats

HEADER = "image,valence,arousal,expression,aus"
FILES = {
    "train": ("training_set_annotations.txt", "train_set.txt", "MTL_Challenge/train_set.txt"),
    "validation": ("validation_set_annotations.txt", "validation_set.txt", "MTL_Challenge/validation_set.txt"),
}
TEST = "MTL_Challenge_test_set_release.txt"


def read(folder: Path, faults: Faults) -> Splits:
    """Train and validation."""
    splits: dict[str, Rows] = {}
    for split, names in FILES.items():
        path = next((folder / n for n in names if (folder / n).is_file()), folder / names[0])
        splits[split] = _rows(path, faults)
    return splits


def _rows(path: Path, faults: Faults) -> Rows:
    cut = [line.partition(",") for line in lines.body(path, HEADER, faults)]
    values = lines.numbers(path, [c[2] for c in cut], 15, faults)
    videos, frames = [], np.zeros(len(cut), np.int64)
    for i, (name, _, _) in enumerate(cut):
        try:
            video, frames[i] = lines.picture(name)
        except InputError as error:
            video = ""
            faults.add(path, i + 2, str(error))
        videos.append(video)
    targets = {
        task.question: affwild2.target(task, values[:, columns], path, faults)
        for task, columns in ((affwild2.VA, slice(0, 2)), (affwild2.EXPR, slice(2, 3)), (affwild2.AU, slice(3, 15)))
    }
    rows = Rows.sorted(videos, frames, targets)
    twice = int(np.sum((np.diff(rows.video) == 0) & (np.diff(rows.frame) == 0)))
    if twice:
        faults.add(path, 0, f"{twice} rows repeat an image; all are kept, as the organisers score them", note=True)
    return rows


def write(rows: Rows, path: Path) -> None:
    """Annotations in the challenge's layout, marks where nothing is known."""
    va, expr, au = (rows.targets[t.question] for t in (affwild2.VA, affwild2.EXPR, affwild2.AU))
    table = np.hstack(
        [
            np.where(va.known[:, None], va.values, -5),
            np.where(expr.known, expr.values.argmax(1), -1)[:, None],
            np.where(au.known[:, None], au.values, -1),
        ]
    )
    form = ",".join(["%.4f"] * 2 + ["%d"] * 13)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part, part.open("w") as file:
        file.write(HEADER + "\n")
        file.writelines(f"{rows.image(i)},{form % tuple(row)}\n" for i, row in enumerate(table))


def test_list(path: Path) -> list[str]:
    """The images of the test list, in the organisers' order, repeats and all."""
    faults = Faults()
    names = [line.strip() for line in lines.body(path, "image", faults) if line.strip()]
    for i, name in enumerate(names, 2):
        try:
            lines.picture(name)
        except InputError as error:
            faults.add(path, i, str(error))
    faults.settle()
    return names


def submit(path: Path, images: list[str], answers: Mapping[str, Floats]) -> int:
    """The answers to each image of the test list, in its order; returns the number of rows.

    `answers` holds by question (n, k): valence and arousal, class probabilities, units as 0 and 1.
    """
    va, expr, au = (answers[t.question] for t in (affwild2.VA, affwild2.EXPR, affwild2.AU))
    for part_of in (va, expr, au):
        lines.matched(path, len(part_of), len(images))
    with whole(path) as part, part.open("w") as file:
        file.write(HEADER + "\n")
        for image, v, e, units in zip(images, va, expr, au, strict=True):
            file.write(
                f"{image},{v[0]:.4f},{v[1]:.4f},{int(e.argmax())},{','.join(str(int(u > 0.5)) for u in units)}\n"
            )
    return len(images)


READERS: Mapping[str, Reader] = {"mtl": read}
