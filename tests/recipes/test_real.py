"""Real faces written as the challenges' folders are read back as what they show."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.recipes import real
from mien.train import data


def test_tables_of_real_faces_come_back_with_their_classes(tmp_path: Path) -> None:
    wanted = {"train": np.array([3, 0, 7]), "validation": np.array([1, 6])}
    names = real.sheet(tmp_path, wanted)
    read = data.read("affectnet", tmp_path)
    assert [v for s in wanted for v in read[s].videos] == names
    for split, classes in wanted.items():
        assert read[split].targets["faces8"].values.argmax(1).tolist() == classes.tolist()
