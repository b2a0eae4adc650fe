"""What every step of the folder keeps to; a new file is picked up with nothing else to write."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest

from mien import temporal
from mien.types import Labels, Signal

LABELS = Labels("eight", tuple("abcdefgh"))


def made(n: int, seed: int = 0, lost: float = 0.3) -> Signal:
    """Probabilities of n rows, some of them unseen."""
    draw = np.random.default_rng(seed)
    values = draw.dirichlet(np.ones(len(LABELS)), n).astype(np.float32)
    seen = draw.random(n) > lost
    if n:
        seen[n // 2] = True
    return Signal(np.arange(n) / 25, values, seen, LABELS)


def rubbish(signal: Signal, filler: float) -> Signal:
    """The same signal with something else in its unseen rows."""
    values = signal.values.copy()
    values[~signal.seen] = filler
    return Signal(signal.times, values, signal.seen, signal.labels)


@pytest.fixture(params=temporal.names())
def step(request: pytest.FixtureRequest) -> temporal.Step:
    return temporal.kind(request.param)()


def test_the_length_times_and_columns_are_kept(step: temporal.Step) -> None:
    signal = made(60)
    after = step(signal)
    assert np.array_equal(after.times, signal.times)
    assert set(after.labels.names) <= set(signal.labels.names)


@pytest.mark.parametrize("n", [0, 1, 2, 12, 13, 25, 26, 27, 200, 201])
def test_any_length_works_the_windows_own_included(step: temporal.Step, n: int) -> None:
    after = step(made(n, lost=0))
    assert len(after) == n
    assert np.isfinite(after.values).all()


def test_unseen_rows_carry_no_weight(step: temporal.Step) -> None:
    signal = made(80)
    once, again = step(rubbish(signal, 1e6)), step(rubbish(signal, np.nan))
    assert np.array_equal(once.seen, again.seen)
    np.testing.assert_array_equal(once.values[once.seen], again.values[again.seen])
    assert np.abs(once.values[once.seen]).max() <= 1


def test_a_signal_never_seen_is_no_error(step: temporal.Step) -> None:
    signal = made(30)
    blind = Signal(signal.times, signal.values, np.zeros(30, bool), LABELS)
    assert not step(blind).seen.any()


def test_a_constant_stays_constant(step: temporal.Step) -> None:
    signal = made(70)
    row = np.array([0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05], np.float32)
    after = step(Signal(signal.times, np.tile(row, (70, 1)), signal.seen, LABELS))
    values = after.values[after.seen]
    np.testing.assert_allclose(values, np.broadcast_to(values[0], values.shape), rtol=0, atol=1e-6)


def test_the_input_is_not_changed(step: temporal.Step) -> None:
    signal = made(50)
    before = signal.values.copy()
    step(signal)
    assert np.array_equal(signal.values, before)


def test_json_brings_the_step_back(step: temporal.Step) -> None:
    assert temporal.from_json(temporal.to_json([step])) == (step,)


def test_fitting_gives_a_new_step_that_travels_as_json(step: temporal.Step) -> None:
    fit = getattr(step, "fit", None)
    if fit is None:
        with pytest.raises(FrozenInstanceError):
            setattr(step, fields(step)[0].name, None)
        return
    signals = [made(90, seed) for seed in (1, 2)]
    width = len(step(signals[0]).labels)
    targets = [
        Signal(s.times, np.eye(width, dtype=np.float32)[np.arange(90) % width], np.arange(90) > 3, _first(width))
        for s in signals
    ]
    before = temporal.to_json([step])
    fitted = fit(signals, targets)
    assert temporal.to_json([step]) == before
    assert temporal.from_json(temporal.to_json([fitted])) == (fitted,)
    assert len(fitted(signals[0])) == 90


def _first(width: int) -> Labels:
    return Labels("first", LABELS.names[:width])
