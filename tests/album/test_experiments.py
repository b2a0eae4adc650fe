"""What the papers' page rests on: levels as strong as the paper's, a trend that is told from none, present weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mien import store
from mien.album.experiments import faces, still
from mien.record import digest

RECORDS = ("identity", "tracks", "ages", "groups", "events", "clips")  # those that a network made


def test_every_feature_of_the_paper_is_at_one_level_and_levels_rise() -> None:
    grouped = still.grouped()
    assert sorted(name for names in grouped for name in names) == sorted(still.PAPER)
    assert np.all(np.diff(still.wanted()) > 0)
    assert still.wanted()[still.peak()] == pytest.approx(0.467, abs=0.001)  # where the paper's own gain is highest


def test_one_seed_gives_the_same_people_at_every_level_and_other_draws_of_them() -> None:
    weak, strong = (still.gallery(size, [1, 2]) for size in (40, 4000))
    again = still.gallery(40, [1, 2])
    np.testing.assert_array_equal(weak.stills, again.stills)
    near = ((weak.stills[:, None] - strong.stills) ** 2).sum(2).argmin(1)
    assert np.mean(near == np.arange(still.PEOPLE)) > 0.2  # by chance: 0.005


def test_more_draws_make_stronger_features_and_the_rule_of_all_distances_gains_on_weak_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(still, "PEOPLE", 80)
    weak, strong = (still._judged(size, 3, 0) for size in (120, 400))
    assert weak["MAP fusion"] < strong["MAP fusion"]
    assert weak[still.GAIN] > 0.05 > strong[still.GAIN]
    assert weak[still.GAIN] == pytest.approx(weak["MAP of all distances"] - weak["MAP fusion"])


@pytest.mark.parametrize(("fall", "low", "high"), [(0.05, 0, 1e-6), (0.0, 0.01, 1), (-0.05, 0.99, 1)])
def test_a_trend_is_told_from_none_and_from_its_opposite(fall: float, low: float, high: float) -> None:
    rng = np.random.default_rng(0)
    gains = {f"{i}": 0.3 - fall * i + 0.05 * rng.standard_normal(60) for i in range(4)}
    found = still.order(gains, 1)
    trend = found["trend, from the paper's highest gain on"]
    assert trend["levels"] == ["1", "2", "3"]
    assert low <= trend["p"] <= high
    step = found["steps"]["0, above 1"]
    assert step["low"] < fall < step["high"]


@pytest.mark.parametrize("name", RECORDS)
def test_figures_of_a_network_are_those_of_the_one_that_ships(root: Path, name: str) -> None:
    """Ship other weights, and these figures are to be made again: python -m mien.album.experiments NAME… papers."""
    record = json.loads((root / f"results/people_{name}.json").read_text())
    files = {file: value for file, value in record["data"].items() if file.endswith(".onnx")}
    cards = record["figures"].get("networks", {})
    assert files or cards, "a record says by which network it was made"
    assert files == {file: digest([store.WHEEL / file]) for file in files}
    assert cards == faces.networks(*cards)


def test_a_network_is_named_with_its_weights() -> None:
    card = store.card(faces.NETWORK)
    assert faces.networks(faces.NETWORK) == {card.name: card.hash}
