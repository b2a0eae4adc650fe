"""VGAF, a group's mood: `Train_labels.txt` and `Val_labels.txt`, a header, then `clip label` with a blank between."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mien.train.data import Faults, Reader, Splits, Target, lines
from mien.train.data.emi import clips

FILES = {"train": "Train_labels.txt", "validation": "Val_labels.txt"}


def read(folder: Path, faults: Faults) -> Splits:
    """Train and validation; 1 is positive, 2 neutral, 3 negative."""
    out = {}
    for split, name in FILES.items():
        path, listed, labels = folder / name, [], []
        for i, line in enumerate(lines.text(path, faults)[1:], 2):
            clip, _, label = line.strip().partition(" ")
            if label.strip() not in ("1", "2", "3"):
                faults.add(path, i, f"wanted clip and 1, 2 or 3, got {line[:60]!r}")
                continue
            listed.append((i, clip))
            labels.append(int(label) - 1)
        one_hot = np.eye(3, dtype=np.float32)[np.array(labels, np.int64)]
        out[split] = clips(listed, "vgaf", Target(one_hot, np.ones(len(labels), bool)), path, faults)
    return out


READERS: Mapping[str, Reader] = {"vgaf": read}
