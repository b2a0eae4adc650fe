"""Aff-Wild2's uni-task challenges: a folder of one text file per video, line i for frame i, for each split.

`…_Challenge/Train_Set/<video>.txt` with a header; two-person videos end in `_left` and `_right`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from mien.io.whole import whole
from mien.train.data import Faults, Reader, Rows, Splits, Target, lines
from mien.types import Floats

AUS = ("AU1", "AU2", "AU4", "AU6", "AU7", "AU10", "AU12", "AU15", "AU23", "AU24", "AU25", "AU26")
FOLDERS = {"train": "Train_Set", "validation": "Validation_Set"}
LONGEST = 2_000_000  # frames of a video


@dataclass(frozen=True, slots=True)
class Task:
    """One of the three: its header, its folders' beginning, how many columns, and the question it answers."""

    header: str
    prefix: str
    columns: int
    question: str


EXPR = Task("Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other", "EXPR", 1, "expression")
VA = Task("valence,arousal", "VA", 2, "valence_arousal")
AU = Task(",".join(AUS), "AU", 12, "action_units")


def target(task: Task, values: Floats, path: Path, faults: Faults, first: int = 2) -> Target:
    """Marked values → truth and where it is known; a value that is neither truth nor mark is a fault."""
    if task is EXPR:
        legal, known = np.all(np.isin(values, np.arange(-1, 8)), axis=1), values[:, 0] >= 0
        truth = np.eye(8, dtype=np.float32)[np.where(known & legal, values[:, 0], 0).astype(int)]
    elif task is VA:
        legal = np.all((np.abs(values) <= 1) | (values == -5), axis=1)
        known, truth = np.all(values >= -1, axis=1), np.where(np.isfinite(values), values, 0)
    else:
        legal, known = np.all(np.isin(values, (-1, 0, 1)), axis=1), np.all(values >= 0, axis=1)
        truth = np.where(known[:, None], values, 0)
    asked = {"EXPR": "-1 or 0..7", "VA": "-5 or -1..1", "AU": "-1, 0 or 1"}[task.prefix]
    for i in np.flatnonzero(~legal & np.all(np.isfinite(values), axis=1)):
        faults.add(path, int(i) + first, f"wanted {asked}, got {','.join(f'{v:g}' for v in values[i])}")
    return Target(np.where(known[:, None], truth, 0).astype(np.float32), known & legal)


def read(task: Task, folder: Path, faults: Faults) -> Splits:
    """Train and validation; rows are all frames, known or not."""
    roots = [p for p in sorted(folder.glob(f"{task.prefix}_*")) if p.is_dir()] or [folder]
    splits: dict[str, Rows] = {}
    for split, name in FOLDERS.items():
        files = sorted((roots[0] / name).glob("*.txt"))
        if not files:
            faults.add(roots[0] / name, 0, "no annotation files (*.txt) here")
            continue
        splits[split] = _rows(task, files, folder, faults)
    return splits


def _rows(task: Task, files: Sequence[Path], folder: Path, faults: Faults) -> Rows:
    names, video, frame, parts = [], [], [], []
    for path in files:
        below = lines.body(path, task.header, faults)
        if not below:
            faults.add(path, 0, "a video without annotations")
            continue
        part = target(task, lines.numbers(path, below, task.columns, faults), path, faults)
        _count(path, len(below), folder, faults)
        video.append(np.full(len(below), len(names), np.int64))
        frame.append(np.arange(1, len(below) + 1, dtype=np.int64))
        names.append(path.stem)
        parts.append(part)
    if not parts:
        return Rows((), np.zeros(0, np.int64), np.zeros(0, np.int64))
    truth = Target(np.concatenate([p.values for p in parts]), np.concatenate([p.known for p in parts]))
    return Rows(tuple(names), np.concatenate(video), np.concatenate(frame), {task.question: truth})


def _count(path: Path, count: int, folder: Path, faults: Faults) -> None:
    """Compare with the pictures, where they are there: one more or less is known of these videos, and only noted."""
    pictures = folder / "cropped" / path.stem
    if not pictures.is_dir():
        return
    last = max((int(p.stem) for p in pictures.glob("*.jpg") if p.stem.isdigit()), default=0)
    if last > count:  # fewer pictures are frames without a face
        faults.add(path, count + 1, f"{count} frames annotated, the last picture is {last}", note=last == count + 1)


def people(video: str) -> tuple[str, str]:
    """The film and which of its two persons, for `film_left` and `film_right`; the only one is ''."""
    for side in ("left", "right"):
        if video.endswith(f"_{side}"):
            return video.removesuffix(f"_{side}"), side
    return video, ""


def write_tree(task: Task, rows: Rows, folder: Path) -> None:
    """One text file per video in the annotations' own layout, marks where nothing is known."""
    truth = rows.targets[task.question]
    mark = {"EXPR": -1, "VA": -5, "AU": -1}[task.prefix]
    values = truth.values.argmax(1)[:, None] if task is EXPR else truth.values
    values = np.where(truth.known[:, None], values, mark)
    form = "%.3f" if task is VA else "%d"
    folder.mkdir(parents=True, exist_ok=True)
    for a, b in pairwise(rows.starts().tolist()):
        with whole(folder / f"{rows.videos[rows.video[a]]}.txt") as part, part.open("w") as file:
            file.write(task.header + "\n")
            np.savetxt(file, values[a:b], form, delimiter=",")


def test_list(path: Path) -> list[str]:
    """The videos of a `*_test_set_release.txt`."""
    faults = Faults()
    names = [line.strip() for line in lines.text(path, faults) if line.strip()]
    for i, name in enumerate(names, 1):
        if lines.unsafe(name):
            faults.add(path, i, f"wanted a video's name, got {name[:80]!r}")
    faults.settle()
    return names


def submit(task: Task, path: Path, frames: Mapping[str, int], answers: Mapping[str, Floats]) -> int:
    """One file for all test videos (ABAW-5 and later), in the list's order; returns the number of rows.

    `frames` holds the videos of the organisers' list with their frame counts, `answers` (frames, k) for each.
    """
    lines.matched(path, sum(len(answers.get(v, ())) for v in frames), sum(frames.values()))
    with whole(path) as part, part.open("w") as file:
        file.write(f"image_location,{task.header}\n")
        for video, count in frames.items():
            lines.matched(Path(video), len(answers[video]), count)
            for i, row in enumerate(answers[video], 1):
                cells = [str(int(row.argmax()))] if task is EXPR else [_cell(task, v) for v in row]
                file.write(f"{video}/{i:05d}.jpg,{','.join(cells)}\n")
    return sum(frames.values())


def _cell(task: Task, number: float) -> str:
    return f"{number:.4f}" if task is VA else str(int(number > 0.5))


READERS: Mapping[str, Reader] = {
    "affwild2-expr": partial(read, EXPR),
    "affwild2-va": partial(read, VA),
    "affwild2-au": partial(read, AU),
}
