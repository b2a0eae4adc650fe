"""Thousands of painted photos indexed, a second run with a hundred more, and clustering of a hundred thousand faces."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeAlias

import numpy as np

from mien.album import people
from mien.album.experiments.figures import Figures
from mien.album.index import Looker, index, listed
from mien.album.store import Store
from mien.heads import IDENTITY
from mien.identity.neighbours import approximate
from mien.identity.nodes import Nearest, Nodes, average, nearest
from mien.identity.score import bcubed
from mien.link import unit
from mien.types import Faces, Frame, Reading

PHOTOS, MORE, CROWD = 10_000, 100, 100_000
PEOPLE = 500  # in the painted photos
WAYS: dict[str, Nearest] = {"exact": nearest, "faiss": approximate}
P = ParamSpec("P")
Counts: TypeAlias = dict[str, float]


def run(data: Path, seed: int, size: int = 0) -> Figures:
    """All figures of this measurement; `size` photos, and ten faces to cluster for each."""
    photos = size or PHOTOS
    with tempfile.TemporaryDirectory() as place:
        album, store = Path(place) / "photos", Path(place) / "album.sqlite"
        paint(album, range(photos), seed)
        first = _alone(_indexed, album, store)
        paint(album, range(photos, photos + MORE), seed)
        second = _alone(_indexed, album, store)
        size_on_disk = store.stat().st_size
    count = 10 * size or CROWD
    ways = ("exact", *(("faiss",) if find_spec("faiss") else ()))
    crowd = {"faces": count, **{way: _alone(_clustered, count, way, seed) for way in ways}}
    return {
        "photos": photos,
        "first run": first,
        "with 100 more": second,
        "store, bytes": size_on_disk,
        "crowd": crowd,
        "cores used": len(os.sched_getaffinity(0)),
        "threads of numpy": os.environ.get("OMP_NUM_THREADS", "all"),
    }


def files(data: Path) -> list[Path]:
    """None."""
    return []


def _alone(work: Callable[P, Counts], *given: P.args, **more: P.kwargs) -> Counts:
    """What a process of its own says, as each run of the command is one: peaks are those of this work alone."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work, *given, **more).result()


def _indexed(album: Path, at: Path) -> Counts:
    """Seconds and peak memory of a run; the network is a stand-in, so this is what the album itself costs."""
    start, work, peaks = time.perf_counter(), time.process_time(), [_memory()]

    def step() -> None:
        peaks.append(_memory())

    with Store(at) as store:
        outcome = index(album, listed(album), store, Looker(see), step)
        looked = time.perf_counter()
        people.settle(store)
        end = time.perf_counter()
    pace = outcome.faces / (looked - start)
    sys.stderr.write(f"{outcome.looked} photos, {outcome.faces} faces, {pace:.0f} faces/s\n")
    return {
        "looked at": outcome.looked,
        "faces": outcome.faces,
        "seconds to look": looked - start,
        "seconds to cluster": end - looked,
        "processor seconds": time.process_time() - work,
        "faces a second": pace,
        "memory before, MB": peaks[0],
        "memory at a tenth, MB": peaks[len(peaks) // 10],
        "memory when all are looked at, MB": peaks[-1],
        "memory when clustered, MB": _memory(),
    }


def paint(album: Path, numbers: range, seed: int) -> None:
    """Small photos; which persons are on them is written in their first pixels."""
    from PIL import Image

    album.mkdir(exist_ok=True)
    for number in numbers:
        rng = np.random.default_rng([seed, number])
        pixels = rng.integers(0, 256, (12, 16, 3), np.uint8).repeat(20, 0).repeat(20, 1)
        Image.fromarray(pixels).save(album / f"{number}.jpg", quality=90)


def see(frame: Frame) -> Faces:
    """Two persons on every photo, told by its colours."""
    rng = np.random.default_rng(int(frame.pixels[::20, ::20].sum()))
    who = rng.choice(PEOPLE, 2, replace=False)
    boxes = np.array([[20, 40, 80, 80], [160, 40, 80, 80]], np.float32)
    faces = Faces(frame, boxes, np.full((2, 5, 2), np.nan, np.float32), np.ones(2, np.float32))
    return faces.with_reading(IDENTITY, Reading(_vectors(who, rng), IDENTITY.labels))


def _vectors(who: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    centres = np.stack([np.random.default_rng(int(w)).standard_normal(128) for w in who])
    return unit((centres + 0.4 * rng.standard_normal(centres.shape)).astype(np.float32))


def _clustered(count: int, way: str, seed: int) -> Counts:
    """Vectors around made-up persons, ten faces each, clustered at once."""
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(count // 10), 10)
    centres = rng.standard_normal((count // 10, 128), np.float32)
    vectors = unit(centres[owner] + np.float32(0.7) * rng.standard_normal((len(owner), 128), np.float32))
    start, work = time.perf_counter(), time.process_time()
    labels = average(Nodes.of(vectors), 0.5, WAYS[way])
    seconds, work = time.perf_counter() - start, time.process_time() - work
    b = bcubed(owner, labels)
    return {
        "seconds": seconds,
        "processor seconds": work,
        "peak memory, MB": _memory(),
        "precision": b.precision,
        "recall": b.recall,
    }


def _memory() -> float:
    """Peak of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
