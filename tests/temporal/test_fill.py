from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mien.temporal.fill import Fill
from mien.types import Labels, Signal

ONE = Labels("one", ("v",))


def signal(values: list[float], seen: list[bool], times: list[float] | None = None) -> Signal:
    at = np.array(times if times is not None else range(len(values)), np.float64)
    return Signal(at, np.array(values, np.float32)[:, None], np.array(seen), ONE)


def test_the_nearer_neighbour_weighs_more() -> None:
    after = Fill()(signal([0, 9, 9, 9, 8], [True, False, False, False, True]))
    assert after["v"].tolist() == [0, 2, 4, 6, 8]
    assert after.seen.all()


def test_the_ends_copy_their_neighbour() -> None:
    after = Fill()(signal([9, 9, 5, 6, 9], [False, False, True, True, False]))
    assert after["v"].tolist() == [5, 5, 5, 6, 6]


def test_a_gap_longer_than_the_limit_stays_empty() -> None:
    after = Fill(limit=2)(signal([0, 9, 2, 9, 9, 9, 6], [True, False, True, False, False, False, True]))
    assert after.seen.tolist() == [True, True, True, False, False, False, True]
    assert after["v"][1] == 1


def test_rows_far_before_the_first_seen_one_stay_empty() -> None:
    after = Fill(limit=1)(signal([9, 9, 4], [False, False, True]))
    assert after.seen.tolist() == [False, True, True]


def test_uneven_times_are_weighed_by_time() -> None:
    after = Fill()(signal([0, 9, 10], [True, False, True], [0, 1, 10]))
    np.testing.assert_allclose(after["v"][1], 1)


@given(st.lists(st.tuples(st.floats(-1, 1, width=32), st.booleans()), min_size=1, max_size=60))
def test_filling_is_numpys_interpolation(rows: list[tuple[float, bool]]) -> None:
    before = signal([v for v, _ in rows], [s for _, s in rows])
    after = Fill()(before)
    if before.seen.any():
        wanted = np.interp(before.times, before.times[before.seen], before["v"][before.seen])
        np.testing.assert_allclose(after["v"], wanted, atol=1e-6)
        assert after.seen.all()
    else:
        assert not after.seen.any()
