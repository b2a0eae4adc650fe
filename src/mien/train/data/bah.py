"""Ambivalence and hesitancy: lists of frames with a 0 or 1, and of videos with a label and what was said.

`split-frames/train.txt` holds `video/frame.jpg,label`; `split/train.txt` holds `video,label,transcript`, where only
the first two commas part columns: people use commas when they speak. The first generation has one `annotation.yml`
with a `frame_annotation` for each video, and the videos of a split in `default-split/train.txt`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.io.whole import whole
from mien.train.data import Faults, Ints, Reader, Rows, Splits, Target, lines

FILES = {"train": "train.txt", "validation": "val.txt", "test": "test.txt"}
NUMBER = re.compile(r"(?:frame-)?(\d{1,9})\.\w+$")
KEY = re.compile(r"""(?P<video>[^\s#-].*?):\s*$""")
FIELD = re.compile(r"\s+(\w+):")
PAIR = re.compile(r"\s*- \[(?P<image>[^,\]]+),\s*(?P<label>-?\d)\]\s*$")
IMAGE, LABEL = re.compile(r"\s*- - (?P<image>\S.*)$"), re.compile(r"\s+- (?P<label>-?\d)\s*$")


@dataclass(frozen=True, slots=True)
class Told:
    """A video of the list: its label, and what was said in it ('' in the first generation, which lists no words)."""

    video: str
    label: int
    words: str


def videos(path: Path, faults: Faults) -> list[Told]:
    """The videos of a list."""
    out: list[Told] = []
    for i, line in enumerate(lines.text(path, faults), 1):
        name, _, rest = line.partition(",")
        label, _, words = rest.partition(",")
        if label.strip() not in ("0", "1") or not name or lines.unsafe(name):
            faults.add(path, i, f"wanted video,0 or 1,transcript, got {line[:60]!r}")
        else:
            out.append(Told(name, int(label), words.strip().strip('"')))
    return out


def read(folder: Path, faults: Faults) -> Splits:
    """The frames of each split that is there."""
    if (folder / "annotation.yml").is_file():
        return _first(folder, faults)
    place = next((folder / n for n in ("split-frames", "default-split-frames") if (folder / n).is_dir()), folder)
    found = {s: place / f for s, f in FILES.items() if (place / f).is_file()}
    if "train" not in found:
        faults.add(place / FILES["train"], 0, "cannot be read (No such file)")
    return {split: _frames(path, faults) for split, path in found.items()}


def _first(folder: Path, faults: Faults) -> Splits:
    """The first generation: a video's frames from the YAML, its split from the lists."""
    told = _annotated(folder / "annotation.yml", faults)
    out: dict[str, Rows] = {}
    for split, file in FILES.items():
        path = folder / "default-split" / file
        if not path.is_file():
            continue
        listed = [t.video for t in videos(path, faults)]
        for name in (n for n in listed if n not in told):
            faults.add(path, 0, f"{name} has no frame_annotation in annotation.yml")
        marks = [(n, *mark) for n in listed for mark in told.get(n, [])]
        out[split] = _rows([n for n, _, _ in marks], [f for _, f, _ in marks], [x for _, _, x in marks])
    if "train" not in out:
        faults.add(folder / "default-split" / FILES["train"], 0, "cannot be read (No such file)")
    return out


def _annotated(path: Path, faults: Faults) -> dict[str, list[tuple[int, int]]]:
    """Frame and label by video, read line by line: the two ways a list of pairs is written, and nothing else of YAML.

    So a file of any size or depth costs no more than its lines.
    """
    out: dict[str, list[tuple[int, int]]] = {}
    video, field, image = "", "", ""
    for i, line in enumerate(lines.text(path, faults), 1):
        if key := KEY.match(line):
            video, field, image = key["video"].strip("'\""), "", ""
            out[video] = []
        elif inner := FIELD.match(line):
            field = inner[1]
        elif field == "frame_annotation" and (first := IMAGE.match(line)):
            image = first["image"]
        elif field == "frame_annotation" and line.strip():
            both = PAIR.match(line)
            label = both or LABEL.match(line)
            number = NUMBER.search((both["image"] if both else image).strip("'\" "))
            if not video or label is None or number is None or label["label"] not in ("0", "1", "-1"):
                faults.add(path, i, f"wanted a frame and its 0 or 1, got {line[:60]!r}")
            else:
                out[video].append((int(number[1]), int(label["label"])))
            image = ""
    return out


def _frames(path: Path, faults: Faults) -> Rows:
    names, frames, labels = [], [], []
    for i, line in enumerate(lines.text(path, faults), 1):
        image, _, label = line.rpartition(",")
        video, _, file = image.rpartition("/")
        number = NUMBER.match(file)
        if number is None or not video or lines.unsafe(video) or label.strip() not in ("0", "1", "-1"):
            faults.add(path, i, f"wanted video/frame-1.jpg,0 or 1, got {line[:60]!r}")
            continue
        names.append(video)
        frames.append(int(number[1]))
        labels.append(int(label))
    return _rows(names, frames, labels)


def _rows(names: Sequence[str], frames: Sequence[int], labels: Sequence[int]) -> Rows:
    marks = np.array(labels, np.int64)
    one_hot = np.eye(2, dtype=np.float32)[np.maximum(marks, 0)]
    known = marks >= 0
    target = Target(one_hot * known[:, None], known)
    return Rows.sorted(names, np.array(frames, np.int64), {"hesitancy": target})


def write_frames(path: Path, images: Sequence[str], classes: Ints, wanted: int | None = None) -> None:
    """`path,0 or 1` without a header, as annotations and ABAW-8's submission have it."""
    lines.matched(path, len(classes), len(images) if wanted is None else wanted)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part, part.open("w") as file:
        file.writelines(f"{image},{c}\n" for image, c in zip(images, classes.tolist(), strict=True))


def submit(path: Path, listed: Sequence[str], hesitant: Sequence[float], limit: float = 0.5) -> None:
    """ABAW-10's and 11's submission by video: `video,p0,p1,class`, in the list's order."""
    lines.matched(path, len(hesitant), len(listed))
    with whole(path) as part, part.open("w") as file:
        rows = zip(listed, hesitant, strict=True)
        file.writelines(f"{v},{1 - p:.4f},{p:.4f},{int(p > limit)}\n" for v, p in rows)


READERS: Mapping[str, Reader] = {"bah": read}
