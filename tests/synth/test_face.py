"""Latents: units, weights, prototypes, chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.labels import EXPRESSIONS
from mien.synth.face import PROTOTYPES, SHAPES, Latent, affect, person, sample, units, weights

NAMES = ("mouthSmile_L", "mouthSmile_R", "jawOpen", "browDown_L", "browDown_R")


@pytest.fixture
def plain() -> Latent:
    return Latent(person(np.random.default_rng(0), 1))


def test_a_unit_of_one_half_moves_that_half_alone(plain: Latent) -> None:
    found = weights(replace(plain, left=(("AU12", 0.8),)), NAMES)
    assert found[0] == pytest.approx(0.8)
    assert found[1] == 0


def test_a_unit_of_both_halves_moves_a_middle_shape_once(plain: Latent) -> None:
    found = weights(replace(plain, left=(("AU26", 1.0),), right=(("AU26", 1.0),)), NAMES)
    assert found[2] == pytest.approx(SHAPES["AU26"]["jawOpen"])


def test_a_one_sided_unit_counts_half(plain: Latent) -> None:
    assert units(replace(plain, left=(("AU12", 0.8),)))["AU12"] == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("name", "valence", "arousal"),
    [
        ("happiness", 1, 1),
        ("sadness", -1, -1),
        ("anger", -1, 1),
        ("fear", -1, 1),
        ("surprise", 1, 1),
        ("disgust", -1, 1),
    ],
)
def test_prototypes_lie_in_their_quadrant(plain: Latent, name: str, valence: int, arousal: int) -> None:
    always = tuple(PROTOTYPES[name][0].items())
    found = affect(replace(plain, left=always, right=always))
    assert found[0] * valence > 0.2
    assert found[1] * arousal > 0.1


def test_a_face_at_rest_has_no_affect(plain: Latent) -> None:
    assert affect(plain) == (0.0, 0.0)


def test_a_stronger_smile_is_more_pleasant(plain: Latent) -> None:
    levels = [affect(replace(plain, left=s, right=s))[0] for s in ((("AU12", k), ("AU06", k)) for k in (0.2, 0.5, 0.9))]
    assert levels == sorted(levels)
    assert levels[0] < levels[2]


def test_samples_stay_in_their_ranges() -> None:
    for index in range(200):
        latent = sample(np.random.default_rng(index))
        assert abs(latent.pose[0]) <= 60
        assert -1 <= latent.expression < len(EXPRESSIONS.names)
        assert all(0 <= value <= 1 for _, value in latent.left + latent.right)
        valence, arousal = affect(latent)
        assert abs(valence) <= 1
        assert abs(arousal) <= 1


def test_every_expression_and_every_unit_is_drawn() -> None:
    drawn = [sample(np.random.default_rng(index)) for index in range(400)]
    assert {latent.expression for latent in drawn} == set(range(-1, len(EXPRESSIONS.names)))
    assert {name for latent in drawn for name, value in latent.left + latent.right if value > 0} == set(SHAPES)


def test_contempt_is_one_sided() -> None:
    drawn = [sample(np.random.default_rng(index)) for index in range(400)]
    sneers = [latent for latent in drawn if latent.expression == EXPRESSIONS.names.index("contempt")]
    assert sneers
    for latent in sneers:
        left, right = dict(latent.left)["AU14"], dict(latent.right)["AU14"]
        assert min(left, right) == 0 < max(left, right)
