"""Approximate neighbours against exact ones; the index is faiss's own, where it is installed."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from mien.errors import MissingExtra
from mien.identity import neighbours
from mien.identity.nodes import Nodes, average, nearest
from mien.identity.score import bcubed
from mien.link import unit


def crowd(people: int, faces: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(people), faces)
    centres = rng.standard_normal((people, 32)).astype(np.float32)
    return owner, unit(centres[owner] + np.float32(0.4) * rng.standard_normal((len(owner), 32), np.float32))


@pytest.fixture
def lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index also for some dozens."""
    monkeypatch.setattr(neighbours, "SMALL", 50)


@pytest.fixture
def whole_search(lists: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What faiss would answer if it looked everywhere."""

    def search(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        likeness = means @ means.T
        place = np.argsort(-likeness, axis=1, kind="stable")[:, : neighbours.ASKED]
        return np.take_along_axis(likeness, place, 1), place

    monkeypatch.setattr(neighbours, "_search", search)


@pytest.mark.usefixtures("whole_search")
def test_forbidden_pairs_are_passed_over_as_in_exact_search() -> None:
    _, vectors = crowd(20, 5)
    pairs = np.array([(a, b) for a in range(100) for b in range(100) if a != b and a % 7 == b % 7])
    for forbidden in (np.zeros((0, 2), np.int64), pairs):
        likeness, place = neighbours.approximate(vectors, forbidden)
        wanted, there = nearest(vectors, forbidden)
        np.testing.assert_array_equal(place, there)
        np.testing.assert_allclose(likeness, wanted, atol=1e-6)


@pytest.mark.usefixtures("whole_search")
def test_who_has_only_forbidden_neighbours_near_is_still_found_the_nearest_allowed() -> None:
    _, vectors = crowd(4, 20)
    own = np.arange(80) // 20
    forbidden = np.array([(a, b) for a in range(80) for b in range(80) if a != b and own[a] == own[b]])
    np.testing.assert_array_equal(neighbours.approximate(vectors, forbidden)[1], nearest(vectors, forbidden)[1])


@pytest.mark.usefixtures("lists")
def test_faiss_clusters_a_crowd_as_exact_search_does() -> None:
    pytest.importorskip("faiss", reason="faiss is not installed: pip install 'mien[near]'")
    owner, vectors = crowd(300, 8)
    exact = average(Nodes.of(vectors), 0.5)
    found = average(Nodes.of(vectors), 0.5, neighbours.approximate)
    assert bcubed(owner, exact).f > 0.95
    assert bcubed(exact, found).f > 0.99


def test_few_are_searched_exactly_and_many_only_where_faiss_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "find_spec", lambda name: None)
    assert neighbours.chosen(10**7) is nearest
    monkeypatch.setattr(neighbours, "find_spec", lambda name: object())
    assert neighbours.chosen(10**7) is neighbours.approximate
    assert neighbours.chosen(neighbours.EXACT) is nearest


@pytest.mark.usefixtures("lists")
def test_without_faiss_the_error_says_which_extra_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingExtra, match=r"mien\[near\]"):
        neighbours.approximate(crowd(20, 5)[1], np.zeros((0, 2), np.int64))
