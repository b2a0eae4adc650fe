"""The pool of faces: the teacher's widest sure find where there is one, else the set's usual box."""

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("pyarrow", reason="needs the extra tables")

from mien.train import pool
from mien.types import Faces, Floats, Frame

SIDE = 112
BORDER = SIDE // 4


def find(boxes: Floats, scores: list[float]) -> pool.Seen:
    """What is seen in a grey square by a teacher who says this."""

    def teacher(frame: Frame) -> Faces:
        assert frame.size == (SIDE + 2 * BORDER, SIDE + 2 * BORDER)
        points = np.repeat(boxes[:, None, :2], 5, 1)
        return Faces(frame, boxes, points, np.array(scores, np.float32))

    return pool.see(teacher, Image.new("L", (48, 48), 90), SIDE)


def test_the_widest_of_the_sure_finds_is_given_in_the_squares_own_pixels() -> None:
    boxes = np.array([[30, 40, 50, 60], [38, 48, 70, 80], [0, 0, 150, 150]], np.float32)
    seen = find(boxes, [0.99, 0.97, 0.5])
    assert seen.pixels.shape == (SIDE, SIDE, 3)
    assert np.array_equal(seen.box, boxes[1] - [BORDER, BORDER, 0, 0])
    assert np.array_equal(seen.points, np.repeat(seen.box[None, :2], 5, 0))


def test_what_the_teacher_does_not_see_gets_the_usual_box_and_no_points() -> None:
    some = [find(np.array([[30, 40, w, 60]], np.float32), [0.99]) for w in (40.0, 50.0, 90.0)]
    unseen = find(np.zeros((0, 4), np.float32), [])
    images, boxes, points = pool.boxed([*some, unseen])
    assert images.shape == (4, SIDE, SIDE, 3)
    assert np.array_equal(boxes[3], some[1].box) and np.isnan(points[3]).all()
    assert np.isfinite(points[:3]).all() and np.array_equal(boxes[:3], [one.box for one in some])
