"""The figures of rules for tracks, and their intervals."""

from __future__ import annotations

import numpy as np
import pytest

from mien.album.experiments import rules
from mien.identity import descriptor
from mien.identity.score import equal_error
from mien.metrics import auc

RNG = np.random.default_rng(3)


@pytest.fixture(scope="module")
def apart() -> np.ndarray:
    """Distances of nine tracks to nine, some of them equal."""
    distances = np.round(RNG.random((9, 9)) + 1, 1)
    return (distances - 0.4 * np.eye(9)).astype(np.float32)


def test_everybody_once_gives_the_plain_figures(apart: np.ndarray) -> None:
    own = np.eye(9, dtype=bool)
    found = rules.judge(apart, np.ones((1, 9)))
    assert found["auc"][0] == pytest.approx(auc(own.ravel(), -apart.ravel()))
    assert found["equal error"][0] == pytest.approx(equal_error(apart[own], apart[~own]))
    assert found["nearest is right"][0] == np.mean(apart.argmin(1) == np.arange(9))


def test_a_person_drawn_twice_counts_twice_and_is_no_pair_with_itself(apart: np.ndarray) -> None:
    drawn = np.array([2, 0, 1, 1, 0, 2, 1, 1, 1])
    who = np.repeat(np.arange(9), drawn)
    same = apart[who, who]
    other = np.array([apart[i, j] for i in who for j in who if i != j])
    found = rules.judge(apart, drawn[None].astype(float))
    wins = (same[:, None] < other) + 0.5 * (same[:, None] == other)
    assert found["auc"][0] == pytest.approx(wins.mean())
    assert found["equal error"][0] == pytest.approx(equal_error(same, other))
    assert found["nearest is right"][0] == pytest.approx(np.mean(apart.argmin(1)[who] == who))


@pytest.fixture(scope="module")
def found() -> dict:
    """Every rule on a small made-up crowd."""
    with pytest.MonkeyPatch.context() as patch:
        for name, few in (("PEOPLE", 20), ("TAUGHT", 5), ("DRAWS", 60)):
            patch.setattr(rules, name, few)
        return rules.run(None, 1)  # type: ignore[arg-type]


def test_intervals_hold_their_means_and_the_winner_is_held_against_nobody(found: dict) -> None:
    for crowd in found.values():
        for name, figures in crowd.items():
            spans = [f for f in figures.values() if isinstance(f, dict)]
            assert len(spans) == (3 if name == rules.WINNER else 6)
            assert all(f["low"] <= f["mean"] <= f["high"] for f in spans)


def test_stronger_features_are_told_apart_better_by_every_rule(found: dict) -> None:
    weak, strong = (found[f"{s} features"] for s in ("weak", "strong"))
    for name, figures in weak.items():
        assert figures["auc"]["mean"] < strong[name]["auc"]["mean"]


def test_rules_in_one_product_are_those_of_two_tracks() -> None:
    rng = np.random.default_rng(0)
    shared = rng.standard_normal((1, rules.WIDTH), np.float32)
    first, second = zip(*rules._pairs(shared, 3, 0.6, rng), strict=True)
    for name, way in rules._ways(None).items():  # type: ignore[arg-type]
        if name in descriptor.RULES:
            one = [[descriptor.RULES[name](a.vectors, b.vectors) for b in second] for a in first]
            np.testing.assert_allclose(way(first, second), one, rtol=1e-4)
