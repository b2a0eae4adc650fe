"""Descriptors of tracks, attention, and the still-to-video rule with the statement it stands on."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mien.errors import InputError
from mien.identity import attention, descriptor, still_to_video
from mien.identity.compare import euclid
from mien.identity.still_to_video import People, Rule
from mien.link import unit

RNG = np.random.default_rng(1)


def tracks(people: int, frames: int, noise: float, width: int = 24, seed: int = 0) -> list[np.ndarray]:
    """Two tracks of every person, one after the other."""
    rng = np.random.default_rng(seed)
    centres = unit(rng.normal(size=(people, width)))
    return [
        unit(centres[i // 2] + noise * rng.normal(size=(frames, width))).astype(np.float32) for i in range(2 * people)
    ]


def test_the_mean_of_normalised_frames_does_not_listen_to_their_lengths() -> None:
    track = RNG.normal(size=(5, 8)).astype(np.float32)
    loud = track * np.array([[1], [100], [1], [1], [1]], np.float32)
    np.testing.assert_allclose(descriptor.mean(track), descriptor.mean(loud), atol=1e-5)


def test_equal_weights_give_the_mean_and_a_weight_of_zero_drops_a_frame() -> None:
    track = RNG.normal(size=(4, 8)).astype(np.float32)
    np.testing.assert_allclose(descriptor.weighted(track, np.full(4, 0.3)), descriptor.mean(track), atol=1e-6)
    np.testing.assert_allclose(
        descriptor.weighted(track, np.array([1, 1, 1, 0])), descriptor.mean(track[:3]), atol=1e-6
    )


def test_the_medoid_is_the_frame_of_least_total_distance() -> None:
    track = unit(RNG.normal(size=(9, 6)).astype(np.float32))
    totals = [sum(float(np.linalg.norm(a - b)) for b in track) for a in track]
    np.testing.assert_allclose(descriptor.medoid(track), track[int(np.argmin(totals))], rtol=1e-6)


def test_pair_rules_are_what_their_names_say() -> None:
    a, b = (RNG.normal(size=(n, 6)).astype(np.float32) for n in (4, 3))
    pairs = [float(np.linalg.norm(x / np.linalg.norm(x) - y / np.linalg.norm(y))) for x in a for y in b]
    assert descriptor.mean_pair(a, b) == pytest.approx(np.mean(pairs), rel=1e-4)
    assert descriptor.nearest_pair(a, b) == pytest.approx(min(pairs), rel=1e-4)
    assert descriptor.median_pair(a, b) == pytest.approx(float(np.median(pairs)), rel=1e-4)


def test_the_mean_descriptor_names_more_noisy_tracks_rightly_than_the_medoid() -> None:
    own = tracks(40, 12, 0.6)
    hits = {}
    for name in ("normalised mean", "medoid"):
        rule = descriptor.RULES[name]
        nearest = [int(np.argmin([rule(own[2 * q + 1], own[2 * p]) for p in range(40)])) for q in range(40)]
        hits[name] = sum(n == q for q, n in enumerate(nearest))
    assert hits["normalised mean"] > hits["medoid"]


def test_an_empty_track_says_so() -> None:
    with pytest.raises(InputError, match="at least one frame"):
        descriptor.mean(np.zeros((0, 4), np.float32))


def test_attention_learns_to_look_at_the_telling_member() -> None:
    def group(label: int) -> np.ndarray:
        members = 0.3 * RNG.normal(size=(8, 6)).astype(np.float32)
        members[RNG.integers(8), :3] += [3, 2 * label - 1, 0]  # the first number says: listen to this one
        return members

    labels = RNG.integers(0, 2, 200)
    sets = [group(int(label)) for label in labels]
    model = attention.fit(sets[:120], labels[:120], classes=2)
    right = [int(model(s).argmax()) == label for s, label in zip(sets[120:], labels[120:].tolist(), strict=True)]
    assert np.mean(right) > 0.95
    assert np.mean([model.shares(s)[s[:, 0].argmax()] for s in sets[120:]]) > 0.6  # one of eight would be 0.125


def test_the_gradient_of_attention_is_that_of_its_loss() -> None:
    sets = [RNG.normal(size=(n, 3)).astype(np.float64) for n in (2, 4, 3)]
    labels = np.array([0, 1, 1])
    members, mask = attention._padded(sets)
    members = members.astype(np.float64)
    theta = RNG.normal(size=3 * 3 + 2)

    def loss(t: np.ndarray) -> float:
        model = attention.Attention(t[:3], t[3:9].reshape(2, 3), t[9:])
        kept = [m[k > 0] for m, k in zip(members, mask, strict=True)]
        return -float(np.mean([np.log(model(s)[y]) for s, y in zip(kept, labels, strict=True)]))

    slope = attention._gradient(theta, members, mask, labels, 2)
    steps = np.eye(len(theta)) * 1e-5
    wanted = [(loss(theta + s) - loss(theta - s)) / 2e-5 for s in steps]
    np.testing.assert_allclose(slope, wanted, atol=1e-6)


def test_two_n_times_the_divergence_of_a_histogram_is_non_central_chi_squared() -> None:
    """The statement that the rule stands on, for models near each other, as the theorem wants: 40 bins, 2,000 draws."""
    bins, n = 40, 2000
    own = RNG.dirichlet(np.full(bins, 50.0))
    other = own * np.exp(0.06 * RNG.normal(size=bins))
    other /= other.sum()
    histograms = RNG.multinomial(n, own, size=1500) / n
    values = 2 * n * still_to_video.divergence(histograms.astype(np.float32), other[None].astype(np.float32))[:, 0]
    shift = 2 * n * float((own * np.log(own / other)).sum())
    assert stats.kstest(values, stats.ncx2(bins - 1, shift).cdf).pvalue > 0.001
    assert stats.kstest(values, stats.chi2(bins - 1).cdf).pvalue < 1e-6  # the test would see a missing shift


def test_the_surprise_is_the_sum_it_is_multiplied_out_from() -> None:
    distances, rho = RNG.random((3, 6)).astype(np.float32), RNG.random((6, 6)).astype(np.float32) + 0.1
    chosen = np.array([4, 0, 2])
    got = still_to_video.surprise(distances, rho, chosen)
    for t in range(3):
        for k, r in enumerate(chosen):
            terms = [(rho[r, i] - distances[t, i]) ** 2 / (4 * rho[r, i]) for i in range(6) if i != r]
            assert got[t, k] == pytest.approx(sum(terms) / 6, rel=1e-3)


def test_all_rules_name_an_easy_video_rightly() -> None:
    own = tracks(10, 5, 0.05)
    people = People.of(np.vstack([t[:1] for t in own[::2]]), np.arange(10), euclid)
    for who, video in enumerate(own[1::2]):
        assert Rule(weight=50, others=4)(people, video) == who
        assert Rule(weight=50, others=0)(people, video) == who
        assert still_to_video.nearest_mean(people.distances(video)) == who


def test_distances_between_persons_are_those_of_their_nearest_photos() -> None:
    stills = RNG.normal(size=(7, 5)).astype(np.float32)
    owner = np.array([0, 1, 1, 2, 0, 2, 2])
    people = People.of(stills, owner, euclid)
    pairs = euclid(stills, stills)
    assert people.between[0, 2] == pytest.approx(pairs[np.ix_(owner == 0, owner == 2)].min(), abs=1e-5)
    np.testing.assert_allclose(people.distances(stills)[:, 1], pairs[:, owner == 1].min(1), atol=1e-5)


def test_a_video_without_a_face_shows_nobody_rather_than_the_first_person() -> None:
    people = People.of(np.eye(3, dtype=np.float32), np.arange(3), euclid)
    with pytest.raises(InputError, match="at least one frame with a face"):
        Rule()(people, np.zeros((0, 3), np.float32))


def test_a_person_without_a_photo_is_refused() -> None:
    with pytest.raises(InputError, match="every person"):
        People.of(np.ones((2, 3), np.float32), np.array([0, 2]), euclid)
