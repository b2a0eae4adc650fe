"""Loops and filters against slow or standard versions of the same."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from mien.synth import camera, noise, raster
from mien.synth.assets import Assets, harmonics, visibility


@pytest.mark.parametrize("first", ["far", "near"])
def test_the_nearer_of_two_triangles_is_drawn(first: str) -> None:
    screen = np.array([(0, 0, 0.1), (0, 9, 0.1), (9, 0, 0.1), (0, 0, 0.2), (0, 5, 0.2), (5, 0, 0.2)], np.float32)
    depth, hit = np.zeros((10, 10), np.float32), np.full((10, 10), -1, np.int32)
    share = np.zeros((10, 10, 2), np.float32)
    far, near = (0, 1) if first == "far" else (1, 0)
    triangles = np.array([(0, 1, 2), (3, 4, 5)], np.int32)[[far, near]]
    raster.draw(screen, triangles, True, depth, hit, share)
    for y in range(10):
        for x in range(10):
            assert hit[y, x] == (near if x + y <= 5 else far if x + y <= 9 else -1)


def test_perspective_weights_read_the_place_in_space() -> None:
    world = np.array([(-1.0, -1, 4), (3, -1, 9), (0, 2, 6)], np.float32)
    screen = np.column_stack([world[:, :2] / world[:, 2:] * 40 + 20, 1 / world[:, 2]]).astype(np.float32)
    depth, hit = np.zeros((40, 40), np.float32), np.full((40, 40), -1, np.int32)
    share, out = np.zeros((40, 40, 2), np.float32), np.zeros((40, 40, 3), np.float32)
    triangles = np.array([(0, 1, 2)], np.int32)
    raster.draw(screen, triangles, True, depth, hit, share)
    raster.spread(hit, share, triangles, world, out)
    rows, columns = np.nonzero(hit >= 0)
    assert len(rows) > 50
    found = out[rows, columns]
    assert found[:, 0] / found[:, 2] * 40 + 20 == pytest.approx(columns, abs=1e-3)
    assert found[:, 1] / found[:, 2] * 40 + 20 == pytest.approx(rows, abs=1e-3)


def test_the_back_of_a_triangle_is_culled_unless_asked() -> None:
    screen = np.array([(0, 0, 0.1), (9, 0, 0.1), (0, 9, 0.1)], np.float32)
    for two_sided in (False, True):
        depth, hit = np.zeros((10, 10), np.float32), np.full((10, 10), -1, np.int32)
        raster.draw(screen, np.array([(0, 1, 2)], np.int32), two_sided, depth, hit, np.zeros((10, 10, 2), np.float32))
        assert (hit >= 0).any() == two_sided


def test_normals_of_a_ball_point_outward(egg: Assets) -> None:
    out = np.empty_like(egg.vertices)
    raster.normals(egg.vertices, egg.triangles, out)
    skull = slice(0, 90 * 120)
    expected = (egg.vertices[skull] - (0, 3.0, 0.5)) / np.array([8.6, 11.5, 10.5]) ** 2
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    inner = np.abs(egg.vertices[skull, 1] - 3) < 10  # the poles' triangles are slivers
    assert ((out[skull] * expected).sum(1)[inner] > 0.97).all()


def test_a_ball_sees_the_sky_that_it_faces(egg: Assets) -> None:
    front = np.abs(egg.vertices - (0, 3, 11)).sum(1).argmin()
    seen = visibility(egg)[front] @ harmonics(np.array([(0, 0, 1.0), (0, 0, -1.0)])).T
    assert seen[0] > 0.8
    assert seen[1] < 0.25


def test_blur_is_the_gaussian_filter() -> None:
    image = np.random.default_rng(0).random((40, 30, 3)).astype(np.float32)
    expected = gaussian_filter(image, (1.2, 1.2, 0), mode="nearest", truncate=2.5)
    assert camera.blur(image, 1.2) == pytest.approx(expected, abs=2e-3)


def test_jpeg_of_best_quality_keeps_the_picture_and_of_low_quality_does_not() -> None:
    image = np.random.default_rng(0).random((20, 27, 3)).astype(np.float32)
    assert np.abs(camera.jpeg(image, 100) - image).max() < 0.03
    assert np.abs(camera.jpeg(image, 10) - image).max() > 0.1


def test_resizing_keeps_a_ramp_and_the_mean() -> None:
    ramp = np.broadcast_to(np.arange(32, dtype=np.float32)[:, None, None], (32, 8, 3))
    half = camera.resize(ramp, (16, 8))
    assert half[4:12, 0, 0] == pytest.approx(np.arange(32).reshape(16, 2).mean(1)[4:12], abs=1e-4)
    assert half.mean() == pytest.approx(ramp.mean(), abs=1e-3)


def test_a_clean_camera_changes_nothing() -> None:
    image = np.random.default_rng(0).random((8, 8, 3)).astype(np.float32)
    assert np.abs(camera.take(np.random.default_rng(1), image, 0.0) / 255.0 - image).max() <= 0.5 / 255 + 1e-6


def test_noise_is_smooth_and_bounded() -> None:
    field = noise.smooth(np.random.default_rng(0), (200, 200), (5, 5))
    assert np.abs(field).max() <= 1
    assert np.abs(np.diff(field, axis=0)).max() < 0.08
    assert field.std() > 0.2
