"""The challenges' files ⇄ rows: one file per format, each with `read(folder, faults)` and, where asked for, `submit`.

Readers turn the marks of the data sets (-1, -5) into `known`; nothing below ever sees one. They name file and line
of every fault and report them all in one go.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError, unknown
from mien.types import Floats, expect

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
FPS = 30.0  # frames per second of the challenges' videos
SHOWN = 20  # faults told in one error; `mien data check` shows them all


@dataclass(frozen=True, slots=True)
class Target:
    """The truth of one question: values (n, k), one-hot for classes, and the rows in which it is known."""

    values: Floats
    known: Mask

    def __post_init__(self) -> None:
        expect("target", self.values, (None, None))
        expect("known", self.known, (len(self.values),))

    def pick(self, rows: Ints | Mask) -> Target:
        """The truth of these rows."""
        return Target(self.values[rows], self.known[rows])


@dataclass(frozen=True, slots=True)
class Rows:
    """A split: which video each row belongs to, its frame there, and by question what is known of it.

    Rows of a video stand together, in the order of time. A still picture or a clip is a video of one row.
    """

    videos: tuple[str, ...]
    video: Ints  # (n,) places in `videos`
    frame: Ints  # (n,)
    targets: Mapping[str, Target] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        n = len(self.video)
        expect("frame", self.frame, (n,))
        step = np.diff(self.video)
        if n and (np.any(step < 0) or np.any((step == 0) & (np.diff(self.frame) < 0))):
            raise InputError("rows must be sorted by video and frame; use Rows.sorted")
        for target in self.targets.values():
            expect("target", target.values, (n, None))

    def __len__(self) -> int:
        return len(self.video)

    @classmethod
    def sorted(cls, videos: Sequence[str], frame: Ints, targets: Mapping[str, Target]) -> Rows:
        """Rows from a video's name per row, in any order; equal frames keep theirs."""
        names, first, place = np.unique(np.array(videos, str), return_index=True, return_inverse=True)
        rank = np.argsort(np.argsort(first))  # videos in the order in which they first appear
        video = rank[place].astype(np.int64)
        order = np.lexsort((frame, video))
        kept = {k: t.pick(order) for k, t in targets.items()}
        return cls(tuple(names[np.argsort(first)].tolist()), video[order], frame[order], kept)

    def pick(self, videos: Ints) -> Rows:
        """The rows of these videos (rising places)."""
        rows = np.isin(self.video, videos)
        place = np.searchsorted(videos, self.video[rows])
        targets = {k: t.pick(rows) for k, t in self.targets.items()}
        return Rows(tuple(self.videos[v] for v in videos), place.astype(np.int64), self.frame[rows], targets)

    def starts(self) -> Ints:
        """The first row of each video that has rows, then the number of rows."""
        return np.concatenate([[0], np.flatnonzero(np.diff(self.video)) + 1, [len(self)]]).astype(np.int64)

    def image(self, row: int) -> str:
        """The row's picture, as the organisers name it."""
        return f"{self.videos[self.video[row]]}/{self.frame[row]:05d}.jpg"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in a file; a note is odd, but read all the same."""

    file: Path
    line: int  # 0: the whole file
    what: str
    note: bool = False

    def __str__(self) -> str:
        return f"{self.file}{f':{self.line}' if self.line else ''}: {'note: ' if self.note else ''}{self.what}"


class Faults:
    """Collects faults; `settle` raises them all as one error."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def add(self, file: Path, line: int, what: str, *, note: bool = False) -> None:
        """One more."""
        self.found.append(Fault(file, line, what, note))

    @property
    def errors(self) -> list[Fault]:
        """Those that are not mere notes."""
        return [f for f in self.found if not f.note]

    def settle(self) -> None:
        """Raise where anything was wrong."""
        if self.errors:
            shown = "\n".join(f"  {f}" for f in self.errors[:SHOWN])
            more = f"\n  and {len(self.errors) - SHOWN} more" if len(self.errors) > SHOWN else ""
            raise InputError(f"{len(self.errors)} faults in the data:\n{shown}{more}")


Splits = Mapping[str, Rows]  # by name: train, validation, test
Reader = Callable[[Path, Faults], Splits]


def kinds() -> list[str]:
    """Every format, by its file; `lines` is what they share."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name != "lines")


def names() -> list[str]:
    """Every kind of data set that can be read."""
    return sorted(_readers())


def _readers() -> dict[str, Reader]:
    found: dict[str, Reader] = {}
    for kind in kinds():
        found |= importlib.import_module(f"{__name__}.{kind}").READERS
    return found


def read(kind: str, folder: Path) -> Splits:
    """The splits of a data set; one error names every fault by file and line."""
    faults = Faults()
    splits = _reader(kind)(folder, faults)
    faults.settle()
    return splits


def check(kind: str, folder: Path) -> list[Fault]:
    """Every fault and oddity of a data set."""
    faults = Faults()
    _reader(kind)(folder, faults)
    return faults.found


def _reader(kind: str) -> Reader:
    readers = _readers()
    if kind not in readers:
        raise unknown("data set", kind, readers)
    return readers[kind]
