"""SIGKILL at random moments of an index and before every statement of a merge: what is lost, and does it open?"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from mien.album import edits, people
from mien.album.experiments.figures import Figures
from mien.album.experiments.scale import paint, see
from mien.album.index import Looker, index, listed
from mien.album.store import Store

KILLS, PHOTOS = 50, 60
Looks = dict[str, list[tuple[bytes, int | None]]]  # photo → vector and person of each face


def run(data: Path, seed: int) -> Figures:
    """All figures of this measurement."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as place:
        album, store = Path(place) / "photos", Path(place) / "killed.sqlite"
        paint(album, range(PHOTOS), seed)
        calm = _indexed(album, Path(place) / "calm.sqlite")
        lost = damaged = inside = rounds = 0
        for _ in range(KILLS):
            before = _looks(store)
            ended = _killed(lambda: _indexed(album, store), store, len(before), rng)
            damaged += not _sound(store)
            after = _looks(store)
            lost += sum(_vectors(after, p) != _vectors(calm, p) for p in {*before, *after})
            inside += not ended
            if len(after) == PHOTOS:  # begin anew, so that all kills have something to interrupt
                rounds += 1
                store.unlink()
        last = _indexed(album, store)
        return {
            "photos": PHOTOS,
            "kills": KILLS,
            "kills before the run had ended": inside,
            "albums finished in between": rounds,
            "stores damaged": damaged,
            "confirmed photos lost or changed": lost,
            "ends as undisturbed": last == calm,
            "merge": _merges(store),
        }


def files(data: Path) -> list[Path]:
    """None."""
    return []


def _indexed(album: Path, store: Path) -> Looks:
    with Store(store) as opened:
        index(album, listed(album), opened, Looker(see))
        people.settle(opened)
    return _looks(store)


def _looks(store: Path) -> Looks:
    if not store.exists():
        return {}
    with Store(store) as opened:
        names = {p.id: p.path for p in opened.photos()}
        found: Looks = {name: [] for name in names.values()}
        for face in opened.faces():
            found[names[face.photo]].append((face.vector.tobytes(), face.person))
    return found


def _vectors(looks: Looks, photo: str) -> list[bytes]:
    return [vector for vector, _ in looks.get(photo, [])]


def _sound(store: Path) -> bool:
    with Store(store) as opened, opened.transaction() as base:
        return base.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def _killed(work: Callable[[], object], store: Path, before: int, rng: random.Random) -> bool:
    """Work in a child until it confirmed something more and a moment longer; whether it had ended by then."""
    child = _child(work)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not _ended(child) and _count(store) <= before:
        time.sleep(0.005)
    time.sleep(rng.random() * 0.15)
    return _stop(child)


def _child(work: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def _ended(child: int) -> bool:
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _stop(child: int) -> bool:
    ended = _ended(child)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return ended


def _count(store: Path) -> int:
    """Photos confirmed so far, asked of the file from outside."""
    import sqlite3

    try:
        base = sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)
        try:
            return base.execute("SELECT count(*) FROM photo").fetchone()[0]
        finally:
            base.close()
    except sqlite3.OperationalError:  # not there yet, or busy
        return 0


def _merges(store: Path) -> Figures:
    """Merge the first two people, killed before each statement in turn, until it runs to its end."""
    before = after = _looks(store)
    outcomes = list[str]()
    while not outcomes or outcomes[-1] != "merged":
        at = len(outcomes)
        os.waitpid(_child(lambda at=at: _merge(store, at)), 0)
        after = _looks(store)
        outcomes.append("as before" if after == before else "merged")
    kept = {p: [vector for vector, _ in faces] for p, faces in before.items()}
    return {
        "kills": len(outcomes) - 1,
        "left as before": outcomes.count("as before"),
        "faces kept": {p: _vectors(after, p) for p in after} == kept,
        "stores damaged": int(not _sound(store)),
    }


def _merge(store: Path, at: int) -> None:
    """Merge, and die right before the statement of this number; a merge of fewer statements lives."""
    seen = list[str]()

    def trace(words: str) -> None:
        seen.append(words)
        if len(seen) > at and not words.startswith("SELECT"):
            os.kill(os.getpid(), signal.SIGKILL)

    with Store(store) as opened:
        first, second = sorted({f.person for f in opened.faces() if f.person is not None})[:2]
        with opened.transaction() as base:
            base.set_trace_callback(trace)
            seen.clear()
        edits.merge(opened, first, [second])
