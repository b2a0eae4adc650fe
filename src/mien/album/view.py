"""The album as it stands in the store: people, events, and which photos are private."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np

from mien.album import events, fusion
from mien.album.borders import Rule
from mien.album.events import Borders
from mien.album.store import Face, Photo, Store

NEAR = 0.05  # published: a face this share of the picture's width makes a photo private


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with enough photos to be worth a place on the wall."""

    id: int
    name: str
    faces: Sequence[Face]
    photos: Sequence[Photo]  # of the faces, each once
    birth_year: int | None
    gender: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """Photos that belong together."""

    label: str
    photos: Sequence[Photo]
    cover: Photo


@dataclass(frozen=True, slots=True)
class Album:
    """All of it."""

    people: Sequence[Person]
    events: Sequence[Event]
    private: Sequence[Photo]
    public: Sequence[Photo]
    unsettled: int  # faces too poor to tell, or of people seen too seldom


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who counts as one of the people: photos and days they must be seen on, and what makes a photo private."""

    photos: int = 3
    days: int = 1
    near: float = NEAR
    rule: Rule = field(default_factory=lambda: Rule(Borders()))


def view(store: Store, wanted: Wanted | None = None) -> Album:
    """The album as the store has it now."""
    wanted = wanted or Wanted()
    photos = ordered([p for p in store.photos() if not p.error or p.scene is not None])  # damaged videos, too
    faces = store.faces()
    names = store.names()
    by_id = {p.id: p for p in photos}
    owned: dict[int, list[Face]] = defaultdict(list)
    for face in faces:
        if face.person is not None:
            owned[face.person].append(face)
    people = [_person(i, names[i], own, by_id) for i, own in owned.items()]
    people = [p for p in people if p.name or _enough(p, wanted)]
    people.sort(key=lambda p: (-len(p.photos), p.id))
    known = {f.id for p in people for f in p.faces}
    inside = {f.photo for f in faces if f.id in known or f.share >= wanted.near}
    return Album(
        people,
        _events(photos, faces, wanted.rule),
        [p for p in photos if p.id in inside],
        [p for p in photos if p.id not in inside],
        len(faces) - len(known),
    )


def ordered(photos: Sequence[Photo]) -> list[Photo]:
    """By time taken; one without a date stays beside its neighbour by file name in the same folder, or comes last."""
    moment = _moments(photos)
    return sorted(photos, key=lambda p: (moment.get(p.id, math.inf), _counted(p.path)))


def _moments(photos: Sequence[Photo]) -> dict[int, float]:
    """When each photo was taken, by number, or its neighbour by file name; none in a folder without any date."""
    named = sorted(photos, key=lambda p: _counted(p.path))
    moment: dict[int, float] = {}
    for walk in (named, named[::-1]):  # the neighbour before; where there is none, the one after
        last: dict[PurePosixPath, float] = {}
        for photo in walk:
            place = PurePosixPath(photo.path).parent
            if photo.taken is not None:
                last[place] = moment[photo.id] = photo.taken
            elif photo.id not in moment and place in last:
                moment[photo.id] = last[place]
    return moment


def _counted(path: str) -> list[tuple[int, str]]:
    """p2 before p10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path.casefold())]


def shown(person: Person) -> str:
    """The name to show: the user's, or a number."""
    return person.name or f"person {person.id}"


def _person(number: int, name: str, faces: Sequence[Face], photos: dict[int, Photo]) -> Person:
    own = {f.photo: photos[f.photo] for f in faces}
    ages = [(f.age, t) for f in faces if f.age is not None and (t := own[f.photo].taken) is not None]
    male = [f.male for f in faces if f.male is not None]
    return Person(number, name, faces, list(own.values()), fusion.birth_year(ages), fusion.gender(male))


def _enough(person: Person, wanted: Wanted) -> bool:
    """Videos count as many photos as are wanted: a track is many looks."""
    looks = sum(wanted.photos if f.frames > 1 else 1 for f in person.faces)
    days = {int(p.taken // 86400) for p in person.photos if p.taken is not None}
    return looks >= wanted.photos and (len(days) >= wanted.days or not days)


def _events(photos: Sequence[Photo], faces: Sequence[Face], rule: Rule) -> list[Event]:
    told = [p for p in photos if p.scene is not None]
    if not told:
        return []
    scenes = np.stack([p.scene for p in told if p.scene is not None])
    times = np.array([math.nan if p.taken is None else p.taken for p in told])
    folders = [str(PurePosixPath(p.path).parent) for p in told]
    moment = _moments(photos)
    numbers = rule.borders(scenes, times, folders, np.array([moment.get(p.id, math.nan) for p in told]))
    crowd: dict[int, int] = defaultdict(int)
    for face in faces:
        crowd[face.photo] += 1
    out = []
    for event in range(int(numbers[-1]) + 1):
        rows = np.flatnonzero(numbers == event)
        own = [told[i] for i in rows]
        middle = scenes[rows].mean(0)
        # the cover shows most faces, then what is most like the whole
        cover = max(zip(own, rows.tolist(), strict=True), key=lambda p: (min(crowd[p[0].id], 3), scenes[p[1]] @ middle))
        kind = [rule.classes[int(middle[-len(rule.classes) :].argmax())]] if rule.classes else []
        name = events.label(times[rows], [folders[i] for i in rows])
        out.append(Event(", ".join([*kind, name]), own, cover[0]))
    return out
