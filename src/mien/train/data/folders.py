"""Sets whose labels are folders: LSD (pictures by class and split) and AFEW (clips by class and split)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from mien.io.whole import whole
from mien.train.data import Faults, Ints, Reader, Rows, Splits, Target, lines

PICTURES, CLIPS = (".jpg", ".jpeg", ".png"), (".avi", ".mp4", ".mkv", ".txt")


@dataclass(frozen=True, slots=True)
class Tree:
    """How such a set is laid out: its splits' folders, its classes' folders in the labels' order, its files' ends."""

    question: str
    splits: Mapping[str, str]
    classes: tuple[str, ...]
    ends: tuple[str, ...]


LSD = Tree(
    "lsd",
    {"train": "train", "validation": "validation"},
    ("ANGRER", "DISGUST", "FEAR", "HAPPINESS", "SADNESS", "SURPRISE"),
    PICTURES,
)  # the organisers' folder is spelled so
AFEW = Tree(
    "afew",
    {"train": "Train_AFEW", "validation": "Val_AFEW"},
    ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"),
    CLIPS,
)


def read(tree: Tree, folder: Path, faults: Faults) -> Splits:
    """Every file of every class; a missing class and a folder that is none are faults."""
    out: dict[str, Rows] = {}
    for split, name in tree.splits.items():
        names, labels = [], []
        strange = [p for p in sorted((folder / name).glob("*/")) if p.name not in tree.classes]
        for path in strange:
            faults.add(path, 0, f"is no class; wanted {', '.join(tree.classes)}")
        for c, kind in enumerate(tree.classes):
            files = [p for p in sorted((folder / name / kind).glob("*")) if p.suffix.lower() in tree.ends]
            if not files:
                faults.add(folder / name / kind, 0, f"no files of the kinds {', '.join(tree.ends)}")
            names += [f"{name}/{kind}/{p.stem}" for p in files]
            labels += [c] * len(files)
        one_hot = np.eye(len(tree.classes), dtype=np.float32)[np.array(labels, np.int64)]
        n = np.arange(len(names), dtype=np.int64)
        target = Target(one_hot, np.ones(len(n), bool))
        out[split] = Rows(tuple(names), n, np.zeros(len(n), np.int64), {tree.question: target})
    return out


def submit(path: Path, images: Sequence[str], classes: Ints, wanted: int | None = None) -> None:
    """LSD's answers: `image,expression`, in the order of the organisers' list."""
    lines.matched(path, len(classes), len(images) if wanted is None else wanted)
    with whole(path) as part, part.open("w") as file:
        file.write("image,expression\n")
        file.writelines(f"{image},{c}\n" for image, c in zip(images, classes.tolist(), strict=True))


READERS: Mapping[str, Reader] = {"lsd": partial(read, LSD), "afew": partial(read, AFEW)}
