"""Thousands of painted photos indexed, a second run with a hundred more, and clustering of a hundred thousand faces."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from mien.album import people
from mien.album.experiments.faces import Figures
from mien.album.index import Looker, index, listed
from mien.album.store import Store
from mien.heads import IDENTITY
from mien.identity.neighbours import approximate
from mien.identity.nodes import Nearest, Nodes, average, nearest
from mien.identity.score import bcubed
from mien.link import unit
from mien.types import Faces, Floats, Frame, Reading

PHOTOS, MORE, CROWD = 10_000, 100, 100_000
PEOPLE = 500  # in the painted photos


def run(data: Path, seed: int, size: int = 0) -> Figures:
    """All figures of this measurement; `size` photos, and ten faces to cluster for each."""
    photos = size or PHOTOS
    with tempfile.TemporaryDirectory() as place:
        album = Path(place) / "photos"
        paint(album, range(photos), seed)
        with Store(Path(place) / "album.sqlite") as store:
            first = _indexed(album, store)
            paint(album, range(photos, photos + MORE), seed)
            second = _indexed(album, store)
            size_on_disk = store.path.stat().st_size
    crowd = _crowd(10 * size or CROWD, seed)
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


def _indexed(album: Path, store: Store) -> dict[str, float]:
    """Seconds and peak memory of a run; the network is a stand-in, so this is what the album itself costs."""
    start, work, peaks = time.perf_counter(), time.process_time(), [_memory()]

    def step() -> None:
        peaks.append(_memory())

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
        "memory at a tenth, MB": peaks[len(peaks) // 10],
        "memory at the end, MB": peaks[-1],
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


def _crowd(count: int, seed: int) -> Figures:
    """Vectors around made-up persons, ten faces each, clustered at once: exactly, and with neighbours from faiss."""
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(count // 10), 10)
    centres = rng.standard_normal((count // 10, 128), np.float32)
    vectors = unit(centres[owner] + np.float32(0.7) * rng.standard_normal((len(owner), 128), np.float32))
    ways = {"exact": nearest, **({"faiss": approximate} if find_spec("faiss") else {})}
    return {"faces": count, **{name: _clustered(vectors, owner, near) for name, near in ways.items()}}


def _clustered(vectors: Floats, owner: np.ndarray, near: Nearest) -> dict[str, float]:
    start, work = time.perf_counter(), time.process_time()
    labels = average(Nodes.of(vectors), 0.5, near)
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
