"""Known people: enrol faces under a name, ask who a face is, and say who it is not."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from mien.errors import InputError, unknown
from mien.heads import IDENTITY
from mien.identity.compare import SAME
from mien.identity.gate import Gate
from mien.io import folder, photo
from mien.link import unit
from mien.quality import measure
from mien.types import Face, Faces, Floats, Frame


@dataclass(frozen=True, slots=True)
class Match:
    """The person a face belongs to, None where nobody is near enough, and the mean cosine distance to the nearest."""

    name: str | None
    distance: float


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of one person: enrolled vectors, and vectors of faces that the user said are somebody else."""

    faces: Floats  # (n, d) unit
    denied: Floats  # (m, d) unit


def _nobody() -> Mapping[str, Person]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Gallery:
    """Frozen: enrolling and denying give a new gallery.

    A face is the person whose enrolled faces are on average the nearest, and within `threshold`, unless it lies nearer
    to a face that was denied to that person than to all that were enrolled: a "not this person" sticks, for that face
    and its likes.
    """

    threshold: float = SAME
    gate: Gate = field(default_factory=Gate)
    people: Mapping[str, Person] = field(default_factory=_nobody)

    def enrol(self, name: str, face: Face) -> Gallery:
        """The gallery with one more face of a person; refuses, with the reason, one that would poison it."""
        if reason := self.gate.reason(face):
            raise InputError(f"this face cannot be enrolled as {name!r}: {reason}")
        return self.with_vector(name, face[IDENTITY].values)

    def with_vector(self, name: str, vector: Floats) -> Gallery:
        """The gallery with one more vector of a person, taken as it is."""
        row = _row(vector)
        own = self.people.get(name, Person(row[:0], row[:0]))
        return self._with(name, replace(own, faces=np.vstack([own.faces, row])))

    def deny(self, name: str, vector: Floats) -> Gallery:
        """The gallery that knows: this face is not this person, and if it was enrolled as them, it no longer is."""
        if name not in self.people:
            raise unknown("person", name, self.people)
        own, row = self.people[name], _row(vector)
        stay = (own.faces @ row[0]) < 1 - 1e-6
        return self._with(name, Person(own.faces[stay], np.vstack([own.denied, row])))

    def identify(self, vector: Floats) -> Match:
        """Who this is."""
        row = _row(vector)[0]
        ranked = sorted((_distance(p, row), name) for name, p in self.people.items() if len(p.faces))
        for distance, name in ranked:
            if distance > self.threshold:
                break
            if not self.denies(name, row):
                return Match(name, distance)
        return Match(None, ranked[0][0] if ranked else float("inf"))

    def denies(self, name: str, vector: Floats) -> bool:
        """Whether this is more like a face that was denied to the person than like all that were enrolled."""
        person, row = self.people[name], _row(vector)[0]
        nearest = (person.faces @ row).max(initial=-1)
        return len(person.denied) > 0 and bool((person.denied @ row).max() >= nearest)

    def _with(self, name: str, person: Person) -> Gallery:
        return replace(self, people=MappingProxyType({**self.people, name: person}))


def enrolled(place: str | os.PathLike[str], see: Callable[[Frame], Faces]) -> Gallery:
    """The people of a folder: `Anna.jpg`, or several photos in a folder `Anna`; each photo shows one good face."""
    place = Path(place)
    paths = folder.photos(place) if folder.is_folder(place) else []
    if not paths:
        raise InputError(f"{place} must be a folder of photos such as Anna.jpg or Anna/1.jpg, one person on each")
    gallery = Gallery()
    for path in paths:
        faces = measure(see(photo.read(path)))
        name = path.stem if path.parent == place else path.relative_to(place).parts[0]
        if len(faces) != 1:
            raise InputError(f"{path} shows {len(faces)} faces, a photo of {name!r} must show one; cut it out")
        try:
            gallery = gallery.enrol(name, Face(faces, 0))
        except InputError as error:
            raise InputError(f"{path}: {error}; replace the photo") from None
    return gallery


def _row(vector: Floats) -> Floats:
    flat = np.asarray(vector, np.float32).reshape(1, -1)
    if not np.isfinite(flat).all() or not np.linalg.norm(flat) > 0:
        raise InputError("an identity vector must be finite and not all zero")
    return unit(flat)


def _distance(person: Person, row: Floats) -> float:
    return float(1 - (person.faces @ row).mean())
