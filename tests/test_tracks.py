from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.heads import IDENTITY
from mien.tracks import Rules, Tracker
from mien.types import Faces, Frame, Reading

PIXELS = np.zeros((4, 4, 3), np.uint8)


def look(who: int) -> np.ndarray:
    """A unit vector of one person; two persons' are at right angles."""
    return np.eye(128, dtype=np.float32)[who]


def faces(time: float, boxes: list[tuple[float, ...]], who: list[int] | None = None) -> Faces:
    n = len(boxes)
    out = Faces(
        Frame(PIXELS, time, round(time * 10)),
        np.array(boxes, np.float32).reshape(n, 4),
        np.full((n, 5, 2), np.nan, np.float32),
        np.ones(n, np.float32),
    )
    if who is None:
        return out
    looks = np.stack([look(w) for w in who]) if who else np.zeros((0, 128), np.float32)
    return out.with_reading(IDENTITY, Reading(looks, IDENTITY.labels))


def persons(tracker: Tracker, *args) -> list[int]:
    return tracker(faces(*args)).track.tolist()


LEFT, RIGHT = (0, 0, 10, 10), (100, 0, 10, 10)


def test_boxes_that_overlap_are_one_person_in_any_order() -> None:
    tracker = Tracker()
    assert persons(tracker, 0.0, [LEFT, RIGHT]) == [0, 1]
    assert persons(tracker, 0.1, [(101, 0, 10, 10), (1, 0, 10, 10)]) == [1, 0]


def test_a_person_survives_a_short_gap_and_is_waited_for_in_it() -> None:
    tracker = Tracker(Rules(patience=1.0))
    persons(tracker, 0.0, [LEFT])
    gap = tracker(faces(0.5, []))
    assert tracker.absent(gap) == (0,)
    assert persons(tracker, 0.9, [LEFT]) == [0]


def test_without_looks_a_long_gap_makes_a_new_person() -> None:
    tracker = Tracker(Rules(patience=1.0))
    persons(tracker, 0.0, [LEFT])
    assert tracker.absent(tracker(faces(1.5, []))) == ()
    assert persons(tracker, 1.6, [LEFT]) == [1]


def test_looks_bring_a_person_back_after_any_gap_at_any_place() -> None:
    tracker = Tracker()
    persons(tracker, 0.0, [LEFT, RIGHT], [7, 8])
    assert persons(tracker, 60.0, [LEFT, RIGHT], [8, 7]) == [1, 0]


def test_looks_part_two_people_who_pass_at_one_place() -> None:
    tracker = Tracker(Rules(unlike=0.3))
    persons(tracker, 0.0, [LEFT], [7])
    assert persons(tracker, 0.1, [LEFT], [8]) == [1]


def test_after_a_cut_a_place_says_nothing() -> None:
    tracker = Tracker()
    persons(tracker, 0.0, [LEFT])
    tracker.cut(0.1)
    assert tracker.absent(faces(0.1, [])) == ()
    assert persons(tracker, 0.1, [LEFT]) == [1]


def test_after_a_cut_looks_still_count() -> None:
    tracker = Tracker()
    persons(tracker, 0.0, [LEFT, RIGHT], [7, 8])
    tracker.cut(0.1)
    assert persons(tracker, 0.1, [LEFT], [8]) == [1]


def test_a_fast_face_is_expected_where_it_is_going() -> None:
    tracker = Tracker()
    places = [(7.0 * i, 0, 10, 10) for i in range(8)]  # each box overlaps the last by 0.18
    assert persons(tracker, 0.0, [places[0]]) == [0]
    assert persons(tracker, 0.04, [(3.0, 0, 10, 10)]) == [0]
    assert [persons(tracker, 0.08 + 0.04 * i, [(3 + 5.0 * (i + 1), 0, 10, 10)]) for i in range(5)] == [[0]] * 5


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 5), max_size=5), min_size=1, max_size=12), st.booleans())
def test_no_two_faces_of_a_frame_are_one_person(film: list[list[int]], with_looks: bool) -> None:
    tracker = Tracker()
    for i, places in enumerate(film):
        boxes = [(6.0 * p, 0.0, 10.0, 10.0) for p in places]
        got = persons(tracker, i / 25, boxes, list(places) if with_looks else None)
        assert len(set(got)) == len(places)
        assert min(got, default=0) >= 0
