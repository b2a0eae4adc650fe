"""Blends, pools and compounds against slow and obvious versions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from mien.errors import InputError
from mien.fusion import pool
from mien.fusion.blend import Blend
from mien.fusion.compound import COMPOUND, PAIRS, compound, divergence
from mien.labels import AFFECTNET8, AFFWILD2
from mien.metrics import mean_pearson
from mien.types import Labels, Signal


def signal(values: np.ndarray, seen: np.ndarray | None = None) -> Signal:
    n, k = values.shape
    names = Labels("k", tuple(str(i) for i in range(k)))
    return Signal(np.arange(n) / 30, values.astype(np.float32), np.ones(n, bool) if seen is None else seen, names)


def noisy(seed: int = 0) -> tuple[Signal, list[Signal]]:
    draw = np.random.default_rng(seed)
    truth = draw.normal(size=(400, 2))
    return signal(truth), [signal(truth * gain + draw.normal(size=truth.shape)) for gain in ([1, 0.1], [0.2, 2.0])]


@pytest.mark.parametrize("by_column", [False, True])
def test_a_fitted_blend_is_the_best_of_the_grid(by_column: bool) -> None:
    truth, networks = noisy()
    blend = Blend(by_column=by_column).fit([[s] for s in networks], [truth], mean_pearson)
    got = mean_pearson(truth.values, blend(networks).values)
    grid = np.linspace(0, 1, 11)
    choices = itertools.product(grid, repeat=2) if by_column else ((w, w) for w in grid)
    a, b = (s.values for s in networks)
    best = max(mean_pearson(truth.values, a * np.array(w) + b * (1 - np.array(w))) for w in choices)
    assert got == pytest.approx(best, abs=2e-3)


def test_weights_for_each_column_are_never_worse_where_they_were_fitted() -> None:
    truth, networks = noisy(1)
    scores = []
    for by_column in (False, True):
        blend = Blend(by_column=by_column).fit([[s] for s in networks], [truth], mean_pearson)
        scores.append(mean_pearson(truth.values, blend(networks).values))
    assert scores[1] >= scores[0] >= max(mean_pearson(truth.values, s.values) for s in networks)


def test_a_row_that_one_network_did_not_see_is_the_others() -> None:
    one, other = np.full((3, 1), 0.2), np.full((3, 1), 0.8)
    blind = np.array([True, False, True])
    got = Blend()([signal(one, blind), signal(other)])
    np.testing.assert_allclose(got.values.ravel(), [0.5, 0.8, 0.5], atol=1e-6)
    alone = Blend(((1.0,), (0.0,)))([signal(one, blind), signal(other)])
    np.testing.assert_allclose(alone.values.ravel(), [0.2, 0.8, 0.2], atol=1e-6)
    nobody = np.zeros(3, bool)
    assert not Blend()([signal(one, nobody), signal(other, nobody)]).seen.any()


def test_a_blend_of_other_rows_or_networks_is_refused() -> None:
    with pytest.raises(InputError, match="same rows"):
        Blend()([signal(np.zeros((3, 1))), signal(np.zeros((2, 1)))])
    with pytest.raises(InputError, match="at least one network"):
        Blend()([])
    with pytest.raises(InputError, match="fitted on 3 networks, got 1"):
        Blend(((0.2,), (0.4,), (0.4,)))([signal(np.zeros((3, 1)))])
    long, short = signal(np.zeros((3, 1))), signal(np.zeros((2, 1)))
    for networks, target in (([[long], [short]], long), ([[long], [long]], short)):
        with pytest.raises(InputError, match="targets of as many rows"):
            Blend().fit(networks, [target], mean_pearson)


@pytest.mark.parametrize(
    ("mean", "of"), [("arithmetic", np.mean), ("geometric", stats.gmean), ("harmonic", stats.hmean)]
)
def test_compounds_are_the_pairs_means_in_either_order_of_classes(mean, of) -> None:
    draw = np.random.default_rng(0)
    values = draw.dirichlet(np.ones(8), 20).astype(np.float32)
    got = compound(Signal(np.arange(20.0), values, np.ones(20, bool), AFFECTNET8), mean).values
    for i, name in enumerate(COMPOUND):
        pair = [AFFECTNET8.index(n) for n in PAIRS[name]]
        np.testing.assert_allclose(got[:, i], of(values[:, pair], axis=1), rtol=1e-4)
    moved = np.zeros((20, 8), np.float32)
    for i, name in enumerate(AFFWILD2):
        if name in AFFECTNET8.names:
            moved[:, i] = values[:, AFFECTNET8.index(name)]
    again = compound(Signal(np.arange(20.0), moved, np.ones(20, bool), AFFWILD2), mean).values
    np.testing.assert_allclose(again, got)


def test_divergence_equals_scipy_and_is_zero_for_the_known_sizes() -> None:
    draw = np.random.default_rng(0)
    classes = draw.integers(0, 7, 500)
    sizes = draw.integers(10, 100, 7)
    wanted = stats.entropy(np.bincount(classes, minlength=7), sizes)
    assert divergence(np.eye(7)[classes], sizes.tolist()) == pytest.approx(wanted)
    assert divergence(np.eye(7)[np.repeat(np.arange(7), sizes)], sizes.tolist()) == pytest.approx(0, abs=1e-12)


def test_pools_are_the_statistics_side_by_side() -> None:
    values = np.random.default_rng(0).random((9, 4)).astype(np.float32)
    wanted = [values.mean(0), values.std(0), values.min(0), values.max(0)]
    np.testing.assert_allclose(pool.stat(values), np.concatenate(wanted))
    assert pool.stat(values[:0]).tolist() == [0] * 16
    faces = [values[:3], values[:0], values[3:]]
    assert pool.group(faces).shape == (16,)
    with pytest.raises(InputError, match="got none"):
        pool.group([values[:0]])


def test_rows_are_brought_to_another_number_of_frames() -> None:
    values = np.arange(5, dtype=np.float32)[:, None]
    assert pool.nearest(values, 10).ravel().tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    np.testing.assert_allclose(pool.between(values, 9).ravel(), np.interp(np.linspace(0, 4, 9), range(5), range(5)))
    assert pool.between(values[:1], 3).ravel().tolist() == [0, 0, 0]


def test_of_several_faces_the_strongest_counts() -> None:
    blind = np.array([True, False])
    got = pool.strongest([signal(np.array([[1, 0], [9, 9]]), blind), signal(np.array([[0, 2], [3, 4]]))])
    assert got.values.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("faces", [[], [np.zeros((3, 2)), np.zeros((2, 2))], [np.zeros((3, 2)), np.zeros((3, 1))]])
def test_the_strongest_of_no_faces_or_of_other_rows_is_refused(faces: list[np.ndarray]) -> None:
    with pytest.raises(InputError, match="same rows and labels"):
        pool.strongest([signal(face) for face in faces])
