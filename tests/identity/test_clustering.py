"""Clustering against SciPy, and what must never be joined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from mien.identity import linkage, nodes
from mien.identity.compare import cosine, euclid
from mien.identity.linkage import Linkage, cut
from mien.identity.nodes import Nodes, average
from mien.identity.rank_order import RankOrder
from mien.identity.score import rand_index
from mien.link import unit


def crowd(seed: int, people: int = 12, faces: int = 6, noise: float = 0.25, width: int = 16) -> tuple[np.ndarray, ...]:
    """Faces around the directions of made-up persons."""
    rng = np.random.default_rng(seed)
    centres = unit(rng.normal(size=(people, width)).astype(np.float32))
    owner = np.repeat(np.arange(people), faces)
    return unit(centres[owner] + noise * rng.normal(size=(len(owner), width)).astype(np.float32)), owner


@pytest.mark.parametrize("how", ["single", "average", "complete", "weighted"])
@given(seed=st.integers(0, 10_000), threshold=st.floats(0.2, 1.4))
@settings(max_examples=15, deadline=None)
def test_a_cut_is_that_of_scipy(how: Linkage, seed: int, threshold: float) -> None:
    faces, _ = crowd(seed)
    distances = euclid(faces, faces)
    np.fill_diagonal(distances, 0)
    tree = hierarchy.linkage(squareform((distances + distances.T) / 2, checks=False), how)
    wanted = hierarchy.fcluster(tree, threshold, "distance")
    if np.abs(tree[:, 2] - threshold).min() > 1e-5:  # a merge right at the threshold may round either way
        assert rand_index(wanted, cut(distances, threshold, how)) == 1


@pytest.mark.parametrize("how", ["single", "average", "complete"])
def test_forbidden_pairs_part_whole_clusters_as_a_greedy_run_would(how: Linkage) -> None:
    for seed in range(6):
        faces, _ = crowd(seed, 5, 5, 0.5)
        photos = np.random.default_rng(seed).integers(0, 12, len(faces))
        apart = linkage.together(photos)
        distances = euclid(faces, faces)
        got = cut(distances, 1.1, how, apart)
        assert not (linkage.together(got) & apart).any()
        assert rand_index(greedy(distances, 1.1, how, apart), got) == 1


def greedy(distances: np.ndarray, threshold: float, how: str, apart: np.ndarray) -> np.ndarray:
    """The slow, obvious way: merge the nearest allowed pair until none is within the threshold."""
    join = {"single": np.min, "average": np.mean, "complete": np.max}[how]
    groups = [[i] for i in range(len(distances))]
    while True:
        pairs = [
            (join(distances[np.ix_(a, b)]), i, j)
            for i, a in enumerate(groups)
            for j, b in enumerate(groups)
            if i < j and not apart[np.ix_(a, b)].any()
        ]
        best = min(pairs, default=(np.inf, 0, 0))
        if best[0] > threshold:
            break
        groups[best[1]] += groups.pop(best[2])
    labels = np.zeros(len(distances), int)
    for label, members in enumerate(groups):
        labels[members] = label
    return labels


@given(seed=st.integers(0, 10_000), threshold=st.floats(0.05, 0.9))
@settings(max_examples=25, deadline=None)
def test_merging_means_in_rounds_gives_average_linkage_of_cosines(seed: int, threshold: float) -> None:
    faces, _ = crowd(seed, noise=0.4)
    photos = np.random.default_rng(seed).integers(0, 30, len(faces))
    keys = [frozenset({int(p)}) for p in photos]
    for own, apart in ((None, None), (keys, linkage.together(photos))):
        wanted = cut(cosine(faces, faces), threshold, "average", apart)
        assert rand_index(wanted, average(Nodes.of(faces, own), threshold)) == 1


def test_a_run_in_blocks_is_the_run_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    faces, owner = crowd(1, 30, 5)
    keys = [frozenset({i % 40}) for i in range(len(owner))]
    whole = average(Nodes.of(faces, keys), 0.4)
    monkeypatch.setattr(nodes, "BLOCK", 700)
    assert np.array_equal(whole, average(Nodes.of(faces, keys), 0.4))


def test_equal_faces_without_end_are_one_person_and_end() -> None:
    faces = np.tile(unit(np.ones((1, 8), np.float32)), (50, 1))
    assert set(average(Nodes.of(faces), 0.1)) == {0}
    assert set(cut(cosine(faces, faces), 0.1)) == {0}


def test_twins_in_one_photo_stay_two_and_their_other_photos_find_one_of_them() -> None:
    twin = unit(np.ones((1, 8), np.float32))
    labels = average(Nodes.of(np.tile(twin, (3, 1)), [frozenset({0}), frozenset({0}), frozenset({1})]), 0.5)
    assert labels[0] != labels[1]
    assert labels[2] in labels[:2]


def test_one_face_or_none_is_no_error() -> None:
    assert average(Nodes.of(np.ones((1, 4), np.float32)), 0.5).tolist() == [0]
    assert average(Nodes.of(np.ones((0, 4), np.float32)), 0.5).tolist() == []
    for n in (0, 1):
        assert cut(np.zeros((n, n), np.float32), 0.5).tolist() == [0] * n
        assert RankOrder()(np.zeros((n, n), np.float32)).tolist() == [0] * n


def test_rank_order_finds_dense_groups_of_unlike_density() -> None:
    tight, owner = crowd(2, 4, 15, 0.05, 24)
    loose, other = crowd(3, 4, 15, 0.15, 24)
    found = RankOrder(neighbours=20, local=12, normalised=1.0)(euclid(*(np.vstack([tight, loose]),) * 2))
    assert rand_index(np.concatenate([owner, other + 4]), found) > 0.95


def test_the_published_parting_leaves_no_two_faces_of_a_photo_together() -> None:
    faces, _ = crowd(5, 3, 8, 0.3)
    photos = np.random.default_rng(5).integers(0, 8, len(faces))
    distances = euclid(faces, faces)
    parted = linkage.reclustered(distances, cut(distances, 1.2, "single"), photos)
    assert not (linkage.together(parted) & linkage.together(photos)).any()


def test_the_age_term_is_as_published() -> None:
    term = linkage.ages_apart(np.array([5, 45], np.float32), 0.1)
    assert term[0, 1] == pytest.approx(0.1 * 40**2 / 50)
    assert term[0, 0] == 0
