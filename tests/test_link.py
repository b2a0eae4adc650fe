"""Links against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from mien.link import clip, logit, same, sigmoid, softmax, unit

RAW = np.random.default_rng(0).normal(0, 5, (20, 8)).astype(np.float32)
EXTREME = np.array([[-1e4, 0, 1e4], [1e4, 1e4, 1e4]], np.float32)


def test_softmax_is_scipys_and_survives_extremes() -> None:
    np.testing.assert_allclose(softmax(RAW), special.softmax(RAW, axis=1), rtol=1e-5)
    np.testing.assert_allclose(softmax(EXTREME), [[0, 0, 1], [1 / 3] * 3], atol=1e-6)
    assert softmax(np.zeros((0, 8), np.float32)).shape == (0, 8)


def test_sigmoid_is_scipys_and_survives_extremes() -> None:
    np.testing.assert_allclose(sigmoid(RAW), special.expit(RAW), atol=1e-6)
    np.testing.assert_allclose(sigmoid(EXTREME), [[0, 0.5, 1], [1, 1, 1]])


def test_logit_is_scipys_and_the_way_back() -> None:
    share = np.array([0, 1e-6, 0.3, 0.5, 0.999, 1], np.float32)
    np.testing.assert_allclose(logit(share), special.logit(share), rtol=1e-5)
    np.testing.assert_allclose(sigmoid(logit(share)), share, atol=1e-6)


def test_clip_holds_within_one() -> None:
    assert clip(np.array([-3, -0.5, 0.5, 3], np.float32)).tolist() == [-1, -0.5, 0.5, 1]


def test_unit_rows_have_length_one_and_zeros_stay_zero() -> None:
    np.testing.assert_allclose(np.linalg.norm(unit(RAW), axis=1), 1, rtol=1e-6)
    assert unit(np.zeros((1, 4), np.float32)).tolist() == [[0, 0, 0, 0]]
    np.testing.assert_allclose(unit(RAW * 7), unit(RAW), rtol=1e-5)


def test_same_is_the_same() -> None:
    assert same(RAW) is RAW


@pytest.mark.parametrize("link", [softmax, sigmoid, clip, unit, same])
def test_links_keep_single_precision(link: object) -> None:
    assert link(RAW).dtype == np.float32  # type: ignore[operator]
