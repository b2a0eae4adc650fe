from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.errors import InputError
from mien.temporal.stride import NEVER, Stride, lowest
from mien.types import Labels, Signal

TWO = Labels("two", ("a", "b"))


def drawn(n: int, seed: int = 0, lost: float = 0.2) -> Signal:
    draw = np.random.default_rng(seed)
    p = np.clip(0.5 + np.cumsum(draw.normal(0, 0.05, n)), 0, 1)
    return Signal(np.arange(n) / 25, np.stack([p, 1 - p], 1).astype(np.float32), draw.random(n) >= lost, TWO)


def slow(step: Stride, signal: Signal) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """The procedure, decision by decision: values, frames run, share of the window used by the accepting stride."""
    n, half = len(signal), len(signal) if step.half is None else step.half
    values, ran, shares = np.full((n, 2), np.nan), np.zeros(n, bool), []
    for i in range(n):
        window = range(max(i - half, 0), min(i + half + 1, n))
        for stride, limit in zip(step.strides, (*step.thresholds, -np.inf), strict=True):
            frames = [f for f in window if f % stride == 0]
            ran[frames] = True
            rows = signal.values[[f for f in frames if signal.seen[f]]].astype(np.float64)
            if stride == step.strides[-1] or (len(rows) and rows.mean(0).max() > limit):
                values[i] = rows.mean(0) if len(rows) else np.nan
                shares.append(len(frames) / len(window))
                break
    return values, ran, shares


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 80), st.integers(0, 9), st.sampled_from([5, 20, None]), st.sampled_from([0.0, 0.2, 1.0]))
def test_decisions_and_frames_run_are_those_of_the_procedure(n, seed, half, lost) -> None:
    step = Stride((12, 4, 1), half, (0.8, 0.6))
    signal = drawn(n, seed, lost)
    values, ran, shares = slow(step, signal)
    after, spent = step(signal), step.spent(signal)
    np.testing.assert_array_equal(after.seen, np.isfinite(values[:, 0]))
    np.testing.assert_allclose(after.values[after.seen], values[after.seen], atol=1e-6)
    np.testing.assert_array_equal(spent.ran, ran)
    assert spent.share == pytest.approx(np.mean(shares))


def test_unfitted_strides_run_everything() -> None:
    assert Stride().spent(drawn(300)).ran.all()


def test_a_low_threshold_runs_only_the_coarse_frames() -> None:
    signal = drawn(300, lost=0)
    spent = Stride((50, 10, 1), 100, (0.0, 0.0)).spent(signal)
    assert np.flatnonzero(spent.ran).tolist() == list(range(0, 300, 50))


def test_a_single_stride_costs_what_the_literature_counts() -> None:
    spent = Stride((25,), 100).spent(drawn(4000))
    assert spent.share == pytest.approx(0.04, abs=0.001)


@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=1, max_size=40), st.floats(0, 1))
def test_a_threshold_lets_no_more_wrong_answers_pass_than_allowed(rows, level) -> None:
    score, right = np.array([s for s, _ in rows], np.float32), np.array([r for _, r in rows])
    limit = lowest(score, right, level)
    wrong = (score > limit) & ~right
    assert wrong.sum() <= level * len(rows) + 1e-6
    lower = [s for s in score[right] if s < limit]
    for s in lower:  # and no lower score of a right answer would have done
        assert ((score > s) & ~right).sum() > level * len(rows)


def test_fitted_thresholds_hold_their_level_where_they_were_fitted() -> None:
    signals = [drawn(600, seed, lost=0) for seed in range(4)]
    truth = [
        Signal(s.times, np.eye(2, dtype=np.float32)[(s.values[:, 0] < 0.5).astype(int)], s.seen, TWO) for s in signals
    ]
    step = Stride((50, 10, 1), 50, alpha=0.1).fit(signals, truth)
    whole = Stride((1,), 50)
    extra = [
        np.mean(step(s).values.argmax(1) != t.values.argmax(1))
        - np.mean(whole(s).values.argmax(1) != t.values.argmax(1))
        for s, t in zip(signals, truth, strict=True)
    ]
    assert np.mean(extra) <= 0.1
    assert np.mean([step.spent(s).share for s in signals]) < 0.7


def test_no_level_means_no_early_answer_for_a_model_that_is_surely_wrong() -> None:
    assert lowest(np.array([0.9, 0.8], np.float32), np.array([False, True]), 0.0) == NEVER


def test_a_clip_is_one_decision() -> None:
    step = Stride((6, 3, 1), None, (0.9, 0.9))
    after = step(drawn(30, lost=0))
    assert np.ptp(after.values, axis=0).max() == 0


def test_run_on_demand_never_asks_for_a_frame_twice() -> None:
    signal, asked = drawn(37, lost=0), []

    def run(places: list[int]) -> np.ndarray:
        asked.extend(places)
        return signal.values[places]

    unsure = Stride((12, 4, 1), None, (0.999, 0.999)).decide(run, 37)
    assert sorted(asked) == list(range(37))
    assert unsure.ran.tolist() == asked
    assert not unsure.sure
    np.testing.assert_allclose(unsure.values, signal.values.mean(0), atol=1e-6)


def test_run_on_demand_stops_when_sure_and_ignores_frames_without_a_face() -> None:
    def run(places: list[int]) -> np.ndarray:
        return np.array([[np.nan, np.nan] if i == 0 else [0.9, 0.1] for i in places], np.float32)

    decision = Stride((12, 4, 1), None, (0.8, 0.8)).decide(run, 25)
    assert decision.sure
    assert decision.ran.tolist() == [0, 12, 24]
    np.testing.assert_allclose(decision.values, [0.9, 0.1])


def test_run_on_demand_agrees_with_the_whole_signal() -> None:
    signal = drawn(61, seed=3, lost=0)
    step = Stride((20, 5, 1), None, (0.7, 0.6))
    decision = step.decide(lambda places: signal.values[places], 61)
    np.testing.assert_allclose(step(signal).values[0], decision.values, atol=1e-6)
    assert np.flatnonzero(step.spent(signal).ran).tolist() == sorted(decision.ran.tolist())


@pytest.mark.parametrize("strides", [(10, 3, 1), (1, 10), (), (4, 2, 0)])
def test_strides_that_are_not_nested_are_refused(strides) -> None:
    with pytest.raises(InputError, match="multiple of the next"):
        Stride(strides)


@pytest.mark.parametrize("half", [10, None])
@pytest.mark.parametrize("rows", [[], [4]])
def test_fitting_needs_a_target_of_as_many_rows_for_each_signal(rows: list[int], half: int | None) -> None:
    with pytest.raises(InputError, match="target"):
        Stride(half=half).fit([drawn(3) for _ in rows], [drawn(n) for n in rows])
