"""The painted albums of `stand_in.py`, and the command line run on them."""

from __future__ import annotations

import io
import json
import runpy
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

STAND_IN = Path(__file__).with_name("stand_in.py")


@dataclass(frozen=True)
class Run:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def album(self) -> dict:
        """The object of --json."""
        return json.loads(self.out)

    def person(self, *photos: str) -> dict:
        """The person on exactly these photos."""
        (found,) = [p for p in self.album["people"] if sorted(p["photos"]) == sorted(photos)]
        return found


@pytest.fixture(scope="session")
def made() -> SimpleNamespace:
    """What `stand_in.py` defines."""
    return SimpleNamespace(**runpy.run_path(str(STAND_IN)), path=STAND_IN)


@pytest.fixture
def mien(made: SimpleNamespace) -> Callable[..., Run]:
    """The command line in this process."""

    def run(*arguments: object) -> Run:
        out, err, code = io.StringIO(), io.StringIO(), 0
        try:
            with redirect_stdout(out), redirect_stderr(err):
                made.main([str(a) for a in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        return Run(code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def album(made: SimpleNamespace, tmp_path: Path) -> Path:
    """Two days: red and green together and alone, blue once; an empty landscape."""
    place = tmp_path / "photos"
    day, other = "2019:08:30 1{}:00:00", "2021:01:02 1{}:00:00"
    for i in range(3):
        made.paint(place / f"beach/p{i}.jpg", ["red", "green"], 20 + i, taken=day.format(i))
    made.paint(place / "beach/p10.jpg", [], 24, taken=day.format(5))
    for i in range(2):
        made.paint(place / f"home/h{i}.jpg", ["red"], 60 + i, taken=other.format(i))
    made.paint(place / "home/h2.jpg", ["blue"], 63, taken=other.format(2))
    return place
