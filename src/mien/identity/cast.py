"""The cast of a video: what each track looks like, and which tracks are one person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

import numpy as np

from mien.heads import IDENTITY
from mien.identity.compare import SAME
from mien.identity.gallery import Gallery
from mien.identity.gate import Gate
from mien.identity.nodes import Nodes, average
from mien.link import unit
from mien.types import Face, Faces, Floats

LOOKS = 3  # looks at a good face that a track needs before it tells who it is


@dataclass(frozen=True, slots=True)
class People:
    """The person of every track, named by the number of their first track, and who of them are known by name."""

    of: Mapping[int, int]
    names: Mapping[int, str]

    def tracks(self, person: int) -> list[int]:
        """The tracks of one person, in the order they began."""
        return [track for track, who in self.of.items() if who == person]


@dataclass(slots=True)
class _Track:
    total: Floats = field(default_factory=lambda: np.zeros(len(IDENTITY.labels), np.float32))  # of unit vectors
    looks: int = 0
    beside: set[int] = field(default_factory=set)  # tracks seen in one frame with it

    def see(self, face: Face, gate: Gate) -> None:
        if IDENTITY in face.faces.readings and not gate.reason(face):
            self.total = self.total + unit(face[IDENTITY].values)
            self.looks += 1


class Cast:
    """Shown the tracked faces of every frame, it keeps one vector per track: memory grows with tracks, not frames."""

    def __init__(self, gate: Gate | None = None) -> None:
        self._gate = gate or Gate()
        self._tracks = defaultdict[int, _Track](_Track)

    def see(self, faces: Faces) -> None:
        """Remember what these faces look like, and that they are as many people."""
        here = {face.person for face in faces if face.person is not None}
        for face in faces:
            if face.person is not None:
                self._tracks[face.person].beside |= here - {face.person}
                self._tracks[face.person].see(face, self._gate)

    def people(self, gallery: Gallery | None = None) -> People:
        """Tracks joined by average linkage of their normalised mean vectors, and with the people of a gallery.

        Two tracks that were ever seen in one frame are never one person, nor is a track without three good looks
        anybody but itself.
        """
        order = sorted(self._tracks)
        told = [t for t in order if self._tracks[t].looks >= LOOKS]
        known = [name for name, person in gallery.people.items() if len(person.faces)] if gallery else []
        person, names = {t: t for t in order}, dict[int, str]()
        if told:
            labels = average(self._nodes(told, known, gallery), gallery.threshold if gallery else SAME).tolist()
            named = dict(zip(labels[len(told) :], known, strict=True))
            for track, label in zip(told, labels, strict=False):
                person[track] = told[labels.index(label)]
                if label in named:
                    names[person[track]] = named[label]
        return People(person, names)

    def _nodes(self, told: list[int], known: list[str], gallery: Gallery | None) -> Nodes:
        """A node per track, then one per person of the gallery, who are all different people."""
        numbers: dict[Hashable, int] = {}

        def key(*reason: Hashable) -> int:
            return numbers.setdefault(reason, len(numbers))

        rows = [unit(self._tracks[t].total) for t in told]
        keys = [{key("beside", *sorted((t, o))) for o in self._tracks[t].beside} for t in told]
        for name in known:
            assert gallery is not None, "known people are those of a gallery"
            rows.append(gallery.people[name].faces.mean(0))
            keys.append({key("known")})
            for track, row, own in zip(told, rows, keys, strict=False):
                if gallery.denies(name, row):
                    own.add(key("not", name, track))
                    keys[-1].add(key("not", name, track))
        return Nodes.of(np.stack(rows), [frozenset(k) for k in keys])
