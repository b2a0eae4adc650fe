"""The film: somebody leaves, faces change smoothly."""

from __future__ import annotations

import numpy as np

from mien.synth.examples import _CAST, _ease, _mood


def test_somebody_is_out_of_sight_for_a_second() -> None:
    walker = _CAST[1]
    marks = [(at, np.array([shift])) for at, shift in walker.walk]
    away = [time for time in np.arange(0, 10, 0.05) if walker.place + _ease(time, marks)[0] - 0.28 > 1.02]
    assert 0.9 <= len(away) * 0.05 <= 2


def test_moods_change_smoothly_and_reach_their_marks() -> None:
    for role in _CAST:
        units = [dict(_mood(role, float(time)).left) for time in np.arange(0, 10, 0.05)]
        for name in units[0].keys() - {"AU43"}:
            values = [frame[name] for frame in units]
            assert np.abs(np.diff(values)).max() < 0.12
    assert dict(_mood(_CAST[0], 2.0).left)["AU12"] > 0.9
    assert dict(_mood(_CAST[0], 5.2).left)["AU26"] > 0.7
