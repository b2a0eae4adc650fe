"""One run at a time in a folder, on drives with locks and without."""

from __future__ import annotations

import builtins
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from mien.errors import InputError
from mien.io import lock
from mien.io.lock import alone

HOLD = "import sys, time; from pathlib import Path; from mien.io.lock import alone\n"
HOLD += "with alone(Path(sys.argv[1])): print('held', flush=True); time.sleep(100)"


def test_a_second_run_is_refused_with_what_to_do_and_the_next_is_not(tmp_path: Path) -> None:
    with alone(tmp_path):
        with pytest.raises(InputError, match=r"another run is writing there; wait .* or choose another folder"):
            alone(tmp_path).__enter__()
        with alone(tmp_path.parent):
            pass
    with alone(tmp_path):
        pass
    assert [p.name for p in tmp_path.iterdir()] == [lock.NAME]
    assert (tmp_path / lock.NAME).stat().st_size == 0


def test_another_process_holds_it_until_it_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as run:
        assert run.stdout and run.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match="another run"), alone(tmp_path):
            pass
        run.send_signal(signal.SIGKILL)
    with alone(tmp_path):
        pass


def test_where_it_ends_with_an_error_the_next_run_may_begin(tmp_path: Path) -> None:
    with pytest.raises(KeyError), alone(tmp_path):
        raise KeyError
    with alone(tmp_path):
        pass


@pytest.mark.parametrize("words", ["database is locked", "disk I/O error", "locking protocol"])
def test_a_drive_without_locks_is_used_without(tmp_path: Path, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Drive(sqlite3.Connection):
        def execute(self, statement: str, *_: object) -> sqlite3.Cursor:
            if statement.startswith("BEGIN"):
                raise sqlite3.OperationalError(words)  # SQLite's answers to ENOLCK, ENOSYS and what else there is
            return super().execute(statement)

    monkeypatch.setattr(sqlite3, "connect", lambda path, **how: Drive(path, **how))
    with alone(tmp_path), alone(tmp_path):
        pass
    assert [p.name for p in tmp_path.iterdir()] in ([], [lock.NAME])


def test_what_cannot_be_made_is_left_to_whoever_writes_next(tmp_path: Path) -> None:
    with alone(tmp_path / "nowhere"):
        pass
    (tmp_path / lock.NAME).mkdir()
    with alone(tmp_path):
        pass


def test_a_python_without_sqlite_does_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = builtins.__import__

    def lacking(name: str, *rest: object) -> object:
        if name == "sqlite3":
            raise ImportError(name)
        return plain(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", lacking)
    with alone(tmp_path), alone(tmp_path):
        pass
