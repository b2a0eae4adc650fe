"""Pasted faces lie where their boxes and points say."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

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
    assert image.shape == (scenes.SIZE, scenes.SIZE, 3) and len(boxes) == len(points)
    middle = boxes[:, :2] + boxes[:, 2:] / 2
    assert ((middle > 0) & (middle < scenes.SIZE)).all()


def test_stored_pictures_lose_detail_at_times_but_neither_size_nor_light() -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (scenes.SIZE, scenes.SIZE, 3), np.uint8))
    detail = np.asarray(picture, float).std()
    stored = [np.asarray(scenes.stored(picture, np.random.default_rng(seed)), float) for seed in range(30)]
    assert all(one.shape == (scenes.SIZE, scenes.SIZE, 3) and abs(one.mean() - 127) < 3 for one in stored)
    whole = sum(one.std() == detail for one in stored)
    assert 15 < whole < 29 and all(one.std() < 0.9 * detail for one in stored if one.std() != detail)


def test_a_mosaic_is_stored_as_other_pictures_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenes, "stored", lambda canvas, rng: Image.new("RGB", canvas.size, (1, 2, 3)))
    image, _, _ = scenes.mosaic([marked()], [np.full((300, 300, 3), 10, np.uint8)], [], np.random.default_rng(3))
    assert (image == (1, 2, 3)).all()


def test_a_head_from_behind_is_pasted_and_is_no_face() -> None:
    photo, back = np.full((300, 300, 3), 10, np.uint8), marked()
    back = Cut(np.full_like(back.pixels, 240), back.alpha, back.box, back.points[:0])
    image, boxes, points = scenes.mosaic([back], [photo], [], np.random.default_rng(3))
    assert image.max() > 150 and boxes.shape == (0, 4) and points.shape == (0, 5, 2)


@pytest.mark.parametrize(("nose", "aside"), [((50, 58), False), ((66, 58), True), ((50, 70), True), ((50, 62), False)])
def test_the_nose_tells_who_looks_aside_or_down(nose: tuple[float, float], aside: bool) -> None:
    cut = marked()
    cut.points[2] = nose
    assert scenes.turned(cut) is aside
    cut.points[:] = np.nan
    assert not scenes.turned(cut), "nobody knows"


def test_what_looks_aside_and_what_the_teacher_missed_is_pasted_more_often(tmp_path: Path) -> None:
    cut = marked()
    points = np.stack([cut.points] * 3)
    points[1, 2] = (66, 58)
    points[2] = np.nan
    np.savez(tmp_path / "a.npz", images=np.stack([cut.pixels] * 3), boxes=np.stack([cut.box] * 3), points=points)
    pool = scenes.real_pool(tmp_path)
    assert len(pool) == 3 + scenes.HARD + scenes.TURNED
    assert sum(scenes.turned(one) for one in pool) == 1 + scenes.TURNED


def test_profiles_are_pasted_where_both_a_pool_and_assets_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut, shown = marked(), list[int]()
    np.savez(tmp_path / "a.npz", images=cut.pixels[None], boxes=cut.box[None], points=cut.points[None])
    monkeypatch.setattr(scenes, "profiles", lambda assets, seed: [cut, cut])
    monkeypatch.setattr(scenes, "mosaic", lambda faces, empty, mined, rng: shown.append(len(faces)))
    for assets in (None, tmp_path):
        given = Namespace(pool=tmp_path, photos=tmp_path, mined=None, assets=assets, seed=1)
        kind, make = scenes.maker(given)
        make(np.random.default_rng(0))
        assert kind == "mosaic"
    assert shown == [1, 1 + 2 * scenes.TURNED]


def test_nobody_wears_glasses_on_the_back_of_the_head() -> None:
    cut = marked()
    back = Cut(cut.pixels, cut.alpha, cut.box, cut.points[:0])
    dressed = [not np.array_equal(scenes.worn(cut, np.random.default_rng(i)), cut.pixels) for i in range(60)]
    assert sum(dressed) > 3
    assert all(np.array_equal(scenes.worn(back, np.random.default_rng(i)), cut.pixels) for i in range(60))
