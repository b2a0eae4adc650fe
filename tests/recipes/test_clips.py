"""What clips can show, on clips whose answers were made up."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from mien.heads import EXPRESSION, VALENCE_AROUSAL
from mien.quality import measure
from mien.recipes import clips
from mien.recipes.clips import Clip
from mien.temporal.stride import Stride
from mien.types import Faces, Frame, Reading

RATE = 25.0


def clip(happy: Callable[[float], float], frames: int = 100, name: str = "made up") -> Clip:
    """A face that stands still; how happy it is, and its valence and arousal, depends on the time."""
    seen = []
    for i in range(frames):
        share = happy(i / RATE)
        frame = Frame(np.full((48, 48, 3), 128, np.uint8), i / RATE, i, name)
        faces = Faces(frame, np.array([[8, 8, 32, 32]], np.float32), np.full((1, 5, 2), np.nan, np.float32), np.ones(1, np.float32))  # fmt: skip  # noqa: E501
        values = np.zeros((1, 8), np.float32)
        values[0, :2] = 1 - share, share
        faces = faces.with_reading(EXPRESSION, Reading(values, EXPRESSION.labels))
        affect = np.full((1, 2), share, np.float32)
        seen.append(measure(faces.with_reading(VALENCE_AROUSAL, Reading(affect, VALENCE_AROUSAL.labels))))
    bare = Clip(name, seen, {})
    return Clip(name, seen, bare.watch().signals(raw=True))


def slow(t: float) -> float:
    return 0.5 + 0.45 * math.sin(t)


def flicker(t: float) -> float:
    return 0.4 if round(t * RATE) % 2 else 0.6


def test_looking_at_every_frame_is_the_full_rate() -> None:
    (row,) = clips.looked(clip(slow), Stride((1,)))
    assert [*row.values()] == [1, 1, 1, 0, 0]


def test_every_fourth_frame_costs_a_quarter_and_loses_nothing_of_a_face_that_does_not_change() -> None:
    (still,), (moving,) = (clips.looked(clip(f), Stride((4,))) for f in (lambda t: 0.7, slow))
    assert still["frames looked at"] == moving["frames looked at"] == 0.25
    assert still["same expression"] == 1 and still["valence, arousal"] == pytest.approx(0, abs=1e-6)
    assert 1e-4 < moving["valence, arousal"] < 0.05


def test_a_gap_longer_than_watch_fills_is_compared_but_said_not_to_be_shown() -> None:
    (row,) = clips.looked(clip(slow), Stride((20,)))  # 0.8 s apart
    assert row["shown"] < 0.5
    assert 0.01 < row["valence, arousal"] < 0.1


def test_an_adaptive_rate_spends_less_where_the_others_were_sure_and_right() -> None:
    made = [clip(lambda t, s=s: s, 48, f"{s}") for s in (0.03, 0.05, 0.1, 0.9, 0.95, 0.97)]
    found = clips.rate(made)
    for name in ("adaptive 12/4/1, alpha 0.3", "adaptive 24/6/1, alpha 0.3"):
        rows = found[name]
        assert isinstance(rows, dict)
        row = rows["all persons"]
        assert row["same expression"] == 1 and 0.3 < row["frames looked at"] < 0.5


def test_fill_draws_a_straight_line_exactly_and_the_mean_does_not() -> None:
    found = clips.gaps([clip(lambda t: t / 4)])
    runs = [name for name in found if "on end" in name and "line" in name]
    assert len(runs) == 3
    for name in runs:
        line, mean = found[name], found[name.replace("line (fill)", "the mean")]
        assert isinstance(line, dict) and isinstance(mean, dict)
        assert line["valence, arousal"] < 1e-3 < 0.05 < mean["valence, arousal"]


@pytest.mark.parametrize("name", list(clips.HOLES))
def test_a_hole_is_made_of_seen_frames_only_and_leaves_some(name: str) -> None:
    (person,) = clips.people([clip(slow)])
    signal = person[EXPRESSION]
    signal.seen[40:60] = False
    for seed in range(20):
        gone = clips.HOLES[name](np.random.default_rng(seed), signal)
        assert gone.any() and not (gone & ~signal.seen).any() and (signal.seen & ~gone).sum() >= 10


def test_jumps_are_those_of_neighbouring_seen_frames() -> None:
    (person,) = clips.people([clip(flicker)])
    person[EXPRESSION].seen[50] = False
    found = clips.jumps(person)
    assert found["changes of expression a second"] == pytest.approx(RATE)  # every frame another answer
    assert found["step of valence, arousal"] == pytest.approx(0.2, abs=1e-6)


def test_smoothing_calms_a_flicker_and_says_how_far_it_went() -> None:
    found = clips.smoothing([clip(flicker)])
    raw, calm = found["as measured"], found["box, 0.5 s (shipped)"]
    assert isinstance(raw, dict) and isinstance(calm, dict)
    assert calm["step of valence, arousal"] < 0.1 * raw["step of valence, arousal"]
    assert calm["valence, arousal, to as measured"] == pytest.approx(0.1, abs=0.01)


def test_persons_count_the_same_and_unknown_figures_are_left_out() -> None:
    assert clips.mean([{"a": 1.0, "b": 2.0}, {"a": 2.0}]) == {"a": 1.5, "b": 2.0}
