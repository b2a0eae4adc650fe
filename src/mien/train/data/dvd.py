"""Violence: `Training|Validation/annotations/<video>.csv` with Frame_Number (from 1) and Label (0 or 1)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mien.io import whole
from mien.train.data import Faults, Ints, Reader, Rows, Splits, Target, lines

FOLDERS = {"train": "Training", "validation": "Validation"}
COLUMNS = ("Frame_Number", "Label")
MOST = 5_000_000  # frames of a video


def read(folder: Path, faults: Faults) -> Splits:
    """Train and validation; frames that the table leaves out are not known."""
    out: dict[str, Rows] = {}
    for split, name in FOLDERS.items():
        files = sorted((folder / name / "annotations").glob("*.csv"))
        if not files:
            faults.add(folder / name / "annotations", 0, "no annotation files (*.csv) here")
            continue
        marks = [_marks(path, faults) for path in files]
        video = np.repeat(np.arange(len(files)), [len(m) for m in marks]).astype(np.int64)
        frame = np.concatenate([np.arange(1, len(m) + 1) for m in marks]).astype(np.int64)
        every = np.concatenate(marks)
        known = every >= 0
        one_hot = np.eye(2, dtype=np.float32)[np.maximum(every, 0)] * known[:, None]
        out[split] = Rows(tuple(p.stem for p in files), video, frame, {"violence": Target(one_hot, known)})
    return out


def _marks(path: Path, faults: Faults) -> Ints:
    """The label of each frame up to the last that is named, -1 between."""
    found: dict[int, int] = {}
    for line, row in lines.table(path, COLUMNS, faults):
        frame = lines.value(path, line, row["Frame_Number"], 1, MOST, faults)
        label = lines.value(path, line, row["Label"], 0, 1, faults)
        if not np.isfinite(frame + label):
            continue
        if frame % 1 or label % 1 or int(frame) in found:
            faults.add(path, line, f"wanted a new whole frame number and 0 or 1, got {frame:g}, {label:g}")
        else:
            found[int(frame)] = int(label)
    if not found:
        faults.add(path, 0, "a video without annotations")
    marks = np.full(max(found, default=0), -1, np.int64)
    marks[np.array(list(found), np.int64) - 1] = list(found.values())
    return marks


def write(folder: Path, video: str, labels: Ints, column: str = "Label") -> None:
    """One video's table; a submission's column is `Predicted_Label`."""
    whole.folder(folder)
    with whole.whole(folder / f"{video}.csv") as part, part.open("w") as file:
        file.write(f"Frame_Number,{column}\n")
        file.writelines(f"{i},{label}\n" for i, label in enumerate(labels.tolist(), 1) if label >= 0)


READERS: Mapping[str, Reader] = {"dvd": read}
