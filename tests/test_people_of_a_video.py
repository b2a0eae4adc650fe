"""People across tracks: the table, the signals and the smoothing know somebody again who was lost."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from mien.heads import IDENTITY, VALENCE_AROUSAL
from mien.identity.gallery import Gallery
from mien.link import unit
from mien.stream import Watch
from mien.tracks import Rules
from mien.types import Faces, Frame, Reading

RATE = 10
FORGETFUL = Rules(alike=2.0)  # a tracker that knows nobody again: every return is a new track
PIXELS = np.random.default_rng(0).integers(0, 255, (120, 320, 3), np.uint8)
LOOKS = np.eye(128, dtype=np.float32)


def film(n: int) -> Iterator[Frame]:
    for i in range(n):
        yield Frame(PIXELS, i / RATE, i, "clip.mp4")


class Scene:
    """People of given looks, in the frames they are in; each stands in their own place."""

    def __init__(self, *present: set[int], looks: tuple[int, ...] | None = None) -> None:
        self.present, self.looks = present, looks or tuple(range(len(present)))

    def __call__(self, frame: Frame) -> Faces:
        who = [p for p, frames in enumerate(self.present) if frame.index in frames]
        n = len(who)
        boxes = np.array([[100.0 * p, 10, 80, 80] for p in who], np.float32).reshape(n, 4)
        faces = Faces(frame, boxes, np.full((n, 5, 2), np.nan, np.float32), np.full(n, 0.9, np.float32))
        rng = np.random.default_rng(frame.index)
        vectors = unit(LOOKS[[self.looks[p] for p in who]] + 0.02 * rng.standard_normal((n, 128), np.float32))
        values = np.array([[p / 10, frame.index / 100] for p in who], np.float32).reshape(n, 2)
        faces = faces.with_reading(IDENTITY, Reading(vectors.astype(np.float32), IDENTITY.labels))
        return faces.with_reading(VALENCE_AROUSAL, Reading(values, VALENCE_AROUSAL.labels))


def persons(watch: Watch) -> dict[int, list[int]]:
    """The frames in which each person of the table was seen."""
    out: dict[int, list[int]] = {}
    for row in watch.table():
        if row["face"] is not None:
            out.setdefault(int(str(row["person"])), []).append(int(str(row["frame"])))
    return out


def test_who_is_lost_and_found_again_is_one_person() -> None:
    away = {*range(20), *range(40, 60)}
    watch = Watch(film(60), Scene(away, set(range(60))), rules=FORGETFUL)
    assert [sorted(set(f.track.tolist())) for f in watch if f.track is not None][-1] == [1, 2]  # as it ran: a new track
    assert persons(watch) == {0: sorted(away), 1: list(range(60))}
    assert watch.people().of == {0: 0, 1: 1, 2: 0}
    signals = watch.signals(raw=True)
    assert list(signals) == [0, 1]
    assert signals[0][VALENCE_AROUSAL].seen.sum() == 40
    np.testing.assert_allclose(signals[0][VALENCE_AROUSAL]["valence"][signals[0][VALENCE_AROUSAL].seen], 0)


def test_two_people_in_one_frame_stay_two_even_if_they_are_twins() -> None:
    watch = Watch(film(30), Scene(set(range(30)), set(range(10, 30)), looks=(0, 0)), rules=FORGETFUL)
    assert persons(watch) == {0: list(range(30)), 1: list(range(10, 30))}


def test_a_frame_waits_for_nobody_who_is_seen_in_it() -> None:
    """The first track is still waited for when the same person comes back elsewhere as another one."""
    watch = Watch(film(30), Scene(set(range(15)), set(range(17, 30)), looks=(0, 0)), rules=FORGETFUL)
    rows = list(watch.table())
    assert [r["frame"] for r in rows] == list(range(30))
    assert {r["person"] for r in rows} == {0}
    assert [r["frame"] for r in rows if r["face"] is None] == [15, 16]


def test_every_row_holds_the_numbers_of_its_own_face() -> None:
    away = {*range(20), *range(40, 60)}
    watch = Watch(film(60), Scene(away, set(range(60))), rules=FORGETFUL, smooth=None)
    for row in watch.table():
        if row["face"] is not None:
            assert row["x"] == 100 * (row["person"] == 1)
            assert row["arousal"] == pytest.approx(int(str(row["frame"])) / 100, rel=1e-5)


def test_smoothing_does_not_reach_over_the_absence() -> None:
    away = {*range(20), *range(40, 60)}
    watch = Watch(film(60), Scene(away), rules=FORGETFUL)
    raw, shown = (watch.signals(raw=r)[0][VALENCE_AROUSAL] for r in (True, False))
    last, back = 19, int(np.flatnonzero(raw.times == 4.0)[0])
    assert shown["arousal"][last] < raw["arousal"][last]  # a mean with what came before alone
    assert shown["arousal"][back] > raw["arousal"][back]  # and with what came after


def test_a_gallery_gives_the_name() -> None:
    gallery = Gallery().with_vector("Anna", LOOKS[1])
    watch = Watch(film(20), Scene(set(range(20)), set(range(20))), gallery=gallery)
    assert watch.people().names == {1: "Anna"}


def test_memory_grows_with_tracks_not_with_frames() -> None:
    import tracemalloc

    def held(frames: int) -> int:
        watch = Watch(film(frames), Scene(set(range(frames))))
        tracemalloc.start()
        for _ in watch:
            pass
        size = sum(
            s.size
            for s in tracemalloc.take_snapshot()
            .filter_traces([tracemalloc.Filter(True, "*/identity/cast.py")])
            .statistics("filename")
        )
        tracemalloc.stop()
        return size

    assert held(120) < held(30) + 500
