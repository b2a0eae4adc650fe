"""A line on standard error that says how far long work is and how long it will still take."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TextIO

from mien.count import counted
from mien.report.timeline import clock

WIDTH = 24
PAUSE = 0.1  # seconds between two drawings


class Progress:
    """Use as a context; silent where standard error is no terminal, and where it is told to be."""

    def __init__(self, total: int, unit: str, stream: TextIO | None = None, *, silent: bool = False) -> None:
        self.total, self.unit, self.done = total, unit, 0
        self._stream = stream or sys.stderr
        self._silent = silent or not self._stream.isatty()
        self._start, self._drawn = time.monotonic(), 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.clear()

    def step(self) -> None:
        """One more is done."""
        self.done += 1
        now = time.monotonic()
        if not self._silent and now - self._drawn >= PAUSE:
            self._drawn = now
            self._stream.write(f"\r\x1b[2K{self.line(now - self._start)}")
            self._stream.flush()

    def line(self, seconds: float) -> str:
        """The line after this many seconds."""
        pace = self.done / max(seconds, 1e-9)
        if self.total < self.done or self.total == 0:
            return f"{counted(self.done, self.unit.removesuffix('s'), self.unit)}, {pace:.1f} a second"
        full = round(WIDTH * self.done / self.total)
        left = clock(round((self.total - self.done) / max(pace, 1e-9)))
        return f"[{'#' * full}{'.' * (WIDTH - full)}] {self.done}/{self.total} {self.unit}, {left} left"

    def clear(self) -> None:
        """Make room for a message."""
        if self._drawn:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()
