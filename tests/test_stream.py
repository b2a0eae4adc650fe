from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from mien.errors import InputError, Unreadable
from mien.heads import ACTION_UNITS, EXPRESSION, IDENTITY, QUALITY, VALENCE_AROUSAL
from mien.stream import Watch
from mien.temporal.smooth import Smooth
from mien.temporal.stride import Stride
from mien.types import Faces, Frame, Head, Reading

RATE = 25
HEADS = (EXPRESSION, VALENCE_AROUSAL, ACTION_UNITS, IDENTITY)


def picture(shot: int = 0) -> np.ndarray:
    """Noise around one brightness per shot."""
    return np.random.default_rng(shot).integers(60 * (shot % 3), 60 * (shot % 3) + 60, (48, 64, 3), np.uint8)


def film(n: int, shots: tuple[int, ...] = ()) -> Iterator[Frame]:
    """Frames whose shots begin at these places."""
    for i in range(n):
        yield Frame(picture(sum(i >= s for s in shots)), i / RATE, i, "clip.mp4")


class Actors:
    """Sees scripted people: per person the frames they are in, and where they stand."""

    def __init__(self, *present: set[int], heads: tuple[Head, ...] = HEADS) -> None:
        self.present, self.heads, self.asked = present, heads, []

    def __call__(self, frame: Frame) -> Faces:
        self.asked.append(frame.index)
        who = [p for p, frames in enumerate(self.present) if frame.index in frames]
        n = len(who)
        boxes = np.array([[20.0 * p, 5, 15, 15] for p in who], np.float32).reshape(n, 4)
        faces = Faces(frame, boxes, np.zeros((n, 5, 2), np.float32), np.full(n, 0.9, np.float32))
        for head in self.heads:
            faces = faces.with_reading(head, Reading(self.answers(head, frame.index, who), head.labels))
        return faces

    def answers(self, head: Head, index: int, who: list[int]) -> np.ndarray:
        if head is IDENTITY:
            return np.eye(128, dtype=np.float32)[who]
        draw = np.random.default_rng((index, len(head.labels)))
        values = draw.random((len(self.present), len(head.labels))).astype(np.float32)
        return values[who] / values[who].sum(1, keepdims=True) if head.is_class else values[who]


def everyone(n: int) -> set[int]:
    return set(range(n))


def test_there_is_a_row_for_every_face_and_every_frame() -> None:
    here = everyone(60) - {20, 21, 22}
    watch = Watch(film(60), Actors(here, set(range(30, 40))))
    rows = list(watch.table())
    assert [r["frame"] for r in rows] == sorted(r["frame"] for r in rows)
    assert {r["frame"] for r in rows} == set(range(60))
    assert sum(r["face"] is not None for r in rows) == len(here) + 10
    assert all(r["source"] == "clip.mp4" for r in rows)
    assert all(r["time"] == r["frame"] / RATE for r in rows)


def test_a_film_that_fails_before_its_first_frame_leaves_an_empty_table() -> None:
    def broken() -> Iterator[Frame]:
        raise Unreadable("clip.mp4", "no such file")
        yield from film(1)

    watch = Watch(broken(), Actors())
    with pytest.raises(Unreadable):
        watch.table()
    assert (list(watch.table()), watch.signals()) == ([], {})


def test_a_tracked_face_that_is_not_seen_has_an_empty_row() -> None:
    rows = list(Watch(film(30), Actors(everyone(30) - {10, 11})).table())
    gap = rows[10]
    assert (gap["frame"], gap["person"], gap["face"]) == (10, 0, None)
    assert {v for k, v in gap.items() if k not in ("source", "frame", "time", "person")} == {None}
    assert [r["person"] for r in rows] == [0] * 30


def test_a_frame_with_nobody_has_one_empty_row() -> None:
    rows = list(Watch(film(5), Actors(set())).table())
    assert [(r["frame"], r["face"], r["person"]) for r in rows] == [(i, None, None) for i in range(5)]
    assert "AU12" in rows[0]


def test_a_person_who_left_is_waited_for_no_longer_than_the_patience() -> None:
    rows = list(Watch(film(100), Actors(everyone(10))).table())
    waited = [r["frame"] for r in rows if r["face"] is None and r["person"] == 0]
    assert waited == list(range(10, 10 + RATE))


def test_iterating_gives_the_faces_with_their_persons() -> None:
    for i, faces in enumerate(Watch(film(12), Actors(everyone(12), set(range(6, 12))))):
        assert faces.frame.index == i
        assert faces.track is not None
        assert faces.track.tolist() == ([0] if i < 6 else [0, 1])
        assert QUALITY in faces.readings


def test_raw_signals_hold_what_was_measured() -> None:
    actors = Actors(everyone(20) - {7})
    signals = Watch(film(20), actors).signals(raw=True)
    signal = signals[0][VALENCE_AROUSAL]
    assert np.flatnonzero(~signal.seen).tolist() == [7]
    for i in np.flatnonzero(signal.seen):
        np.testing.assert_array_equal(signal.values[i], actors.answers(VALENCE_AROUSAL, int(i), [0])[0])


def test_smooth_none_leaves_table_and_signals_raw() -> None:
    watch = Watch(film(20), Actors(everyone(20)), smooth=None)
    raw, shown = watch.signals(raw=True)[0], watch.signals()[0]
    assert set(raw) == set(shown)
    for head in raw:
        np.testing.assert_array_equal(raw[head].values, shown[head].values)
    row = list(watch.table())[3]
    assert row["valence"] == pytest.approx(raw[VALENCE_AROUSAL]["valence"][3], rel=1e-5)


def test_table_and_signals_are_smoothed_alike_unless_told_otherwise() -> None:
    watch = Watch(film(50), Actors(everyone(50) - {30}), smooth=Smooth("box", rows=3, seconds=None))
    raw, shown = watch.signals(raw=True)[0], watch.signals()[0]
    table = list(watch.table())
    for head in (VALENCE_AROUSAL, ACTION_UNITS, EXPRESSION):
        np.testing.assert_allclose(shown[head].values[10], raw[head].values[7:14].mean(0), atol=1e-6)
    assert table[10]["AU12"] == pytest.approx(shown[ACTION_UNITS]["AU12"][10], rel=1e-5)
    assert table[10]["expression"] == EXPRESSION.labels.names[shown[EXPRESSION].values[10].argmax()]
    assert table[30]["AU12"] is None
    assert np.isfinite(shown[ACTION_UNITS].values[30]).all()
    assert not shown[ACTION_UNITS].seen[30]


def test_identity_quality_and_box_are_never_smoothed() -> None:
    watch = Watch(film(30), Actors(everyone(30)), smooth=Smooth("box", seconds=1))
    raw, shown = watch.signals(raw=True)[0][QUALITY], watch.signals()[0][QUALITY]
    np.testing.assert_array_equal(raw.values, shown.values)
    assert IDENTITY not in watch.signals()[0]
    assert all(r["x"] == 0 and r["w"] == 15 for r in watch.table())


def test_smoothing_never_crosses_a_cut() -> None:
    class Steps(Actors):
        def answers(self, head: Head, index: int, who: list[int]) -> np.ndarray:
            if head is VALENCE_AROUSAL:
                return np.full((len(who), 2), -1 if index < 20 else 1, np.float32)
            return super().answers(head, index, who)

    signals = Watch(film(40, shots=(20,)), Steps(everyone(40))).signals()
    assert list(signals) == [0]  # the same looks, so the same person
    np.testing.assert_allclose(signals[0][VALENCE_AROUSAL]["valence"], [-1] * 20 + [1] * 20, atol=1e-6)


def test_smoothing_never_crosses_a_long_absence() -> None:
    class Steps(Actors):
        def answers(self, head: Head, index: int, who: list[int]) -> np.ndarray:
            if head is VALENCE_AROUSAL:
                return np.full((len(who), 2), -1 if index < 20 else 1, np.float32)
            return super().answers(head, index, who)

    here = everyone(90) - set(range(20, 60))
    signal = Watch(film(90), Steps(here), smooth=Smooth("box", rows=100, seconds=None)).signals()[0][VALENCE_AROUSAL]
    np.testing.assert_allclose(signal["valence"][signal.seen], [-1] * 20 + [1] * 30, atol=1e-6)


def test_a_cut_is_where_the_picture_changes_and_nowhere_else() -> None:
    moments = list(Watch(film(30, shots=(8, 21)), Actors(everyone(30))).moments())
    assert [m.shot for m in moments] == [0] * 8 + [1] * 13 + [2] * 9


def test_a_video_is_gone_through_once() -> None:
    watch = Watch(film(3), Actors(everyone(3)))
    list(watch)
    with pytest.raises(InputError, match="call watch again"):
        list(watch)


def test_frames_before_damage_are_kept() -> None:
    def damaged() -> Iterator[Frame]:
        yield from film(13)
        raise Unreadable("clip.mp4", "it breaks off")

    for adaptive in (None, Stride((5, 1), None)):
        watch = Watch(damaged(), Actors(everyone(13)), adaptive=adaptive)
        with pytest.raises(Unreadable):
            watch.table()
        assert len(list(watch.table())) == 13


def test_an_interrupted_watch_holds_complete_rows() -> None:
    watch = Watch(film(100), Actors(everyone(100)))
    for faces in watch:
        if faces.frame.index == 41:
            break
    rows = list(watch.table())
    assert [r["frame"] for r in rows] == list(range(42))
    assert all(r["AU26"] is not None for r in rows)


def test_an_adaptive_rate_runs_each_frame_once_and_keeps_every_row() -> None:
    class Sure(Actors):
        def answers(self, head: Head, index: int, who: list[int]) -> np.ndarray:
            if head is EXPRESSION:
                top = np.float32(0.95 if index < 40 else 0.3)
                return np.tile(np.array([top, *[(1 - top) / 7] * 7], np.float32), (len(who), 1))
            return super().answers(head, index, who)

    actors = Sure(everyone(60))
    watch = Watch(film(60), actors, adaptive=Stride((10, 5, 1), None, (0.9, 0.9)))
    rows = list(watch.table())
    assert len(actors.asked) == len(set(actors.asked)) == watch.looked
    assert sorted(actors.asked) == [0, 10, 20, 30, *range(40, 60)]
    assert [r["frame"] for r in rows] == list(range(60))
    assert watch.frames == 60
    filled = watch.signals()[0][VALENCE_AROUSAL]
    assert np.isfinite(filled.values).all()
    assert filled.seen.sum() == 24


def test_models_without_looks_or_answers_still_give_rows() -> None:
    rows = list(Watch(film(4), Actors(everyone(4), heads=())).table())
    assert [r["person"] for r in rows] == [0] * 4
    assert "expression" not in rows[0]


def test_memory_does_not_grow_with_the_pictures(tmp_path) -> None:
    program = tmp_path / "peak.py"
    program.write_text(
        "import resource, sys\n"
        "import numpy as np\n"
        "from mien.heads import EXPRESSION, QUALITY\n"
        "from mien.types import Faces, Frame, Reading\n"
        "from mien.stream import Watch\n"
        "def see(frame):\n"
        "    n = 2\n"
        "    faces = Faces(frame, np.array([[0, 0, 20, 20], [40, 0, 20, 20]], np.float32),\n"
        "                  np.zeros((n, 5, 2), np.float32), np.ones(n, np.float32))\n"
        "    for head in (EXPRESSION, QUALITY):\n"
        "        faces = faces.with_reading(head, Reading(np.ones((n, len(head.labels)), np.float32), head.labels))\n"
        "    return faces\n"
        "film = (Frame(np.full((120, 160, 3), i % 7, np.uint8), i / 25, i) for i in range(int(sys.argv[1])))\n"
        "rows = sum(1 for _ in Watch(film, see).table())\n"
        "print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)\n"
    )

    def peak(frames: int) -> int:
        out = subprocess.run([sys.executable, str(program), str(frames)], capture_output=True, text=True, check=True)
        rows, mib = map(int, out.stdout.split())
        assert rows == 2 * frames
        return mib

    assert peak(1500) - peak(200) < 15  # MiB; the pictures alone would be 71
