"""Known people: enrol faces under a name, ask who a face is, and say who it is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from mien.errors import InputError, unknown
from mien.heads import IDENTITY
from mien.identity.gate import Gate
from mien.link import unit
from mien.types import Face, Floats


@dataclass(frozen=True, slots=True)
class Match:
    """The person a face belongs to, None where nobody is near enough, and the cosine distance to the nearest."""

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

    A face is the person with the nearest mean direction within `threshold`, unless it lies nearer to a face that was
    denied to that person than to all that were enrolled: a "not this person" sticks, for that face and its likes.
    """

    threshold: float
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
            if not _denied(self.people[name], row):
                return Match(name, distance)
        return Match(None, ranked[0][0] if ranked else float("inf"))

    def _with(self, name: str, person: Person) -> Gallery:
        return replace(self, people=MappingProxyType({**self.people, name: person}))


def _row(vector: Floats) -> Floats:
    flat = np.asarray(vector, np.float32).reshape(1, -1)
    if not np.isfinite(flat).all() or not np.linalg.norm(flat) > 0:
        raise InputError("an identity vector must be finite and not all zero")
    return unit(flat)


def _distance(person: Person, row: Floats) -> float:
    return float(1 - unit(person.faces.mean(0)) @ row)


def _denied(person: Person, row: Floats) -> bool:
    nearest = float((person.faces @ row).max())
    return len(person.denied) > 0 and float((person.denied @ row).max()) >= nearest
