"""Cross-validation by group against the slow, obvious form; the paired test and the bootstrap against theirs."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from mien.errors import InputError
from mien.temporal import Learns, Step, apply, fitted
from mien.temporal.bias import Bias
from mien.temporal.smooth import Smooth
from mien.temporal.threshold import Threshold
from mien.train import tally
from mien.train.data import Ints
from mien.train.folds import crossed, folds
from mien.types import Labels, Signal

THREE = Labels("three", ("a", "b", "c"))
PEOPLE = [f"person{i % 7}" for i in range(20)]


def videos(seed: int = 0) -> tuple[list[Signal], list[Signal]]:
    """Twenty short videos of seven people: answers, and the truth in most of their rows."""
    draw, out = np.random.default_rng(seed), ([], [])
    for _ in PEOPLE:
        n = int(draw.integers(3, 9))
        truth = np.eye(3, dtype=np.float32)[draw.choice(3, n, p=(0.7, 0.2, 0.1))]
        raw = truth + draw.random((n, 3)).astype(np.float32) * 1.5
        times, seen = np.arange(n) / 30, np.ones(n, bool)
        out[0].append(Signal(times, raw / raw.sum(1, keepdims=True), seen, THREE))
        out[1].append(Signal(times, truth, draw.random(n) < 0.9, THREE))
    return out


@pytest.mark.parametrize("count", [2, 5, 7, 50])
def test_folds_share_out_every_place_once_and_never_part_a_group(count: int) -> None:
    parts = folds(PEOPLE, count)
    assert sorted(np.concatenate(parts).tolist()) == list(range(20)) and len(parts) == min(count, 7)
    held = [{PEOPLE[i] for i in part} for part in parts]
    assert sum(len(h) for h in held) == len(set().union(*held)) == 7


def test_a_groups_fold_does_not_depend_on_the_order_of_the_videos() -> None:
    order = np.random.default_rng(1).permutation(20)
    there, here = folds([PEOPLE[i] for i in order], 3), folds(PEOPLE, 3)
    assert [sorted(order[part].tolist()) for part in there] == [part.tolist() for part in here]


def test_one_person_cannot_be_crossed() -> None:
    with pytest.raises(InputError, match="needs two groups and two folds, got 1 and 5"):
        folds(["a", "a", "a"])


@pytest.mark.parametrize("steps", [(Bias(),), (Smooth("box", rows=1, seconds=None), Bias(), Threshold())])
def test_crossed_steps_equal_steps_fitted_by_hand_on_the_videos_of_other_folds(steps: tuple[Step, ...]) -> None:
    signals, targets = videos()

    def run(rest: Ints, held: Ints) -> list[Signal]:
        done = fitted(steps, [signals[i] for i in rest], [targets[i] for i in rest])
        return [apply(done, signals[i]) for i in held]

    got = crossed(PEOPLE, run, 3)
    for part in folds(PEOPLE, 3):
        strangers = [i for i in range(20) if PEOPLE[i] not in {PEOPLE[j] for j in part}]
        at = [signals[i] for i in strangers]
        truth, mine = [targets[i] for i in strangers], {j: signals[j] for j in part.tolist()}
        for step in steps:
            learned = step.fit(at, truth) if isinstance(step, Learns) else step
            at, mine = [learned(s) for s in at], {j: learned(s) for j, s in mine.items()}
        for j, signal in mine.items():
            np.testing.assert_array_equal(got[j].values, signal.values)


def test_what_is_crossed_does_not_see_its_own_truth() -> None:
    signals, targets = videos()
    mine = [i for i in range(20) if PEOPLE[i] == "person3"]

    def run(rest: Ints, held: Ints) -> list[Signal]:
        step = Bias().fit([signals[i] for i in rest], [targets[i] for i in rest])
        return [step(signals[i]) for i in held]

    before = crossed(PEOPLE, run)
    for i in mine:
        targets[i] = Signal(targets[i].times, targets[i].values[:, ::-1].copy(), targets[i].seen, THREE)
    after = crossed(PEOPLE, run)
    assert all(np.array_equal(before[i].values, after[i].values) for i in mine)
    assert any(not np.array_equal(a.values, b.values) for a, b in zip(before, after, strict=True))


def test_the_paired_test_comes_near_to_every_way_of_swapping() -> None:
    draw = np.random.default_rng(4)
    truth = draw.normal(size=(80, 1)).astype(np.float32)
    video = np.repeat(np.arange(8), 10)
    one, other = (
        tally.MEAN_CCC.by_video(truth, truth + s * draw.normal(size=truth.shape).astype(np.float32), video, 8)
        for s in (0.9, 1.2)
    )
    every = []
    for ways in product((False, True), repeat=8):
        swap = np.array(ways)[:, None]
        a, b = np.where(swap, other, one).sum(0), np.where(swap, one, other).sum(0)
        every.append(abs(float(tally.MEAN_CCC.total(a) - tally.MEAN_CCC.total(b))))
    gap, chance = tally.paired(tally.gaps(tally.MEAN_CCC, one, other, tally.tosses(8, seed=0)))
    assert gap == pytest.approx(float(tally.MEAN_CCC.total(one.sum(0)) - tally.MEAN_CCC.total(other.sum(0))))
    assert chance == pytest.approx(np.mean(np.array(every) >= abs(gap) - 1e-12), abs=0.05)  # 3 deviations of 1000 draws


def test_the_interval_is_that_of_videos_drawn_again_one_by_one() -> None:
    draw = np.random.default_rng(5)
    truth, guess = (np.eye(3, dtype=np.float32)[draw.integers(0, 3, 90)] for _ in range(2))
    sums = tally.MACRO_F1.by_video(truth, guess, np.repeat(np.arange(9), 10), 9)
    slow = [tally.MACRO_F1.total(sums[draw.integers(0, 9, 9)].sum(0)) for _ in range(2000)]
    got = tally.interval(tally.MACRO_F1.total(tally.draws(9) @ sums))
    np.testing.assert_allclose(got, np.quantile(slow, [0.025, 0.975]), atol=0.02)  # the quantiles of 1000 draws wander
