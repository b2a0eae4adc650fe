"""What the judge learns from: finds whose rightness is known, cut alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mien.card import Card, Input
from mien.detectors.finder import STRIDES, Finder
from mien.train import judge, loop
from mien.train.finder import RAW, target
from mien.train.judge import FACES, INPUT, SIDE, Batches, Finds, JudgeNet, Panel, collected, colourless, finds, train
from mien.types import Floats

BOXES = np.array([[40, 40, 60, 60], [200, 180, 60, 60]], np.float32)


@dataclass
class FindsBoth:
    """A detector's network that sees a face in both boxes of any picture."""

    def run(self, batch: Floats) -> Mapping[str, Floats]:
        assert abs(batch.max() - (170 / 255 - 0.5) / 0.25) < 0.02, "the detector looks at brightness"
        maps = {}
        for stride in STRIDES:
            five = BOXES[:, None, :2] + BOXES[:, None, 2:] * np.random.default_rng(0).random((2, 5, 2), np.float32)
            wanted = target(BOXES, five, (320, 320), stride)
            raw = np.concatenate([np.where(wanted.face, 3.0, -8.0)[None], wanted.values[1:]])
            maps[f"maps{stride}"] = raw[None].astype(np.float32)
        assert raw.shape[0] == RAW
        return maps


def test_a_find_on_a_face_is_right_beside_it_wrong_and_half_on_it_left_out() -> None:
    card = Card("finder.test", "none.onnx", "none", Input(640, "stretch", mean=(0.5,), std=(0.25,)))
    image = np.zeros((320, 320, 3), np.uint8)
    image[40:100, 40:100] = (200, 160, 140)
    shifted = BOXES[1] + np.array([26, 0, 0, 0], np.float32)  # a third of the union
    found = finds(Finder(card, FindsBoth(), 0.5), np.stack([image] * 2), [BOXES[:1], np.stack([BOXES[0], shifted])])
    assert found.right.tolist() == [True, False, True]
    assert found.images.shape == (3, SIDE, SIDE, 3)
    assert (found.images[0][SIDE // 2, SIDE // 2] == (200, 160, 140)).all() and not found.images[1].any()
    assert np.allclose(found.scores, 1 / (1 + np.exp(-3)), atol=1e-5)


def test_finds_come_as_often_as_they_misled_the_detector_and_a_step_gives_the_same_batch() -> None:
    scores = np.array([0.9, 0.2, 0.8, 0.5], np.float32)
    images = np.stack([np.full((SIDE, SIDE, 3), v, np.uint8) for v in (10, 90, 170, 250)])
    batches = Batches(Finds(images, scores, np.array([False, False, True, True])), seed=3)
    pictures, wanted = batches(7)
    again, _ = batches(7)
    assert torch.equal(pictures, again) and pictures.shape[1:] == (3, INPUT.size, INPUT.size)
    assert int((wanted > 0.5).sum()) == FACES
    np.testing.assert_allclose(batches.believed, [0.9 / 1.1, 0.2 / 1.1], rtol=1e-5)
    np.testing.assert_allclose(batches.known, [0.2 / 0.7, 0.5 / 0.7], rtol=1e-5)


def test_a_grey_face_in_a_coloured_picture_is_shown_in_grey_and_as_many_others_are() -> None:
    skin, red = np.full((SIDE, SIDE, 3), (200, 160, 140), np.uint8), np.full((SIDE, SIDE, 3), (220, 30, 30), np.uint8)
    grey = red.copy()
    grey[10:-10, 10:-10] = 150
    images, right = np.stack([skin, skin, skin, grey, red]), np.array([True, True, True, True, False])
    assert colourless(images).tolist() == [False, False, False, True, False]
    batches = Batches(Finds(images, np.full(5, 0.5, np.float32), right), seed=1)
    shown = [batches(step) for step in range(8)]
    pictures, faces = torch.cat([p for p, _ in shown]), torch.cat([w for _, w in shown]) > 0.5
    middle = pictures[:, :, 24:40, 24:40].mean((2, 3))
    colourful = (middle.max(1).values - middle.min(1).values) > 0.05
    for of in (faces, ~faces):
        assert 0.65 < float(colourful[of].float().mean()) < 0.85, "three of four faces have colour"


def test_a_panel_says_the_mean_of_its_judges() -> None:
    judges = [JudgeNet((4, 8, 8, 8)).eval() for _ in range(3)]
    x = torch.randn(5, 3, INPUT.size, INPUT.size, generator=torch.Generator().manual_seed(0))
    each = torch.stack([judge(x)["face"].detach() for judge in judges])
    torch.testing.assert_close(Panel(judges).eval()(x)["face"], each.mean(0))
    assert float((each[0] - each[1]).abs().max()) > 1e-3


def test_the_network_answers_one_number_a_find() -> None:
    assert JudgeNet((4, 8, 8, 8)).eval()(torch.zeros(3, 3, INPUT.size, INPUT.size))["face"].shape == (3, 1)


def test_training_goes_on_from_a_named_checkpoint(tmp_path: Path) -> None:
    pixels, right = np.zeros((2, SIDE, SIDE, 3), np.uint8), np.array([True, False])
    found, begun = Finds(pixels, np.full(2, 0.5, np.float32), right), JudgeNet()
    torch.save({"kept": begun.state_dict()}, tmp_path / "begun.pt")
    kept = train(found, loop.Plan(0), 5, tmp_path / "a.pt", tmp_path / "begun.pt")
    fresh = train(found, loop.Plan(0), 5, tmp_path / "b.pt")
    assert all(torch.equal(a, b) for a, b in zip(kept.parameters(), begun.parameters(), strict=True))
    assert not torch.equal(fresh.face.weight, begun.face.weight)


def test_parts_of_pictures_without_people_are_stored_as_the_scenes_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos, stored = tmp_path / "photos", list[tuple[int, int]]()
    photos.mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)).save(photos / "a.png")
    none = {
        "boxes": np.zeros((0, 4), np.float32),
        "points": np.zeros((0, 5, 2), np.float32),
        "counts": np.zeros(1, int),
    }
    np.savez(tmp_path / "scene0000.npz", images=np.zeros((1, 320, 320, 3), np.uint8), **none)

    def blank(part: Image.Image, rng: np.random.Generator) -> Image.Image:
        stored.append(part.size)
        return Image.new("RGB", part.size)

    monkeypatch.setattr(judge, "stored", blank)
    assert not len(collected(tmp_path, photos, 3, 1).images), "nothing is found in black"
    assert stored == [(320, 320)] * 3
