"""What a network said of every frame of a data set, kept in memory-mapped arrays that grow and survive a kill."""

from __future__ import annotations

import json
import weakref
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.io import whole
from mien.io.lock import alone
from mien.train.data import Ints, Mask, Rows
from mien.types import Floats

COLUMNS = ("video", "frame", "seen", "embedding", "logits")
MOST = 100_000_000  # rows of one store
WIDEST = 1 << 16  # columns of one array


@dataclass(frozen=True, slots=True)
class Store:
    """The rows of a folder: video and frame of each, whether a face was seen, its embedding and its logits.

    An array is one growing file of plain numbers without a header; `store.json` tells its width and kind, and `done`
    how many rows are whole, so what a killed run left beyond them is cut off by the next.
    """

    folder: Path
    videos: tuple[str, ...]
    video: Ints
    frame: Ints
    seen: Mask
    embedding: NDArray[np.float16]  # (n, width), memory-mapped
    logits: Floats  # (n, k), memory-mapped

    def __len__(self) -> int:
        return len(self.frame)

    def places(self, rows: Rows) -> tuple[Ints, Mask]:
        """Where each of these rows is kept, and which of them are here with a face; repeats are allowed."""
        known = {name: i for i, name in enumerate(self.videos)}
        mine = np.array([known.get(v, -1) for v in rows.videos] or [-1], np.int64)[rows.video]
        key = self.video * (1 << 32) + self.frame
        order = np.argsort(key, kind="stable")
        if not len(key):
            return np.zeros(len(rows), np.int64), np.zeros(len(rows), bool)
        wanted = mine * (1 << 32) + rows.frame
        place = order[np.minimum(np.searchsorted(key[order], wanted), len(key) - 1)]
        return place, (key[place] == wanted) & (mine >= 0) & self.seen[place]


def opened(folder: Path) -> Store:
    """A store's arrays; damage is told, not guessed around."""
    meta, done = _meta(folder), _done(folder)
    if done == 0:
        empty = np.zeros
        return Store(folder, (), *(empty((0, *s), d) for s, d in _shapes(meta)))  # type: ignore[arg-type]
    arrays = []
    for name, (shape, kind) in zip(COLUMNS, _shapes(meta), strict=True):
        path = folder / f"{name}.bin"
        size = done * int(np.prod(shape, dtype=np.int64)) * np.dtype(kind).itemsize
        if not path.is_file() or path.stat().st_size < size:
            raise InputError(f"{path} must hold {size} bytes for {done} rows; delete {folder} and make it anew")
        mapped = np.memmap(path, kind, "r", shape=(done, *shape)) if size else np.zeros((done, *shape), kind)
        arrays.append(np.array(mapped) if name in ("video", "frame", "seen") else mapped)
    return Store(folder, tuple(meta["videos"][: int(arrays[0].max()) + 1]), *arrays)


def _meta(folder: Path) -> dict[str, list[str]]:
    path = folder / "store.json"
    if not path.is_file():
        raise InputError(f"no features in {folder}; make them with `mien features` or `mien synth … --features`")
    try:
        meta = json.loads(path.read_text())
        sizes, videos = [int(v) for v in meta["sizes"]], [str(v) for v in meta["videos"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error!r}); delete {folder} and make it anew") from None
    if len(sizes) != 2 or not all(0 <= s <= WIDEST for s in sizes):
        raise InputError(f"{path} must name two widths of at most {WIDEST}, got {sizes}")
    return {"sizes": [str(s) for s in sizes], "videos": videos, "network": [str(meta.get("network", ""))]}


def _shapes(meta: dict[str, list[str]]) -> list[tuple[tuple[int, ...], type[np.generic]]]:
    width, logits = (int(s) for s in meta["sizes"])
    return [((), np.int64), ((), np.int64), ((), np.bool_), ((width,), np.float16), ((logits,), np.float32)]


def _done(folder: Path) -> int:
    path = folder / "done"
    text = path.read_text().strip() if path.is_file() else "0"
    if not text.isdigit() or int(text) > MOST:
        raise InputError(f"{path} must hold a number of rows up to {MOST}, got {text[:20]!r}")
    return int(text)


class Writer:
    """Appends rows a video or a chunk at a time; made again after a kill, it goes on behind the last whole chunk.

    While there is one, no other process writes there. `network` tells apart what speaks in the same widths.
    """

    def __init__(self, folder: Path, videos: Sequence[str], width: int, logits: int, network: str = "") -> None:
        self.folder = whole.folder(folder)
        self.meta = {"sizes": [str(width), str(logits)], "videos": list(videos), "network": [network]}
        lock = ExitStack()
        lock.enter_context(alone(folder, "--name"))
        weakref.finalize(self, lock.close)
        if (folder / "store.json").is_file():
            if _meta(folder) not in (self.meta, self.meta | {"network": [""]}):  # older stores do not tell
                raise InputError(
                    f"{folder} holds features of other videos or widths, or another network's; delete it, or choose "
                    "another --name"
                )
        else:
            text = json.dumps({"sizes": [width, logits], "videos": list(videos), "network": network})
            _put(folder / "store.json", text)
        self.done = _done(folder)
        for name, (shape, kind) in zip(COLUMNS, _shapes(self.meta), strict=True):
            size = self.done * int(np.prod(shape, dtype=np.int64)) * np.dtype(kind).itemsize
            with (folder / f"{name}.bin").open("ab") as file:
                file.truncate(size)

    def add(self, video: Ints, frame: Ints, seen: Mask, embedding: Floats, logits: Floats) -> None:
        """Some more rows; only when all are on disk do they count."""
        columns = (video, frame, seen, embedding, logits)
        for name, values, (_, kind) in zip(COLUMNS, columns, _shapes(self.meta), strict=True):
            with (self.folder / f"{name}.bin").open("ab") as file:
                file.write(np.ascontiguousarray(values, kind).tobytes())
        self.done += len(frame)
        _put(self.folder / "done", str(self.done))


def _put(path: Path, text: str) -> None:
    with whole.whole(path) as part:
        part.write_text(text)
