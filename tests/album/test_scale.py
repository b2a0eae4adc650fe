"""The measurement of size, with very little of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mien.album.experiments import scale
from mien.album.experiments.papers import _scale


def test_a_second_run_looks_at_the_new_photos_only_and_every_face_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale, "MORE", 2)
    found = scale.run(Path(), 7, 4)
    runs = [found[name] for name in ("first run", "with 100 more")]
    assert [(r["looked at"], r["faces"]) for r in runs if isinstance(r, dict)] == [(4, 8), (2, 4)]
    exact = found["crowd"]["exact"] if isinstance(found["crowd"], dict) else {}
    assert (exact["precision"], exact["recall"]) == (1, 1)
    words = "\n".join(_scale(found))
    assert "| first run | 4 | 8 |" in words
    assert "| exact |" in words
