"""Pasted faces lie where their boxes and points say."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mien.train import scenes
from mien.train.scenes import Cut


def marked() -> Cut:
    """A dark face whose five points are bright dots."""
    pixels = np.full((100, 100, 3), 60, np.uint8)
    points = np.array([[35, 40], [65, 40], [50, 58], [40, 75], [60, 75]], np.float32)
    for x, y in points.astype(int):
        pixels[y - 3 : y + 4, x - 3 : x + 4] = 255
    return Cut(pixels, np.full((100, 100), 255, np.uint8), np.array([10, 5, 80, 90], np.float32), points)


@pytest.mark.parametrize("turn", [0.0, 20.0, -75.0])
def test_points_follow_the_face_that_is_pasted(turn: float) -> None:
    canvas = Image.new("RGB", (320, 320))
    box, points = scenes.paste(canvas, marked(), 120.0, (150.0, 170.0), turn)
    pixels = np.asarray(canvas.convert("L"))
    for x, y in points.round().astype(int):
        assert pixels[y, x] > 180
    np.testing.assert_allclose(box[:2] + box[2:] / 2, [150, 170], atol=1)
    if turn == 0:
        assert np.sqrt(box[2] * box[3]) == pytest.approx(120, rel=0.02)


def test_a_mosaic_is_the_same_for_the_same_seed_and_keeps_faces_inside() -> None:
    photo = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    one, two = (scenes.mosaic([marked()], [photo], [photo[:96, :96]], np.random.default_rng(7)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    image, boxes, points = one
    assert image.shape == (scenes.SIZE, scenes.SIZE) and len(boxes) == len(points)
    middle = boxes[:, :2] + boxes[:, 2:] / 2
    assert ((middle > 0) & (middle < scenes.SIZE)).all()
