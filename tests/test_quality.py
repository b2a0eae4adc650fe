from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from mien.heads import QUALITY
from mien.quality import _mean, blur, measure
from mien.types import Faces, Frame

GREY = np.array([0.299, 0.587, 0.114], np.float32)


def picture(size: int = 96) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (size, size, 3), np.uint8)


@pytest.mark.parametrize("radius", [0, 1, 3])
def test_blur_is_scikit_images_measure(radius: int) -> None:
    reference = pytest.importorskip("skimage.measure")
    pixels = np.asarray(Image.fromarray(picture()).filter(ImageFilter.GaussianBlur(radius)))
    grey = pixels @ GREY
    assert blur(grey) == pytest.approx(reference.blur_effect(grey, h_size=11), abs=0.02)


def test_running_means_are_those_of_the_mirrored_picture() -> None:
    grey = np.random.default_rng(0).random((20, 6), np.float32)
    around = np.pad(grey, ((5, 5), (0, 0)), mode="symmetric")
    np.testing.assert_allclose(_mean(grey), [around[i : i + 11].mean(0) for i in range(20)], rtol=1e-5)


def test_more_blur_never_measures_less() -> None:
    image = Image.fromarray(picture())
    values = [blur(np.asarray(image.filter(ImageFilter.GaussianBlur(r))) @ GREY) for r in (0, 1, 2, 4, 8)]
    assert values == sorted(values)
    assert values[0] < 0.3 < 0.6 < values[-1]


def test_a_flat_picture_is_fully_blurred() -> None:
    assert blur(np.full((96, 96), 77, np.float32)) == 1


def test_size_is_the_side_of_a_square_of_the_boxs_area() -> None:
    boxes = np.array([[5, 5, 40, 10], [-30, -30, 60, 60]], np.float32)
    faces = Faces(Frame(picture()), boxes, np.full((2, 5, 2), np.nan, np.float32), np.ones(2, np.float32))
    reading = measure(faces)[QUALITY]
    assert reading["size"].tolist() == [20, 60]
    assert np.isfinite(reading.values).all()


def test_each_face_is_measured_where_it_is() -> None:
    sharp = picture()
    blurred = np.asarray(Image.fromarray(sharp).filter(ImageFilter.GaussianBlur(3)))
    boxes = np.array([[96, 0, 96, 96], [0, 0, 96, 96]], np.float32)
    both = Frame(np.concatenate([sharp, blurred], axis=1))
    faces = Faces(both, boxes, np.full((2, 5, 2), np.nan, np.float32), np.ones(2, np.float32))
    wanted = [blur(np.asarray(Image.fromarray(p).convert("L"), np.float32)) for p in (blurred, sharp)]
    assert measure(faces)[QUALITY]["blur"] == pytest.approx(wanted)


def test_nobody_measures_nothing() -> None:
    assert measure(Faces.none(Frame(picture())))[QUALITY].values.shape == (0, 2)
