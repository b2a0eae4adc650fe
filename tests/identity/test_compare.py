"""Distances against SciPy, thresholds against the rate they promise, scores against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import distance as reference
from sklearn import metrics

from mien.errors import InputError
from mien.identity import compare, score
from mien.identity.score import bcubed

RNG = np.random.default_rng(3)
A, B = RNG.normal(size=(7, 12)).astype(np.float32), RNG.normal(size=(5, 12)).astype(np.float32)


def test_cosine_is_that_of_scipy() -> None:
    np.testing.assert_allclose(compare.cosine(A, B), reference.cdist(A, B, "cosine"), atol=1e-5)


def test_euclid_is_the_length_between_unit_vectors() -> None:
    wanted = reference.cdist(A / np.linalg.norm(A, axis=1, keepdims=True), B / np.linalg.norm(B, axis=1, keepdims=True))
    np.testing.assert_allclose(compare.euclid(A, B), wanted, atol=1e-5)


def test_chi2_is_the_textbook_sum_over_histograms() -> None:
    p, q = np.abs(A[0]) / np.abs(A[0]).sum(), np.abs(B[0]) / np.abs(B[0]).sum()
    got = compare.chi2(np.abs(A[:1]), np.abs(B[:1]))[0, 0]
    assert got == pytest.approx(float(((p - q) ** 2 / (p + q)).sum()), rel=1e-5)


@pytest.mark.parametrize("name", list(compare.DISTANCES))
def test_a_face_is_at_no_distance_from_itself_however_it_is_scaled(name: str) -> None:
    rows = np.abs(A)
    assert np.abs(np.diag(compare.named(name)(rows, rows * 7))).max() < 2e-3


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5])
def test_a_threshold_keeps_the_rate_of_false_matches_it_promises_and_wastes_none(rate: float) -> None:
    same, other = RNG.normal(0.4, 0.1, 500).astype(np.float32), RNG.normal(1.0, 0.1, 1000).astype(np.float32)
    found = compare.calibrate(same, other, rate)
    assert found.false_match == np.mean(other <= found.distance) <= rate
    assert found.false_match >= rate - 0.0011  # one pair more would break the promise
    assert found.false_non_match == np.mean(same > found.distance)


def test_pairs_at_one_distance_are_never_let_in_together_above_the_rate() -> None:
    other = np.array([0.5] * 50 + [0.9] * 50, np.float32)
    assert compare.calibrate(other, other, 0.3).false_match == 0


def test_calibrating_on_nothing_says_what_is_missing() -> None:
    with pytest.raises(InputError, match="pairs of one and of two persons"):
        compare.calibrate(A[0], A[0, :0])


def test_bcubed_precision_falls_when_persons_are_mixed_and_recall_when_one_is_torn() -> None:
    persons = np.array([0, 0, 1, 1])
    mixed, torn = bcubed(persons, np.zeros(4, int)), bcubed(persons, np.arange(4))
    assert (mixed.precision, mixed.recall) == (0.5, 1.0)
    assert (torn.precision, torn.recall) == (1.0, 0.5)


def test_bcubed_is_the_mean_over_items_of_what_its_words_say() -> None:
    truth, found = RNG.integers(0, 6, 80), RNG.integers(0, 9, 80)
    same_person, same_cluster = truth[:, None] == truth, found[:, None] == found
    shared = (same_person & same_cluster).sum(1)
    got = bcubed(truth, found)
    assert got.precision == pytest.approx(float((shared / same_cluster.sum(1)).mean()))
    assert got.recall == pytest.approx(float((shared / same_person.sum(1)).mean()))
    assert got.f == pytest.approx(2 / (1 / got.precision + 1 / got.recall))


def test_the_rand_index_is_that_of_scikit_learn() -> None:
    for _ in range(5):
        truth, found = RNG.integers(0, 6, 60), RNG.integers(0, 9, 60)
        assert score.rand_index(truth, found) == pytest.approx(metrics.adjusted_rand_score(truth, found), abs=1e-9)
    assert score.rand_index(np.arange(4), np.arange(4)) == 1


def test_equal_error_and_true_matches_of_separated_and_of_equal_distances() -> None:
    low, high = np.linspace(0, 1, 100), np.linspace(2, 3, 100)
    assert score.equal_error(low, high) == 0
    assert score.true_matches(low, high, 0.01) == 1
    assert score.equal_error(low, low) == pytest.approx(0.5, abs=0.01)
    assert score.true_matches(low, low, 0.1) == pytest.approx(0.1, abs=0.011)
