from __future__ import annotations

from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest

from mien.cuts import LIMIT, Cuts, difference, histograms
from mien.io.video import Video

CLIPS = ("single_face.mp4", "no_face.mp4", "woman_crying_to_laughing.mp4", "head-pose-face-detection-female.gif")


def shots(frames: list[np.ndarray]) -> list[int]:
    cuts = Cuts()
    return [i for i, pixels in enumerate(frames) if cuts(pixels)]


def test_the_first_frame_is_no_cut() -> None:
    assert shots([np.zeros((30, 40, 3), np.uint8)] * 3) == []


def test_a_thing_that_moves_is_no_cut() -> None:
    frames = []
    for i in range(20):
        frames.append(np.full((120, 160, 3), 90, np.uint8))
        frames[-1][20:100, 6 * i : 6 * i + 60] = (200, 150, 120)  # a quarter of the picture
    assert shots(frames) == []


def test_noise_is_no_cut() -> None:
    draw = np.random.default_rng(0)
    assert shots([np.clip(draw.normal(120, 20, (120, 160, 3)), 0, 255).astype(np.uint8) for _ in range(10)]) == []


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 500, 3), (1080, 1920, 3)])
def test_pictures_of_any_size_can_be_compared(shape: tuple[int, int, int]) -> None:
    dark, bright = np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8)
    assert difference(histograms(dark), histograms(bright)) == 1
    assert difference(histograms(dark), histograms(dark)) == 0


def test_every_block_counts_its_own_colours() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    blocks = [pixels[y : y + 24, x : x + 24] for y in range(0, 96, 24) for x in range(0, 96, 24)]
    rows = [np.concatenate([np.histogram(b[..., c], 16, (0, 256))[0] for c in range(3)]) for b in blocks]
    np.testing.assert_allclose(histograms(pixels), np.array(rows) / (3 * 24 * 24), rtol=1e-6)


def test_real_clips_have_a_cut_where_they_are_joined_and_nowhere_else(data: Path) -> None:
    parts = [[f.pixels for f in islice(Video(data / "video" / name), 20)] for name in CLIPS]
    assert shots([pixels for part in parts for pixels in part]) == [20, 40, 60]


def test_real_clips_stay_far_from_the_limit(data: Path) -> None:
    for name in CLIPS:
        seen = [histograms(f.pixels) for f in islice(Video(data / "video" / name), 20)]
        assert max(difference(a, b) for a, b in pairwise(seen)) < LIMIT / 2
