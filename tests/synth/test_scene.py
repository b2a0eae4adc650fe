"""Scenes: boxes and points land where the heads do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.synth import scene
from mien.synth.assets import Assets
from mien.synth.scene import Cutout, compose, heads, keep, kept
from mien.train import scenes


@pytest.fixture(scope="module")
def pool(egg: Assets) -> list[Cutout]:
    return heads(egg, 6, seed=1, size=64)


@pytest.fixture
def cross() -> Cutout:
    """A 64-pixel cut-out whose five points are single bright pixels."""
    image = np.full((64, 64, 3), 40, np.uint8)
    points = np.array([(24, 24), (40, 24), (32, 32), (26, 42), (38, 42)], np.float32)
    for x, y in points.astype(int):
        image[y - 1 : y + 2, x - 1 : x + 2] = 255
    return Cutout.of(image, np.full((64, 64), 255, np.uint8), np.array([16, 12, 32, 40]), points, False)


def _draw(cutout: Cutout, height: float, roll: float, mirrored: bool) -> tuple[np.ndarray, scene.Placed]:
    image = np.zeros((200, 200, 3), np.float32)
    placed = scene.place(cutout, height, (100.0, 100.0), roll, mirrored)
    scene.paste(np.random.default_rng(0), image, placed, np.ones(3))
    return image, placed


@pytest.mark.parametrize("height", [20, 40, 80])
@pytest.mark.parametrize("roll", [0, 30, -90])
@pytest.mark.parametrize("mirrored", [False, True])
def test_points_land_on_their_pixels(cross: Cutout, height: float, roll: float, mirrored: bool) -> None:
    image, placed = _draw(cross, height, roll, mirrored)
    for x, y in placed.points:
        assert image[round(y), round(x)].mean() > 0.4
    assert len(placed.points) == 5


def test_a_mirrored_face_keeps_the_left_eye_first(cross: Cutout) -> None:
    _, placed = _draw(cross, 40, 0, True)
    assert placed.points[0, 0] < placed.points[1, 0]
    assert placed.points[3, 0] < placed.points[4, 0]


def test_pasting_unscaled_keeps_every_pixel(cross: Cutout) -> None:
    image = np.zeros((64, 64, 3), np.float32)
    placed = scene.place(cross, 40, (32.0, 32.0), 0.0, False)
    low, high = np.array([0, 0]), np.array([64, 64])
    scene.raster.paste(image, cross.levels[0], placed.inverse, low, high, 0.0, np.ones(3, np.float32))
    inner = np.s_[1:62, 1:62]
    assert np.abs(image[inner] * 255 - cross.levels[0][inner][..., :3]).max() < 1


def test_the_box_of_a_turned_face_keeps_its_centre_and_area(cross: Cutout) -> None:
    _, upright = _draw(cross, 40, 0, False)
    _, turned = _draw(cross, 40, 90, False)
    assert upright.box == pytest.approx([84, 80, 32, 40])
    assert turned.box == pytest.approx([80, 84, 40, 32])


def test_the_same_seed_composes_the_same_scene(pool: list[Cutout]) -> None:
    first, again = (compose(np.random.default_rng(3), pool, (96, 128)) for _ in range(2))
    assert (first.image == again.image).all()
    assert (first.boxes == again.boxes).all()
    assert first.image.shape == (96, 128, 3)


def test_scenes_have_from_no_head_to_many_of_many_sizes(pool: list[Cutout]) -> None:
    found = [compose(np.random.default_rng(i), pool, (160, 160)).boxes for i in range(60)]
    counts = [len(boxes) for boxes in found]
    heights = np.concatenate(found)[:, 3]
    assert min(counts) == 0
    assert 4 < max(counts) <= 12
    assert heights.min() < 20
    assert heights.max() > 80


def test_faces_stay_mostly_inside_and_apart(pool: list[Cutout]) -> None:
    for seed in range(30):
        boxes = compose(np.random.default_rng(seed), pool, (160, 160)).boxes
        for i, (x, y, w, h) in enumerate(boxes):
            assert -0.5 * w < x < 160 - 0.5 * w
            assert -0.5 * h < y < 160 - 0.5 * h
            for other in boxes[i + 1 :]:
                assert scene._shared(boxes[i], other) <= 0.41


def test_the_back_of_a_head_is_no_face(egg: Assets) -> None:
    backs = heads(egg, 3, seed=2, size=48, backs=1.0)
    assert all(len(cutout.points) == 0 for cutout in backs)
    assert all(len(compose(np.random.default_rng(i), backs, (96, 96)).boxes) == 0 for i in range(8))


def test_heads_come_back_from_disk(pool: list[Cutout], tmp_path: Path) -> None:
    keep(pool, tmp_path / "pool.npz")
    for before, after in zip(pool, kept(tmp_path / "pool.npz"), strict=True):
        assert (before.levels[0] == after.levels[0]).all()
        assert (before.points == after.points).all()
        assert before.bust == after.bust


def test_a_float_image_is_refused() -> None:
    with pytest.raises(InputError, match="wanted uint8"):
        Cutout.of(np.zeros((8, 8, 3)), np.zeros((8, 8), np.uint8), np.zeros(4), np.zeros((5, 2)), False)


def test_profiles_to_paste_are_cut_out_and_some_are_seen_from_behind(
    egg: Assets, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(scenes, "load", lambda path: egg)
    monkeypatch.setattr(scenes, "HEADS", 12)
    made = scenes.profiles(tmp_path, 3)
    assert len(made) == 12 and {len(one.points) for one in made} == {0, 5}
    assert all(one.alpha.shape == one.pixels.shape[:2] and one.alpha.min() == 0 for one in made)
    frontal = heads(egg, 12, seed=3, backs=0, aside=0)
    apart, usual = (
        np.median([np.ptp(one.points[:2, 0]) / one.box[2] for one in some if len(one.points)])
        for some in (made, frontal)
    )
    assert apart < 0.8 * usual, "eyes of a head from aside lie close together"
