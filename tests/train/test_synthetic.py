"""ABAW-4's learning from synthetic data, step by step, on faces that are nothing but noise and light."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score

from mien import store
from mien.labels import EXPRESSIONS, LSD
from mien.train import synthetic, tune
from mien.train.sources import SIDE
from mien.train.tune import Lesson

torch.set_num_threads(1)
CARD = store.card("mien_s.default.fp32")
DRAW = np.random.default_rng(0)
ONE_HOT = np.eye(6, dtype=np.float32)


def real(count: int, given: np.ndarray | None = None) -> synthetic.Real:
    truth = ONE_HOT[np.arange(count) % 6]
    images = DRAW.integers(0, 255, (count, 80, 80), np.uint8)
    return synthetic.Real(images, truth, truth if given is None else given)


def test_the_score_is_the_macro_f1_of_the_six() -> None:
    raw, truth = DRAW.normal(size=(60, 6)).astype(np.float32), ONE_HOT[DRAW.integers(0, 6, 60)]
    wanted = f1_score(truth.argmax(1), raw.argmax(1), labels=range(6), average="macro")
    assert synthetic.score(raw, truth) == pytest.approx(wanted)
    row = synthetic.scored(raw, synthetic.Real(np.zeros((60, 80, 80), np.uint8), truth, raw))
    assert row.low < row.honest < row.high and row.optimistic == row.honest


def test_the_six_are_found_among_the_networks_expressions_in_the_challenges_order() -> None:
    net, images = tune.replica(CARD), real(6).images
    every = tune.ask(net, images)

    wanted = np.stack([every[:, EXPRESSIONS.index(name)] for name in LSD], 1)
    np.testing.assert_array_equal(synthetic.answers(net, images), wanted)


def test_the_blend_weight_never_looks_at_the_scored_faces() -> None:
    net, fit, images = tune.replica(CARD), real(12), real(12).images
    order = synthetic.answers(net, images).argsort(1)
    truths = (ONE_HOT[order[:, -1]], ONE_HOT[order[:, -2]])
    (_, one, weights), (_, other, again) = (
        synthetic.blended(net, fit, synthetic.Real(images, truth, truths[1])) for truth in truths
    )
    assert weights == again and one.honest != other.honest
    assert one.honest < one.optimistic  # where the pre-trained answers are wrong, only the scored faces tell


def test_pictures_as_given_are_blurred_and_those_never_halved_are_untouched() -> None:
    faces = DRAW.integers(0, 255, (3, SIDE, SIDE), np.uint8)
    made = synthetic.kinds(faces, synthetic.upscale.Resized())
    assert {v.shape for v in made.values()} == {faces.shape}
    np.testing.assert_array_equal(made["never halved"], faces)
    assert made["as given"].std() < made["super-resolved"].std() < faces.std()


def test_every_kind_of_picture_gives_three_rows_and_a_seed_gives_them_again() -> None:
    truth = ONE_HOT[np.arange(12) % 6]
    light = (truth.argmax(1) * 40 + 20).astype(np.uint8)
    faces = np.broadcast_to(light[:, None, None], (12, SIDE, SIDE)) + DRAW.integers(0, 9, (12, SIDE, SIDE), np.uint8)
    lesson = Lesson(faces, truth, synthetic.COLUMNS, "smoothed")
    parts = (real(12), real(12))
    found = [synthetic.run(CARD, lesson, parts, steps=2, seed=4) for _ in range(2)]
    assert found[0] == found[1] and len(found[0][0]) == 3
    names = ("pre-trained only", "as given, last layer", "as given, all weights")
    table = synthetic.rows({0: dict(zip(names, found[0][0], strict=True))})
    assert [r["name"] for r in table] == list(names) and table[0]["paper"] == 0.6094
