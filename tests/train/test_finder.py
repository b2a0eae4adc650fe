"""The detector's targets and its decoding are each other's inverse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mien.detectors.finder import STRIDES, decode
from mien.train import finder
from mien.train.finder import RAW, FinderNet, Scenes, Target, losses, mirror, target
from mien.types import Floats

SIZE = (320, 256)


def five(box: Floats) -> Floats:
    places = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], np.float32)
    return box[:2] + places * box[2:]


def maps(boxes: Floats, points: Floats) -> dict[str, Floats]:
    made = {}
    for stride in STRIDES:
        wanted = target(boxes, points, SIZE, stride)
        raw = wanted.values.copy()
        raw[0] = np.where(wanted.face, 8.0, -8.0)
        made[f"maps{stride}"] = raw[None]
    return made


@pytest.mark.parametrize("side", [12, 20, 36, 60, 100, 150, 240])
def test_what_the_targets_say_decodes_to_the_face(side: int) -> None:
    boxes = np.array([[40.3, 9.7, side * 0.9, side * 1.1]], np.float32)
    points = np.stack([five(boxes[0])])
    scores, found, at = decode(maps(boxes, points), 0.5)
    assert len(found) >= 1 and scores.min() > 0.99
    np.testing.assert_allclose(found, np.repeat(boxes, len(found), 0), atol=0.01)
    np.testing.assert_allclose(at, np.repeat(points, len(found), 0), atol=0.01)


def test_every_size_has_a_scale_that_answers_for_it() -> None:
    for side in np.geomspace(10, 300, 40):
        box = np.array([[20, 20, side, side]], np.float32)
        asked = [target(box, five(box[0])[None], (640, 640), s).face.any() for s in STRIDES]
        assert any(asked), f"no scale answers for a face of {side:.0f} px"


def test_a_picture_without_a_face_asks_for_silence_everywhere() -> None:
    for stride in STRIDES:
        wanted = target(np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32), SIZE, stride)
        assert not wanted.face.any() and not wanted.ignore.any()


def test_the_loss_is_small_where_the_maps_say_the_truth_and_large_where_they_do_not() -> None:
    box = np.array([[100, 60, 50, 60]], np.float32)
    wanted = [[target(box, five(box[0])[None], SIZE, s)] for s in STRIDES]
    truth = tuple(torch.from_numpy(m) for m in maps(box, five(box[0])[None]).values())
    silent = tuple(torch.full_like(t, -8.0) for t in truth)
    right, wrong = (sum(float(v) for v in losses(m, wanted).values()) for m in (truth, silent))
    assert right < 0.01 and wrong > 1.0


def test_unknown_points_give_no_gradient() -> None:
    box = np.array([[100, 60, 50, 60]], np.float32)
    wanted: list[list[Target]] = [[target(box, np.full((1, 5, 2), np.nan, np.float32), SIZE, s)] for s in STRIDES]
    raw = tuple(torch.zeros(1, RAW, SIZE[1] // s, SIZE[0] // s, requires_grad=True) for s in STRIDES)
    torch.stack(list(losses(raw, wanted).values())).sum().backward()
    for r in raw:
        assert r.grad is not None and bool((r.grad[:, 5:] == 0).all()) and bool(r.grad.isfinite().all())


def test_mirroring_twice_changes_nothing() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    box = np.array([[0.5, 1, 2, 1]], np.float32)
    once = mirror(image, box, five(box[0])[None])
    again = mirror(*once)
    assert np.array_equal(again[0], image) and np.allclose(again[1], box) and np.allclose(again[2], five(box[0])[None])
    assert once[2][0, 0, 0] < once[2][0, 1, 0], "the image-left eye must stay first"


def test_the_network_answers_at_the_three_strides() -> None:
    with torch.no_grad():
        out = FinderNet().eval()(torch.zeros(1, 1, 64, 96))
    assert [tuple(o.shape) for o in out] == [(1, RAW, 64 // s, 96 // s) for s in STRIDES]


def test_scenes_in_colour_are_learnt_from_in_grey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finder, "relight", lambda image, draw: image.astype(np.float32) / 255)
    red = np.full((2, 320, 320, 3), (200, 0, 0), np.uint8)
    none = {
        "boxes": np.zeros((0, 4), np.float32),
        "points": np.zeros((0, 5, 2), np.float32),
        "counts": np.zeros(2, int),
    }
    np.savez(tmp_path / "scene0000.npz", images=red, **none)
    batch, wanted = Scenes(tmp_path, 1).batch(0, 3)
    assert batch.shape == (3, 1, 320, 320) and [len(scale) for scale in wanted] == [3, 3, 3]
    torch.testing.assert_close(batch, torch.full_like(batch, (60 / 255 - 0.5) / 0.25))
