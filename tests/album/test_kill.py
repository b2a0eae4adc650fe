"""Killed at any moment, the album opens, has all that was confirmed, and ends as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from mien.album import edits, people
from mien.album.store import Face, Photo, Store

KILLS = int(os.environ.get("MIEN_KILLS", "2"))  # 50 on a machine with time to spare


def people_of(run: dict) -> list[tuple[int, list[str]]]:
    return sorted((p["id"], sorted(p["photos"])) for p in run["people"])


def test_an_index_killed_again_and_again_ends_like_an_undisturbed_one(
    mien: Callable, made: SimpleNamespace, tmp_path: Path
) -> None:
    folders = [tmp_path / "calm", tmp_path / "killed"]
    for folder in folders:
        for i in range(12):
            made.paint(folder / f"p{i}.png", (["red", "green"], ["blue"], ["green", "pink"])[i % 3], 20 + i)
    calm = mien("album", folders[0], "--json").album
    command = [sys.executable, str(made.path), "--slow", "0.02", "album", str(folders[1]), "--json"]
    store, done, rng = folders[1] / "mien-album/album.sqlite", 0, random.Random(5)
    for _ in range(KILLS):
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while done_now(store) <= done and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)  # it is at work
        time.sleep(rng.random() * 0.1)
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert done_now(store) >= done
        done = done_now(store)
        if done == 12:
            shutil.rmtree(store.parent)
            done = 0
    last = subprocess.run(command, capture_output=True, text=True, check=False)
    assert last.stderr == ""
    assert people_of(json.loads(last.stdout)) == people_of(calm)


def done_now(store: Path) -> int:
    """How many photos are confirmed; none where there is no store yet."""
    if not store.exists():
        return 0
    try:
        base = sqlite3.connect(store, timeout=10)
        count = base.execute("SELECT count(*) FROM photo").fetchone()[0]
        base.close()
    except sqlite3.OperationalError:  # created, and not yet filled
        return 0
    return count


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A store with two persons of two faces each."""
    import numpy as np

    path = tmp_path / "album.sqlite"
    with Store(path) as store:
        for i in range(4):
            vector = np.eye(4, dtype=np.float32)[i // 2]
            store.add(Photo(f"{i}.jpg", 1, 1, str(i), None, None), [Face((0, 0, 9, 9), 0.1, vector)])
        people.settle(store)
    return path


@pytest.mark.parametrize("statement", range(1, 8))
def test_a_merge_cut_off_after_any_statement_never_was(pair: Path, statement: int) -> None:
    """A child merges and is killed with SIGKILL right before its n-th statement; the store is the one of before."""
    code = f"""
import os, signal
from pathlib import Path
from mien.album import edits
from mien.album.store import Store
store = Store(Path({str(pair)!r}))
seen = []
def trace(words):
    seen.append(words)
    if len(seen) > {statement} and not words.startswith("SELECT"):
        os.kill(os.getpid(), signal.SIGKILL)
store._base.set_trace_callback(trace)
edits.merge(store, 1, [2])
"""
    child = subprocess.run([sys.executable, "-c", code], check=False)
    with Store(pair) as store:
        if child.returncode == -signal.SIGKILL:
            assert [f.person for f in store.faces()] == [1, 1, 2, 2]
            assert store.held() == set()
        else:
            pytest.fail("the child was to be killed inside the merge")
        edits.merge(store, 1, [2])
        people.settle(store)
        assert [f.person for f in store.faces()] == [1, 1, 1, 1]


def test_a_merge_that_was_confirmed_outlives_a_kill(pair: Path) -> None:
    code = f"""
import os, signal
from pathlib import Path
from mien.album import edits
from mien.album.store import Store
store = Store(Path({str(pair)!r}))
edits.merge(store, 1, [2])
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], check=False)
    with Store(pair) as store:
        assert [f.person for f in store.faces()] == [1, 1, 1, 1]
        assert store.held() == {1}


def test_a_file_that_is_no_album_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "album.sqlite"
    path.write_bytes(b"a letter to nobody" * 100)
    with pytest.raises(Exception, match="no album of mien"), Store(path):
        pass
    assert path.read_bytes().startswith(b"a letter")


def test_an_album_of_a_later_version_is_refused(pair: Path) -> None:
    with sqlite3.connect(pair) as base:
        base.execute("PRAGMA user_version = 99")
    base.close()
    with pytest.raises(Exception, match="version 99"), Store(pair):
        pass
