"""The challenges' scores against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from mien.metrics import average_precision, mean_ccc, mean_f1, mean_pearson, p_mtl, weighted_f1


@pytest.mark.parametrize("seed", range(4))
def test_average_precision_equals_scikit_learn_with_ties(seed: int) -> None:
    draw = np.random.default_rng(seed)
    truth, score = draw.random(200) < 0.2, draw.integers(0, 25, 200)
    assert average_precision(truth, score) == pytest.approx(reference.average_precision_score(truth, score))


def test_average_precision_without_a_positive_is_not_a_number() -> None:
    assert np.isnan(average_precision(np.zeros(3), np.arange(3)))
    assert np.isnan(average_precision(np.zeros(0), np.zeros(0)))


@pytest.mark.parametrize("seed", range(4))
def test_weighted_f1_equals_scikit_learn(seed: int) -> None:
    draw = np.random.default_rng(seed)
    truth, guess = draw.integers(0, 4, 200), draw.integers(0, 4, 200)
    assert weighted_f1(truth, guess, 6) == pytest.approx(reference.f1_score(truth, guess, average="weighted"))


def test_means_over_columns_are_exactly_one_when_perfect_and_defined_when_constant() -> None:
    values = np.random.default_rng(0).random((10, 6)).astype(np.float32)
    assert mean_ccc(values, values) == mean_pearson(values, values) == mean_f1(values > 0.5, values > 0.5) == 1
    assert p_mtl(1, 1, 1) == 3
    half = values.copy()
    half[:, 0] = 0.5
    assert mean_pearson(values, half) == pytest.approx(5 / 6)
