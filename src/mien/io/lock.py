"""One run at a time in a folder: who comes second is refused, and who was killed is in nobody's way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from secrets import token_hex

from mien.errors import InputError

NAME = ".mien.lock"


@contextmanager
def alone(folder: Path, flag: str = "--out") -> Iterator[None]:
    """For as long no other run may begin in this folder, which must exist and which the flag names.

    The lock is the operating system's, on an empty file that stays: it ends with its process, however that ends, so
    that none is ever stale. SQLite knows how to ask each system for it. Where there are no locks (some network drives)
    or no file can be made (whoever writes next says it better), a run goes on without.
    """
    with ExitStack() as stack:
        if not _held(folder / NAME, stack) and _locks(folder):
            raise InputError(
                f"{folder} must be one run's at a time, and another run is writing there; wait until it has ended, "
                f"or choose another folder with {flag}"
            )
        yield


def _held(path: Path, stack: ExitStack) -> bool:
    """Whether nobody else holds this file; if so the stack does, where that is possible at all."""
    try:
        import sqlite3
    except ImportError:  # a Python built without it
        return True
    try:
        base = sqlite3.connect(path, timeout=0, isolation_level=None)
        stack.callback(base.close)
        base.execute("PRAGMA journal_mode = MEMORY")  # no second file
        base.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        return "locked" not in str(error)
    return True


def _locks(folder: Path) -> bool:
    """Whether this drive has locks: SQLite calls a file locked where there are none, even one that nobody knows."""
    fresh = folder / f"{NAME}.{token_hex(8)}"
    with ExitStack() as stack:
        held = _held(fresh, stack)
    fresh.unlink(missing_ok=True)
    return held
