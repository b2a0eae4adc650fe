"""The twins: published sizes and shares, the same files from the same seed, a signal where one was promised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.train import clips, data, features, latent, twins


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mtl")
    twins.write("mtl", folder, seed=1, scale=0.01)
    return folder


def test_its_files_have_no_fault_and_the_published_sizes(small: Path) -> None:
    assert data.check("mtl", small) == []
    splits = data.read("mtl", small)
    assert {s: len(r) for s, r in splits.items()} == {"train": 1423, "validation": 360}
    store = features.opened(small / "features" / "ddamfn_mtl")
    assert (len(store), store.embedding.shape[1], store.logits.shape[1]) == (1783, 512, 10)
    assert store.places(splits["train"])[1].all()


def test_full_size_is_the_published_one_to_the_row() -> None:
    for stats, rows in ((twins.MTL, (142_333, 26_876)), (twins.UNI, (1_653_757, 376_323))):
        for split, wanted in zip(stats.splits.values(), rows, strict=True):
            made = twins.lengths(np.random.default_rng(0), split.rows, split.videos)
            assert made.sum() == wanted and len(made) == split.videos and made.min() >= 1


def test_the_same_seed_writes_the_same_bytes_and_another_does_not(small: Path, tmp_path: Path) -> None:
    for name, seed in (("same", 1), ("other", 2)):
        twins.write("mtl", tmp_path / name, seed=seed, scale=0.01)
    files = [p.relative_to(small) for p in small.rglob("*") if p.is_file()]
    assert all((tmp_path / "same" / f).read_bytes() == (small / f).read_bytes() for f in files)
    text = "training_set_annotations.txt"
    assert (tmp_path / "other" / text).read_bytes() != (small / text).read_bytes()


def test_shares_and_rates_are_the_published_ones_over_many_videos() -> None:
    draw = np.random.default_rng(0)
    split = twins.MTL.splits["train"]
    films = [twins.film(draw, 120, twins.MTL, split) for _ in range(400)]
    truth = {q: np.concatenate([f.targets[q].values for f in films]) for q in twins.QUESTIONS}
    known = {q: np.concatenate([f.targets[q].known for f in films]) for q in twins.QUESTIONS}
    for question, share in split.known.items():
        assert known[question].mean() == pytest.approx(share, abs=0.03)
    got = truth["expression"][known["expression"]].mean(0)
    np.testing.assert_allclose(got, np.array(split.shares) / sum(split.shares), atol=0.05)
    units = truth["action_units"][known["action_units"]].mean(0)
    np.testing.assert_allclose(units, twins.RATES, atol=0.02)
    assert np.abs(truth["valence_arousal"]).max() <= 1


def test_noise_has_variance_one_and_forgets_as_fast_as_it_says() -> None:
    draw = np.random.default_rng(0)
    slow = latent.drift(draw, 200_000, 2, 0.1, 2.0)
    assert slow.std() == pytest.approx(1, abs=0.05)
    lag = round(2.0 / 0.1)
    assert np.mean(slow[lag:] * slow[:-lag]) == pytest.approx(np.exp(-1), abs=0.05)
    own = np.concatenate([latent.noise(draw, 300, 4, 0.1) for _ in range(200)])
    assert own.var() == pytest.approx(1 + latent.PERSON**2, rel=0.1)


def test_a_source_correlates_as_it_was_asked_to() -> None:
    draw, r = np.random.default_rng(0), 0.38
    felt = draw.standard_normal(50_000)
    assert np.corrcoef(clips.from_correlation(r) * felt + draw.standard_normal(50_000), felt)[0, 1] == pytest.approx(
        r, abs=0.02
    )


def test_lost_frames_come_in_runs_of_the_asked_share() -> None:
    lost = latent.bursts(np.random.default_rng(0), 200_000, 0.13)
    assert lost.mean() == pytest.approx(0.13, abs=0.02)
    assert np.sum(np.diff(lost.astype(int)) == 1) < 0.3 * lost.sum()


def test_an_unknown_twin_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match="no twin"):
        twins.kind_of("affwild3-expr")
