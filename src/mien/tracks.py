"""Who is who from frame to frame: boxes that overlap, and after a gap or a cut, vectors that look alike."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mien.geometry import iou
from mien.heads import IDENTITY
from mien.link import unit
from mien.types import Faces, Floats


@dataclass(frozen=True, slots=True)
class Track:
    """What is remembered of a person: where and when last seen, how they moved, and what they look like."""

    person: int
    box: Floats  # (4,)
    time: float
    speed: Floats  # (4,) pixels a second
    looks: Floats | None  # (d,) unit vector, the mean over what was seen

    def expected(self, time: float) -> Floats:
        """The box where it should be now; nobody keeps a speed for longer than a tenth of a second."""
        return self.box + self.speed * np.float32(min(time - self.time, 0.1))


@dataclass(frozen=True, slots=True)
class Rules:
    """When two boxes are one person.

    `overlap` is the least IoU with the expected box; `patience` the seconds for which a lost box is waited for;
    `alike` the cosine from which two faces are one person wherever they are, and `unlike` the one below which they are
    two, however well their boxes overlap.
    """

    overlap: float = 0.25
    patience: float = 1.0
    alike: float = 0.6
    unlike: float = 0.0
    memory: float = 0.1  # weight of the newest look in a person's mean


class Tracker:
    """Gives the faces of each frame in turn their persons' numbers, from 0 in order of first appearance."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self._tracks: dict[int, Track] = {}
        self._next = 0
        self._shot = -np.inf  # when the present shot began

    def cut(self, time: float) -> None:
        """A new shot begins at this time: from here on where a face was says nothing, only how it looked."""
        self._shot = time

    def __call__(self, faces: Faces) -> Faces:
        """The same faces with `track`."""
        persons = np.full(len(faces), -1, np.int64)
        time, looks = faces.frame.time, _looks(faces)
        known = list(self._tracks.values())
        near = [t for t in known if self._waited(t, time)]
        _match(persons, near, self._overlaps(faces.boxes, near, looks, time), self.rules.overlap)
        if looks is not None and (persons < 0).any():
            lost = [t for t in known if t.looks is not None and t.person not in set(persons.tolist())]
            _match(persons, lost, _likeness(looks, lost), self.rules.alike)
        for i in np.flatnonzero(persons < 0):
            persons[i], self._next = self._next, self._next + 1
            self._tracks[int(persons[i])] = Track(int(persons[i]), faces.boxes[i], time, np.zeros(4, np.float32), None)
        for i, person in enumerate(persons.tolist()):
            self._tracks[person] = self._seen(
                self._tracks[person], faces.boxes[i], time, None if looks is None else looks[i]
            )
        self._forget(time)
        return replace(faces, track=persons)

    def _forget(self, time: float) -> None:
        """Drop who can never be matched again: lost for too long, and of unknown looks."""
        gone = [t.person for t in self._tracks.values() if t.looks is None and time - t.time > self.rules.patience]
        for person in gone:
            del self._tracks[person]

    def absent(self, faces: Faces) -> tuple[int, ...]:
        """Persons still waited for who are not among these tracked faces."""
        here = set() if faces.track is None else set(faces.track.tolist())
        waited = (t.person for t in self._tracks.values() if self._waited(t, faces.frame.time))
        return tuple(p for p in waited if p not in here)

    def _waited(self, track: Track, time: float) -> bool:
        return track.time >= self._shot and time - track.time <= self.rules.patience

    def _overlaps(self, boxes: Floats, tracks: list[Track], looks: Floats | None, time: float) -> Floats:
        if not tracks:
            return np.zeros((len(boxes), 0), np.float32)
        score = iou(boxes, np.stack([t.expected(time) for t in tracks]))
        if looks is not None:
            score[_likeness(looks, tracks) < self.rules.unlike] = 0
        return score

    def _seen(self, track: Track, box: Floats, time: float, look: Floats | None) -> Track:
        gone = time - track.time
        speed = np.zeros(4, np.float32)
        if gone > 0 and self._waited(track, time):
            speed = (0.5 * track.speed + 0.5 * (box - track.box) / gone).astype(np.float32)
        if look is not None and track.looks is not None:
            look = unit(track.looks + np.float32(self.rules.memory) * (look - track.looks))
        return Track(track.person, box, time, speed, track.looks if look is None else look)


def _looks(faces: Faces) -> Floats | None:
    return faces[IDENTITY].values if IDENTITY in faces.readings else None


def _likeness(looks: Floats, tracks: list[Track]) -> Floats:
    """Cosine of every face with every track; 1 where a track's looks are not known, which forbids nothing."""
    out = np.ones((len(looks), len(tracks)), np.float32)
    for j, track in enumerate(tracks):
        if track.looks is not None:
            out[:, j] = looks @ track.looks
    return out


def _match(persons: NDArray[np.int64], tracks: list[Track], score: Floats, least: float) -> None:
    """Give faces without a person the best free track, the surest pair first."""
    score = np.where((persons < 0)[:, None], score, -np.inf)
    while score.size and score.max() >= least:
        i, j = np.unravel_index(score.argmax(), score.shape)
        persons[i] = tracks[j].person
        score[i, :] = score[:, j] = -np.inf
