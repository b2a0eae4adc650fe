"""The head: what an archive must hold, and what is kept of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.synth.assets import EYE, FACE, TEETH, load
from mien.synth.faces import Order, write


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", v0=np.zeros((3, 3)))
    with pytest.raises(InputError, match=r"lacks .*expr"):
        load(tmp_path / "other.npz")


def test_a_file_that_is_no_archive_is_refused_before_any_worker_starts(tmp_path: Path) -> None:
    path = tmp_path / "head.npz"
    path.write_text("no archive")
    with pytest.raises(InputError, match=r"head\.npz is not an ICT-FaceKit archive"):
        write(Order(path, 1, seed=1), tmp_path / "out", workers=2)
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(InputError, match="it holds one array"):
        load(path)


def test_the_true_head_is_whole_and_symmetric(head_file: Path) -> None:
    head = load(head_file)
    assert head.shapes.shape == (len(head.names), len(head.vertices), 3)
    assert head.triangles.max() < len(head.vertices)
    assert {FACE, TEETH, EYE} <= set(head.part.tolist())
    points = head.points()
    assert points[36:42].mean(0) * (-1, 1, 1) == pytest.approx(points[42:48].mean(0), abs=0.02)
    assert abs(points[[8, 30, 51, 57], 0]).max() < 0.05


def test_the_named_shapes_move_what_they_name(head_file: Path) -> None:
    head = load(head_file)
    marks = head.shapes[:, head.landmarks]
    assert marks[head.shape("mouthSmile_L"), 54, 1] > 0.5
    assert marks[head.shape("mouthSmile_R"), 48, 1] > 0.5
    assert marks[head.shape("jawOpen"), 8, 1] < -1
    assert marks[head.shape("browDown_L"), 22:27, 1].mean() < 0
    assert marks[head.shape("browInnerUp_R"), 20:22, 1].mean() > 0
