"""What was seen in a video, as numbers only: pictures are never kept, and a long film goes to a temporary file."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mien.io.table import BOX, Layout
from mien.types import Faces, Floats, Head, Signal

Rows = NDArray[np.int64]

ENTRY = np.dtype([("frame", "i8"), ("time", "f8"), ("face", "i4"), ("person", "i8"), ("shot", "i8")])
NOBODY = -1
HELD = 16 << 20  # bytes kept in memory before a temporary file takes over


class Ledger:
    """An entry per face and frame, per absent person and frame, and per frame without anybody."""

    def __init__(self) -> None:
        self.layout: Layout | None = None  # known from the first answers on
        self._entries = tempfile.SpooledTemporaryFile(HELD)  # noqa: SIM115
        self._numbers = tempfile.SpooledTemporaryFile(HELD)  # noqa: SIM115
        for file in (self._entries, self._numbers):  # they live as long as the ledger
            weakref.finalize(self, file.close)

    def add(self, faces: Faces, absent: tuple[int, ...], shot: int) -> None:
        """Enter one frame."""
        if self.layout is None and (faces.readings or len(faces)):
            self.layout = Layout.of(faces.readings)
        persons = [*(faces.track.tolist() if faces.track is not None else [NOBODY] * len(faces)), *absent]
        entries = np.zeros(max(len(persons), 1), ENTRY)
        entries["frame"], entries["time"], entries["shot"] = faces.frame.index, faces.frame.time, shot
        entries["person"] = persons or NOBODY
        entries["face"] = NOBODY
        entries["face"][: len(faces)] = np.arange(len(faces))
        if self.layout is not None and len(faces):
            self._numbers.write(self.layout.measured(faces).tobytes())
        self._entries.write(entries.tobytes())  # last: an interruption between the two loses the frame, no more

    def read(self) -> Account:
        """All that was entered so far."""
        layout, content = self.layout or Layout(), _content(self._entries)
        entries = np.frombuffer(content, ENTRY, len(content) // ENTRY.itemsize)
        seen = entries["face"] != NOBODY
        count, width = int(seen.sum()), len(layout.numbers)
        numbers = np.frombuffer(_content(self._numbers), np.float32, count * width).reshape(count, width)
        return Account(layout, entries, numbers, seen, np.cumsum(seen) - 1)


@dataclass(frozen=True, slots=True)
class Stretches:
    """One person's entries in the order of time, and at which of them a new unbroken stretch begins."""

    rows: Rows
    starts: Rows


@dataclass(frozen=True, slots=True)
class Account:
    """A ledger as arrays."""

    layout: Layout
    entries: NDArray[np.void]  # (n,) of ENTRY
    numbers: Floats  # (seen faces, columns)
    seen: NDArray[np.bool_]  # (n,) whether the entry is of a seen face
    place: Rows  # (n,) the row of its numbers, where it is

    def joined(self, person: Mapping[int, int]) -> Account:
        """Tracks of one person under that person's number; who is seen in a frame is not waited for in it, too."""
        moved = {track: who for track, who in person.items() if who != track}
        if not moved:
            return self
        entries = self.entries.copy()
        for track, who in moved.items():
            entries["person"][self.entries["person"] == track] = who
        order = np.lexsort((~self.seen, entries["person"], entries["frame"]))
        frames, people = entries["frame"][order], entries["person"][order]
        again = np.r_[False, (np.diff(frames) == 0) & (np.diff(people) == 0)]
        rows = np.sort(order[~again | self.seen[order]])
        return replace(self, entries=entries[rows], seen=self.seen[rows], place=self.place[rows])

    def people(self, patience: float) -> dict[int, Stretches]:
        """Everybody's entries; a cut, or an absence longer than the patience, begins a new stretch."""
        order = np.argsort(self.entries["person"], kind="stable")
        persons, firsts = np.unique(self.entries["person"][order], return_index=True)
        out = {}
        parts = np.split(order, firsts[1:])  # of nothing: one, which belongs to nobody
        for person, rows in zip(persons.tolist(), parts, strict=False):
            if person != NOBODY:
                out[person] = Stretches(rows, self._starts(rows, patience))
        return out

    def _starts(self, rows: Rows, patience: float) -> Rows:
        cuts = np.flatnonzero(np.diff(self.entries["shot"][rows])) + 1
        seen = np.flatnonzero(self.seen[rows])
        back = seen[1:][np.diff(self.entries["time"][rows[seen]]) > patience]
        return np.union1d(cuts, back)

    def signals(self, rows: Rows) -> Iterator[tuple[Head, slice, Signal]]:
        """These entries' answers to each head as they were measured, and the columns of `numbers` they come from."""
        seen, at = self.seen[rows], len(BOX)
        for head in self.layout.heads:
            columns = slice(at, at + len(head.labels))
            values = np.full((len(rows), len(head.labels)), np.nan, np.float32)
            values[seen] = self.numbers[self.place[rows[seen]], columns]
            yield head, columns, Signal(self.entries["time"][rows], values, seen, head.labels)
            at = columns.stop


def _content(file: tempfile.SpooledTemporaryFile[bytes]) -> bytes:
    file.seek(0)
    return file.read()  # which leaves the position at the end, where the next entry goes
