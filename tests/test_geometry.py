"""Boxes and crops against slow, obvious versions and pictures whose answer is known."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mien.card import Input
from mien.geometry import (
    TEMPLATE,
    brightness,
    crop,
    halved,
    iou,
    luma,
    nms,
    normalise,
    scaled_luma,
    shrink,
    similarity,
    widen,
)
from mien.types import Floats, Pixels

UNKNOWN = np.full((5, 2), np.nan, np.float32)
boxes = arrays(np.float32, st.tuples(st.integers(0, 12), st.just(4)), elements=st.integers(1, 40).map(np.float32))


def box(*values: float) -> Floats:
    return np.array(values, np.float32)


def slow_iou(a: Floats, b: Floats) -> float:
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(wide, 0) * max(high, 0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


@given(boxes, boxes)
def test_iou_equals_its_definition_pair_by_pair(a: Floats, b: Floats) -> None:
    got = iou(a, b)
    assert got.shape == (len(a), len(b))
    for i in range(len(a)):
        for j in range(len(b)):
            assert got[i, j] == pytest.approx(slow_iou(a[i], b[j]), abs=1e-6)


def test_iou_of_a_box_with_itself_is_one_and_with_a_far_one_zero() -> None:
    pair = np.stack([box(3, 4, 10, 20), box(300, 4, 10, 20)])
    np.testing.assert_allclose(iou(pair, pair), np.eye(2))
    assert iou(np.zeros((1, 4), np.float32), pair).tolist() == [[0, 0]]


def slow_nms(found: Floats, scores: Floats, overlap: float) -> list[int]:
    left = sorted(range(len(found)), key=lambda i: -scores[i])
    kept = []
    while left:
        best = left.pop(0)
        kept.append(best)
        left = [i for i in left if slow_iou(found[best], found[i]) <= overlap]
    return kept


@given(boxes, st.sampled_from([0.0, 0.31, 0.52, 0.9]), st.integers(0, 9))
def test_nms_keeps_what_the_slow_version_keeps_surest_first(found: Floats, overlap: float, seed: int) -> None:
    scores = np.random.default_rng(seed).permutation(len(found)).astype(np.float32)
    assert nms(found, scores, overlap).tolist() == slow_nms(found, scores, overlap)


def test_similarity_equals_least_squares() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        p, t = rng.normal(0, 50, (5, 2)).astype(np.float32), rng.normal(0, 50, (5, 2)).astype(np.float32)
        rows = [row for x, y in p for row in ([x, -y, 1, 0], [y, x, 0, 1])]
        a, b, u, v = np.linalg.lstsq(np.array(rows), t.ravel(), rcond=None)[0]
        np.testing.assert_allclose(similarity(p.tolist(), t.tolist()), [a, b, u, v], atol=1e-3)


@given(st.floats(-3.1, 3.1), st.floats(0.05, 20), st.floats(-500, 500), st.floats(-500, 500))
def test_similarity_recovers_a_turn_a_scale_and_a_shift(turn: float, scale: float, x: float, y: float) -> None:
    a, b = scale * np.cos(turn), scale * np.sin(turn)
    points = (TEMPLATE * 100).astype(np.float64)
    moved = points @ np.array([[a, b], [-b, a]]) + (x, y)
    np.testing.assert_allclose(similarity(points.tolist(), moved.tolist()), (a, b, x, y), atol=1e-9)


def test_widen_grows_about_the_centre_and_squares_by_the_longer_side() -> None:
    one = box(10, 20, 30, 50)[None]
    np.testing.assert_allclose(widen(one, 0, False), one)
    np.testing.assert_allclose(widen(one, 0.1, False), [[7, 15, 36, 60]], rtol=1e-6)
    np.testing.assert_allclose(widen(one, 0, True), [[0, 20, 50, 50]])
    assert widen(np.zeros((0, 4), np.float32), 0.1, True).shape == (0, 4)


def spots(height: int, width: int, points: Floats, spread: float) -> Pixels:
    """A dark picture with a soft white spot at each point."""
    y, x = np.mgrid[0:height, 0:width] + 0.5
    light = sum(np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * spread**2)) for px, py in points)
    return np.repeat((255 * np.clip(light, 0, 1)).astype(np.uint8)[..., None], 3, 2)


def centres(pixels: Pixels, near: Floats, reach: float) -> Floats:
    """The middle of the light around each place."""
    y, x = np.mgrid[0 : len(pixels), 0 : pixels.shape[1]] + 0.5
    found = []
    for px, py in near:
        light = np.where((x - px) ** 2 + (y - py) ** 2 < reach**2, pixels[..., 0].astype(float), 0)
        found.append(((light * x).sum() / light.sum(), (light * y).sum() / light.sum()))
    return np.array(found, np.float32)


@pytest.mark.parametrize("turn", [0, 20, -45, 90, 180])
@pytest.mark.parametrize("width", [40, 112, 400])
@pytest.mark.parametrize("margin", [0.0, 0.25])
def test_an_aligned_crop_puts_the_five_points_where_the_template_says(turn: float, width: float, margin: float) -> None:
    how = Input(112, "aligned", margin)
    angle = np.deg2rad(turn)
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = ((TEMPLATE - 0.5) * width @ spin.T + [330.3, 310.6]).astype(np.float32)
    target = ((TEMPLATE - 0.5) / (1 + 2 * margin) + 0.5) * 112
    got = crop(spots(640, 660, points, width / 40), box(0, 0, 9, 9), points, how)
    np.testing.assert_allclose(centres(got, target, 8), target, atol=0.4)  # a share of a pixel


def test_without_points_an_aligned_crop_is_the_square_one() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (90, 90, 3), dtype=np.uint8)
    how = Input(32, "aligned", 0.1)
    wanted = crop(pixels, box(20, 20, 40, 50), UNKNOWN, replace(how, crop="square"))
    np.testing.assert_array_equal(crop(pixels, box(20, 20, 40, 50), UNKNOWN, how), wanted)
    same, four = np.full((5, 2), 33, np.float32), (TEMPLATE * 40 + 20).astype(np.float32)
    four[4, 1] = np.nan
    for points in (same, four):
        np.testing.assert_array_equal(crop(pixels, box(20, 20, 40, 50), points, how), wanted)


def test_a_stretched_crop_of_its_own_size_is_the_very_pixels() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    got = crop(pixels, box(11, 7, 24, 24), UNKNOWN, Input(24, "stretch"))
    np.testing.assert_array_equal(got, pixels[7:31, 11:35])


def test_a_square_crop_keeps_the_aspect_and_stretch_does_not() -> None:
    disc = spots(200, 200, np.array([[100, 100]]), 12)
    tall = box(80, 60, 40, 80)
    square = crop(disc, tall, UNKNOWN, Input(80, "square"))[..., 0] > 127
    stretched = crop(disc, tall, UNKNOWN, Input(80, "stretch"))[..., 0] > 127
    assert square.any(0).sum() == pytest.approx(square.any(1).sum(), abs=1)
    assert stretched.any(0).sum() == pytest.approx(2 * stretched.any(1).sum(), abs=2)


@pytest.mark.parametrize("how", ["stretch", "square", "aligned"])
def test_a_fine_checkerboard_shrinks_to_grey(how: str) -> None:
    """Without antialiasing it would shrink to stripes of black and white."""
    board = np.repeat((np.indices((512, 512)).sum(0) % 2 * 255).astype(np.uint8)[..., None], 3, 2)
    points = (TEMPLATE * 380 + 60).astype(np.float32)
    got = crop(board, box(60, 60, 380, 380), points, Input(40, how)).astype(float)  # type: ignore[arg-type]
    assert np.abs(got[2:-2, 2:-2] - 127.5).max() < 12
    assert np.abs(shrink(board, (50, 50)).astype(float) - 127.5).max() < 12


@pytest.mark.parametrize("how", ["stretch", "square", "aligned"])
def test_what_lies_outside_the_picture_is_black(how: str) -> None:
    white = np.full((100, 100, 3), 255, np.uint8)
    points = (TEMPLATE * 100 - 50).astype(np.float32)
    got = crop(white, box(-50, -50, 100, 100), points, Input(40, how))  # type: ignore[arg-type]
    assert not got[:16, :16].any()
    assert (got[26:36, 26:36] > 250).all()
    assert not crop(white, box(500, 500, 40, 40), UNKNOWN, Input(40)).any()


@pytest.mark.parametrize(
    "odd", [(0, 0, 0, 0), (5, 5, -3, 8), (float("nan"), 0, 9, 9), (0, 0, float("inf"), 9), (1, 1, 0.2, 0.2)]
)
def test_a_box_without_area_or_sense_gives_black(odd: tuple[float, ...]) -> None:
    pixels = np.full((50, 50, 3), 200, np.uint8)
    for kind in ("stretch", "square"):
        assert not crop(pixels, box(*odd), UNKNOWN, Input(16, kind)).any()  # type: ignore[arg-type]


@pytest.mark.parametrize("side", [2e3, 1e5, 1e9, 1e30])
def test_a_giant_box_takes_no_giant_memory_and_keeps_the_picture_in_its_place(side: float) -> None:
    white = np.full((100, 120, 3), 255, np.uint8)
    points = (TEMPLATE * side).astype(np.float32)
    tracemalloc.start()
    for kind in ("stretch", "aligned"):
        how = Input(64, kind)  # type: ignore[arg-type]
        got = crop(white, box(60 - side / 2, 50 - side / 2, side, side), points, how)
        assert got.shape == (64, 64, 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6
    middle = crop(white, box(60 - 1e3, 50 - 1e3, 2e3, 2e3), UNKNOWN, Input(64, "stretch"))
    assert middle[31:33, 31:33].min() > 100 and middle.astype(float).mean() == pytest.approx(255 * 0.003, rel=0.4)


@settings(max_examples=60)
@given(
    arrays(np.float32, 4, elements=st.floats(-1e6, 1e6, width=32)),
    arrays(np.float32, (5, 2), elements=st.floats(-1e6, 1e6, width=32)),
    st.sampled_from(["stretch", "square", "aligned"]),
)
def test_any_box_and_points_give_a_crop(where: Floats, points: Floats, kind: str) -> None:
    pixels = np.full((40, 30, 3), 99, np.uint8)
    assert crop(pixels, where, points, Input(12, kind, 0.2)).shape == (12, 12, 3)  # type: ignore[arg-type]


def test_normalise_is_mean_and_std_of_shares_of_white() -> None:
    how = Input(4, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    crops = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 3)).astype(np.uint8)
    wanted = ((crops / 255 - how.mean) / how.std).transpose(0, 3, 1, 2)
    for given_as in (crops, list(crops)):
        got = normalise(given_as, how)
        assert got.dtype == np.float32 and got.flags.c_contiguous
        np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_a_card_with_one_mean_sees_brightness_whether_it_is_given_or_not() -> None:
    how = Input(4, mean=(0.5,), std=(0.25,))
    crops = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 3)).astype(np.uint8)
    grey = np.stack([luma(c) for c in crops])
    wanted = crops @ np.array([0.299, 0.587, 0.114])
    assert np.abs(grey - wanted).max() <= 1
    np.testing.assert_allclose(normalise(crops, how)[:, 0], (grey / 255 - 0.5) / 0.25, atol=1e-5)
    np.testing.assert_array_equal(normalise(grey[..., None], how), normalise(crops, how))


def test_shrink_far_down_averages_as_the_slow_way_does() -> None:
    y, x = np.mgrid[:900, :1200]
    pixels = np.stack([(np.sin(x / 90) * 0.5 + 0.5) * 255, y / 900 * 255, (x + y) / 2100 * 255], 2).astype(np.uint8)
    cells = pixels.reshape(60, 15, 80, 15, 3).mean((1, 3))
    for gap in (1.0, 2.0):
        assert np.abs(shrink(pixels, (80, 60), gap=gap)[2:-2, 2:-2] - cells[2:-2, 2:-2]).max() < 3


def test_half_a_picture_is_the_mean_of_every_four_pixels() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (7, 6), np.uint8)
    means = pixels[:6].reshape(3, 2, 3, 2).mean((1, 3))
    assert halved(pixels).shape == (4, 3)
    np.testing.assert_allclose(halved(pixels)[:3], means, atol=0.51)


def test_shrink_to_the_same_size_is_the_same_picture() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    assert shrink(pixels, (30, 20)) is pixels
    assert shrink(pixels, (15, 10)).shape == (10, 15, 3)


def test_a_box_whose_rounded_edge_lies_before_its_start_plus_its_side_gives_a_crop() -> None:
    pixels, sides = np.full((320, 320, 3), 99, np.uint8), np.arange(10, 12, 0.01)
    for side in sides:
        where = box(200 + np.ceil(side) - side, 200, side, 11)
        assert crop(pixels, where, UNKNOWN, Input(8, "stretch")).shape == (8, 8, 3)


@pytest.mark.parametrize("size", [(1, 1), (47, 31), (300, 400), (641, 90)])
@pytest.mark.parametrize("share", [0.5, 0.8, 1.0, 2.0])
def test_brightness_at_another_size_in_one_step_is_that_of_two(size: tuple[int, int], share: float) -> None:
    rng = np.random.default_rng(size[0])
    coarse = rng.integers(0, 256, (size[0] // 8 + 2, size[1] // 8 + 2, 3), np.uint8)
    pixels = shrink(coarse, size[::-1])
    small = max(round(size[1] * share), 1), max(round(size[0] * share), 1)
    ours, two = scaled_luma(pixels, small).astype(int), shrink(luma(pixels), small)
    assert ours.shape == two.shape and np.abs(ours - two).mean() < 1.5


def test_brightness_of_one_column_is_told_whatever_its_stride() -> None:
    column = np.broadcast_to(np.full((5, 1, 3), 90, np.uint8), (5, 1, 3))
    assert column.strides[1] == 0, "as read gives arrays that are one pixel wide"
    assert (scaled_luma(column, (2, 10)) == 90).all()


@pytest.mark.parametrize("kind", ["aligned", "square", "stretch"])
def test_a_crop_for_a_network_that_sees_brightness_is_that_of_the_crop_in_colour(kind: str) -> None:
    pixels = shrink(np.random.default_rng(1).integers(0, 256, (20, 25, 3), np.uint8), (250, 200))
    points = np.array([[60, 60], [110, 70], [85, 95], [60, 120], [100, 125]], np.float32)
    for where in (box(40, 40, 90, 110), box(-30, 120, 90, 110), box(400, 400, 20, 20)):
        grey = crop(pixels, where, points, Input(32, kind, mean=(0.5,), std=(0.5,)))
        colour = crop(pixels, where, points, Input(32, kind))
        assert grey.shape == (32, 32, 1) and colour.shape == (32, 32, 3)
        assert np.abs(grey[..., 0].astype(int) - luma(colour)).max() <= 2  # rounded at other places


@pytest.mark.parametrize(
    "where", [box(40, 40, 90, 110), box(-30, 120, 90, 110), box(400, 400, 20, 20), box(9, 9, 0, 4)]
)
def test_brightness_in_a_box_is_that_of_the_crop_in_colour(where: Floats) -> None:
    pixels = shrink(np.random.default_rng(1).integers(0, 256, (20, 25, 3), np.uint8), (250, 200))
    grey, colour = brightness(pixels, where, 32), crop(pixels, where, UNKNOWN, Input(32, "stretch"))
    assert grey.shape == (32, 32) and grey.dtype == np.float32
    assert np.abs(grey - colour @ [0.299, 0.587, 0.114]).max() <= 1.5


def test_a_slope_of_brightness_has_no_steps() -> None:
    pixels = np.repeat(np.linspace(100, 120, 400).round().astype(np.uint8)[None, :, None], 200, 0).repeat(3, 2)
    rise = np.diff(brightness(pixels, box(0, 0, 400, 200), 40)[20])
    assert (rise > 0.2).all() and (rise < 0.8).all(), "half a grey a pixel, not none and then one"
