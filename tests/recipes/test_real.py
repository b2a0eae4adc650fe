"""Real faces written as the challenges' folders are read back as what they show."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.labels import EXPRESSIONS
from mien.recipes import real
from mien.train import data


def test_tables_of_real_faces_come_back_with_their_classes(tmp_path: Path) -> None:
    wanted = {"train": np.array([3, 0, 7]), "validation": np.array([1, 6])}
    names = real.sheet(tmp_path, wanted)
    read = data.read("affectnet", tmp_path)
    assert [v for s in wanted for v in read[s].videos] == names
    for split, classes in wanted.items():
        assert read[split].targets["faces8"].values.argmax(1).tolist() == classes.tolist()


def test_folders_of_real_faces_come_back_with_the_six_classes_under_their_own_names(tmp_path: Path) -> None:
    places = np.array([EXPRESSIONS.index(n) for n in real.SIX])
    names = real.tree(tmp_path, {"train": places[::-1], "validation": places})
    read = data.read("lsd", tmp_path)
    assert sorted(names) == sorted([*read["train"].videos, *read["validation"].videos])
    rows = read["train"]
    found = {v.split("/")[1]: int(k) for v, k in zip(rows.videos, rows.targets["lsd"].values.argmax(1), strict=True)}
    assert found == {"ANGRER": 0, "DISGUST": 1, "FEAR": 2, "HAPPINESS": 3, "SADNESS": 4, "SURPRISE": 5}
