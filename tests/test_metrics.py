"""Scores against scikit-learn and SciPy, and at the edges that those leave open."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as reference

from mien.errors import InputError
from mien.metrics import accuracy, auc, average_precision, calibration_error, ccc, f1, macro_f1, mean_ccc, pearson

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("seed", range(5))
def test_class_scores_equal_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, guess = rng.integers(0, 6, 200), rng.integers(0, 6, 200)
    assert accuracy(truth, guess) == pytest.approx(reference.accuracy_score(truth, guess))
    assert f1(truth > 3, guess > 3) == pytest.approx(reference.f1_score(truth > 3, guess > 3))
    assert macro_f1(truth, guess, 8) == pytest.approx(reference.f1_score(truth, guess, average="macro"))


def test_a_class_that_occurs_nowhere_is_left_out_of_the_mean() -> None:
    assert macro_f1(np.array([0, 1, 1]), np.array([0, 1, 1]), 8) == 1
    assert macro_f1(np.array([0, 1]), np.array([0, 2]), 3) == pytest.approx(1 / 3)


@pytest.mark.parametrize("seed", range(5))
def test_auc_equals_scikit_learn_with_ties(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, score = rng.integers(0, 2, 100), rng.integers(0, 12, 100)
    assert auc(truth, score) == pytest.approx(reference.roc_auc_score(truth, score))


@pytest.mark.parametrize("seed", range(5))
def test_correlations_equal_scipy_and_the_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=50)
    b = 0.5 * a + rng.normal(size=50) + 0.3
    assert pearson(a, b) == pytest.approx(stats.pearsonr(a, b)[0])
    r, sa, sb = stats.pearsonr(a, b)[0], a.std(), b.std()
    assert ccc(a, b) == pytest.approx(2 * r * sa * sb / (sa**2 + sb**2 + (a.mean() - b.mean()) ** 2))


@pytest.mark.parametrize("n", [1, 2, 10, 1000])
def test_a_perfect_prediction_scores_exactly_one(n: int) -> None:
    values = RNG.normal(size=n).astype(np.float32)
    classes = RNG.integers(0, 8, n)
    assert accuracy(classes, classes) == macro_f1(classes, classes, 8) == 1
    assert f1(classes > 3, classes > 3) == 1
    assert ccc(values, values) == pearson(values, values) == 1


def test_a_constant_guess_correlates_with_nothing() -> None:
    values = RNG.normal(size=30)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pearson(values, np.zeros(30)) == 0
        assert ccc(values, np.full(30, values.mean())) == pytest.approx(0)


def test_two_different_constants_agree_in_nothing() -> None:
    assert ccc(np.zeros(5), np.ones(5)) == 0
    assert pearson(np.full(3, 0.1), np.full(3, 0.2)) == 0  # whose means, being rounded, leave a spread


def test_nothing_to_compare_is_nan_not_a_score() -> None:
    none = np.zeros(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan([accuracy(none, none), macro_f1(none, none, 3), ccc(none, none), auc(none, none)]).all()
        assert np.isnan(auc(np.ones(4), np.arange(4)))
        assert np.isnan(calibration_error(none, np.zeros((0, 3))))


def test_other_lengths_are_refused() -> None:
    for score in (accuracy, f1, ccc, pearson, auc):
        with pytest.raises(InputError, match="one shape"):
            score(np.zeros(3), np.zeros(4))


def slow_calibration(truth: np.ndarray, p: np.ndarray, bins: int) -> float:
    total = 0.0
    for b in range(bins):
        rows = [i for i in range(len(p)) if min(int(p[i].max() * bins), bins - 1) == b]
        if rows:
            right = np.mean([p[i].argmax() == truth[i] for i in rows])
            total += len(rows) / len(p) * abs(right - np.mean([p[i].max() for i in rows]))
    return total


def test_calibration_error_equals_its_definition_and_is_zero_for_the_sure_and_right() -> None:
    p = RNG.dirichlet(np.ones(4), 300)
    truth = RNG.integers(0, 4, 300)
    assert calibration_error(truth, p) == pytest.approx(slow_calibration(truth, p, 15))
    assert calibration_error(truth, np.eye(4)[truth]) == 0
    assert calibration_error(truth, np.eye(4)[(truth + 1) % 4]) == 1


def test_probabilities_that_hold_what_they_say_are_calibrated() -> None:
    p = RNG.dirichlet(np.ones(3), 40_000)
    truth = (p.cumsum(1) < RNG.random((40_000, 1))).sum(1)
    assert calibration_error(truth, p) < 0.015  # sampling noise of 15 bins


@pytest.mark.parametrize("score", [accuracy, auc, average_precision, ccc, f1, pearson])
def test_what_is_not_known_is_refused_and_not_scored(score: Callable) -> None:
    known, holed = np.array([0.0, 1, 1]), np.array([0, np.nan, 1])
    for truth, guess in ((known, holed), (holed, known), (holed, holed)):
        with pytest.raises(InputError, match="got NaN; leave those rows out"):
            score(truth, guess)


def test_a_probability_that_is_not_known_is_refused_and_not_counted_as_right() -> None:
    p = np.full((4, 3), 1 / 3)
    p[1, 1] = np.nan
    with pytest.raises(InputError, match="got NaN; leave those rows out"):
        calibration_error(np.array([0, 1, 2, 0]), p)


def test_a_table_is_one_sample_to_the_average_precision_as_it_is_to_the_auc() -> None:
    truth, score = np.eye(3), RNG.random((3, 3))
    assert average_precision(truth, score) == average_precision(truth.ravel(), score.ravel())


def test_shapes_that_cannot_be_meant_are_refused() -> None:
    with pytest.raises(InputError, match=r"truth must be \(2\), got \(2, 2\)"):
        calibration_error(np.eye(2), np.full((2, 2), 0.5))
    with pytest.raises(InputError, match=r"got \(3,\)"):
        mean_ccc(np.ones(3), np.ones(3))
