"""A video or camera, frame by frame: faces with persons' numbers, then a table and signals per person.

Memory stays flat: pictures pass through, numbers are kept. What iterating gives is as measured; the table and the
signals are smoothed, for a frame's neighbours know more about it than it does itself. `smooth=None` leaves them raw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mien.cuts import Cuts
from mien.errors import InputError, MienError
from mien.heads import ACTION_UNITS, DEMOGRAPHICS, EXPRESSION, POSE, QUALITY
from mien.identity.cast import Cast, People
from mien.identity.gallery import Gallery
from mien.io.table import Cell, Layout, Table
from mien.ledger import NOBODY, Account, Ledger
from mien.quality import measure
from mien.temporal import Step, apply, joined, pieces
from mien.temporal.fill import Fill
from mien.temporal.smooth import Smooth
from mien.temporal.stride import Stride
from mien.tracks import Rules, Tracker
from mien.types import Faces, Floats, Frame, Head, Signal

See: TypeAlias = Callable[[Frame], Faces]
Smoothing: TypeAlias = Smooth | Literal["default"] | None
HALF_WINDOW = {ACTION_UNITS: 0.15, POSE: 0.15} | dict.fromkeys(DEMOGRAPHICS, 5.0)  # seconds; else 0.5
GAP = 0.5  # seconds without a look at the face over which values are still drawn


def steps(head: Head, smooth: Smoothing) -> tuple[Step, ...]:
    """What is done to a head's signal before it is shown.

    Half a second to each side gains most of what smoothing can for expressions and keeps a short smile; action units
    come and go within a fifth of a second; age and the like do not change at all.
    """
    if smooth is None or head is QUALITY:
        return ()
    return (Fill(GAP), Smooth("box", seconds=HALF_WINDOW.get(head, 0.5)) if smooth == "default" else smooth)


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame of a video: its faces, the persons waited for, which shot it is in, and whether it was looked at."""

    faces: Faces
    absent: tuple[int, ...]
    shot: int
    looked: bool = True


class Watch:
    """Iterate it for the `Faces` of each frame; `table()` and `signals()` then know all that was seen.

    What iterating gives has the numbers of tracks. In `people()`, the table and the signals, tracks that turned out to
    be one person have the number of their first one; `gallery` names whom it knows.

    Asked for any of these before anything was iterated, it goes through the whole video first; after an early `break`,
    Ctrl-C or damage they hold all frames up to there. `adaptive` (strides with thresholds) looks at few of
    the frames of each block and at more where the expression is unsure; the others count as not seen.
    """

    def __init__(
        self,
        frames: Iterable[Frame],
        see: See,
        *,
        smooth: Smoothing = "default",
        rules: Rules | None = None,
        adaptive: Stride | None = None,
        gallery: Gallery | None = None,
    ) -> None:
        self.smooth: Smoothing = smooth
        self.frames = self.looked = 0  # frames gone through, and those that the networks saw
        self._stream, self._see, self._adaptive = frames, see, adaptive
        self._rules = rules or Rules()
        self._ledger, self._cast, self._gallery = Ledger(), Cast(), gallery
        self._source = ""
        self._started = False

    def __iter__(self) -> Iterator[Faces]:
        for moment in self.moments():
            yield moment.faces

    def moments(self) -> Iterator[Moment]:
        """Every frame with all that is known about it; a video can be gone through once."""
        if self._started:
            raise InputError("this video was gone through already; call watch again")
        self._started = True
        tracker, cuts, shot = Tracker(self._rules), Cuts(), 0
        for frame, seen in self._looks():
            if cuts(frame.pixels):
                shot += 1
                tracker.cut(frame.time)
            faces = Faces.none(frame) if seen is None else tracker(seen)
            absent = tracker.absent(faces)
            self._ledger.add(faces, absent, shot)
            self._cast.see(faces)
            self._source, self.frames, self.looked = frame.source, self.frames + 1, self.looked + (seen is not None)
            yield Moment(faces, absent, shot, seen is not None)

    def table(self) -> Table:
        """All rows, in the columns of docs/tables.md."""
        self._finish()
        return Table(self.layout.columns, self._rows)

    def people(self) -> People:
        """Which tracks are one person, and the names of those in the gallery."""
        self._finish()
        return self._cast.people(self._gallery)

    def signals(self, *, raw: bool = False) -> dict[int, dict[Head, Signal]]:
        """Each person's answers over time; `seen` tells where the face was, also where values were filled in."""
        account = self._account()
        people, smooth = account.people(self._rules.patience), None if raw else self.smooth
        return {
            person: {head: _shown(head, signal, own.starts, smooth) for head, _, signal in account.signals(own.rows)}
            for person, own in people.items()
        }

    @property
    def layout(self) -> Layout:
        """The columns of the table, known from the first answers on."""
        return self._ledger.layout or Layout()

    def _account(self) -> Account:
        """All that was entered, by person."""
        people = self.people()
        return self._ledger.read().joined(people.of)

    def _finish(self) -> None:
        if not self._started:
            for _ in self.moments():
                pass

    def _looks(self) -> Iterator[tuple[Frame, Faces | None]]:
        """Each frame with its faces, None where it was not looked at."""
        if self._adaptive is None:
            yield from ((frame, self._perceive(frame)) for frame in self._stream)
            return
        for block in _blocks(self._stream, self._adaptive.strides[0]):
            seen: dict[int, Faces] = {}
            self._adaptive.decide(partial(self._run, block, seen), len(block))
            yield from ((frame, seen.get(i)) for i, frame in enumerate(block))

    def _run(self, block: list[Frame], seen: dict[int, Faces], places: list[int]) -> Floats:
        """Look at these frames of a block; the mean expression of the faces in each, NaN without a face."""
        out = np.full((len(places), len(EXPRESSION.labels)), np.nan, np.float32)
        for row, i in enumerate(places):
            seen[i] = self._perceive(block[i])
            if len(seen[i]):
                out[row] = seen[i][EXPRESSION].values.mean(0)
        return out

    def _perceive(self, frame: Frame) -> Faces:
        faces = self._see(frame)
        return faces if QUALITY in faces.readings else measure(faces)

    def _rows(self) -> Iterator[dict[str, Cell]]:
        account = self._account()
        numbers = account.numbers.copy()
        for own in account.people(self._rules.patience).values():
            for head, columns, signal in account.signals(own.rows):
                shown = _shown(head, signal, own.starts, self.smooth)
                numbers[account.place[own.rows[shown.seen]], columns] = shown.values[shown.seen]
        for i in range(len(account.entries)):
            frame, time, face, person, _ = account.entries[i].tolist()
            where: dict[str, Cell] = {"source": self._source, "frame": frame, "time": round(time, 6)}
            where |= {"face": None if face == NOBODY else face, "person": None if person == NOBODY else person}
            yield account.layout.row(where, numbers[account.place[i]] if account.seen[i] else None)


def _shown(head: Head, raw: Signal, starts: NDArray[np.int64], smooth: Smoothing) -> Signal:
    """A signal smoothed stretch by stretch; `seen` stays what it was."""
    chain = steps(head, smooth)
    parts = [apply(chain, part) for part in pieces(raw, starts.tolist())]
    return replace(joined(parts), seen=raw.seen)


def _blocks(frames: Iterable[Frame], size: int) -> Iterator[list[Frame]]:
    """Frames in blocks; those before damage are given before its error is passed on."""
    block: list[Frame] = []
    try:
        for frame in frames:
            block.append(frame)
            if len(block) == size:
                yield block
                block = []
    except MienError:
        if block:
            yield block
        raise
    if block:
        yield block
