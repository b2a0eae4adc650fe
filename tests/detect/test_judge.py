"""The second opinion: who is asked, what it changes, and what a detector with one then finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from mien import store
from mien.api import perceiver
from mien.card import Card, Input
from mien.detectors.finder import Finder
from mien.detectors.judge import SURE, Judge
from mien.geometry import iou, shrink
from mien.io import photo
from mien.types import Faces, Floats, Frame

CARD = Card("judge.test", "none.onnx", "none", Input(size=64, crop="square", mean=(0.5,), std=(0.25,)))


@dataclass
class Says:
    """A runtime that gives every crop the same logit and counts them."""

    logit: float
    asked: int = field(default=0)

    def run(self, batch: Floats) -> Mapping[str, Floats]:
        self.asked += len(batch)
        return {"face": np.full((len(batch), 1), self.logit, np.float32)}


def faces(*scores: float) -> Faces:
    n = len(scores)
    boxes = np.tile(np.array([10, 10, 40, 40], np.float32), (n, 1))
    points = np.full((n, 5, 2), np.nan, np.float32)
    return Faces(Frame(np.zeros((80, 80, 3), np.uint8)), boxes, points, np.array(scores, np.float32))


def test_only_doubtful_finds_are_asked_about_and_their_order_stays() -> None:
    says = Says(3.0)
    judged = Judge(CARD, says, 1.0)(faces(0.95, 0.5, 0.99, 0.4))
    assert says.asked == 2
    np.testing.assert_allclose(judged.scores[[0, 2]], [0.95, 0.99])
    assert judged.scores[1] > 0.8 and judged.scores[3] > 0.7 and judged.scores[1] > judged.scores[3]


def test_the_score_is_the_weighted_mean_of_both_logits() -> None:
    judged = Judge(CARD, Says(-1.5), 0.5)(faces(0.6))
    logit = (np.log(0.6 / 0.4) + 0.5 * -1.5) / 1.5
    assert judged.scores[0] == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-6)


def test_without_doubt_nobody_is_asked() -> None:
    says = Says(0.0)
    for given in (faces(), faces(SURE, 0.97)):
        assert Judge(CARD, says, 1.0)(given).scores.tolist() == given.scores.tolist()
    assert says.asked == 0


@pytest.fixture
def finder() -> Finder:
    found = perceiver(threads=1).detector
    assert isinstance(found, Finder)
    return found


def test_a_judge_that_refuses_all_removes_the_doubtful_and_one_that_takes_all_adds_some(finder: Finder) -> None:
    group = photo.read(store.WHEEL.parents[2] / "examples" / "group.jpg")
    alone = replace(finder, judge=None)(group)
    strict = replace(finder, judge=Judge(CARD, Says(-50.0), 1.0))(group)
    lenient = replace(finder, judge=Judge(CARD, Says(50.0), 1.0))(group)
    assert (strict.scores >= SURE).all() and len(strict) <= len(alone) <= len(lenient)


def test_beside_a_near_face_a_smaller_look_is_enough_unless_small_faces_are_asked_for(finder: Finder) -> None:
    portrait = photo.read(store.WHEEL.parents[2] / "examples" / "portrait_neutral.jpg")
    seen: list[int] = []

    @dataclass
    class Watched:
        def run(self, batch: Floats) -> Mapping[str, Floats]:
            seen.append(max(batch.shape[2:]))
            return finder.runtime.run(batch)

    spied = replace(finder, runtime=Watched())
    assert len(spied(portrait)) == 1 and seen == [256]
    seen.clear()
    assert len(replace(spied, smallest=16.0)(portrait)) == 1 and seen == [256, 640]


@pytest.mark.parametrize("scale", [1.5, 4])
def test_an_enlarged_group_has_the_same_faces_in_the_same_places(finder: Finder, scale: float) -> None:
    small = Frame(photo.read(store.WHEEL.parents[2] / "examples" / "group.jpg").pixels[:, :700])  # not symmetric
    wide, high = round(small.size[0] * scale), round(small.size[1] * scale)
    boxes, large = finder(small).boxes, finder(Frame(shrink(small.pixels, (wide, high)))).boxes
    assert len(boxes) == len(large) > 3
    assert (iou(large / np.float32(scale), boxes).max(1) > 0.7).all()
