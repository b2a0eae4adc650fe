"""Faces → persons, so that what is settled stays: new faces join persons, persons join unless the user shaped both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np

from mien.album.store import ALL, Face, Store
from mien.identity.compare import SAME
from mien.identity.neighbours import chosen
from mien.identity.nodes import Nodes, average
from mien.types import Floats


@dataclass(slots=True)
class _Group:
    """A node of the clustering: a person with the faces known to be theirs, or one new face."""

    faces: list[int]
    total: Floats
    keys: set[int]
    person: int | None = None


@dataclass(slots=True)
class _Keys:
    """Numbers for reasons why two groups are not one person; whoever shares a number stays apart."""

    numbers: dict[Hashable, int] = field(default_factory=dict)

    def of(self, *reason: Hashable) -> int:
        return self.numbers.setdefault(reason, len(self.numbers))


def settle(store: Store, threshold: float = SAME, *, again: bool = False) -> None:
    """Give every good face its person; with `again`, persons that the user never touched are formed anew."""
    faces, held, denied = store.faces(), store.held(), store.denied()
    groups = _groups(faces, held, denied, again)
    if not groups:
        return
    nodes = Nodes(
        np.stack([g.total for g in groups]),
        np.array([len(g.faces) for g in groups]),
        [frozenset(g.keys) for g in groups],
    )
    labels = average(nodes, threshold, chosen(len(groups)))
    parts: dict[int, list[_Group]] = defaultdict(list)
    for label, group in zip(labels.tolist(), groups, strict=True):
        parts[label].append(group)
    before = {f.id: f.person for f in faces}
    with store.transaction() as base:
        for part in parts.values():
            persons = [g.person for g in part if g.person is not None]
            keeper = min(persons, key=lambda p: (p not in held, p), default=None)
            if keeper is None:
                keeper = base.execute("INSERT INTO person DEFAULT VALUES").lastrowid
            moved = [(keeper, f) for g in part for f in g.faces if before[f] != keeper]
            base.executemany("UPDATE face SET person = ? WHERE id = ?", moved)
            for person in persons:
                base.execute("UPDATE OR IGNORE denied SET person = ? WHERE person = ?", (keeper, person))
        base.execute(
            "DELETE FROM person WHERE NOT held AND id NOT IN (SELECT person FROM face WHERE person IS NOT NULL)"
        )


def _groups(faces: list[Face], held: set[int], denied: set[tuple[int, int]], again: bool) -> list[_Group]:
    keys, groups = _Keys(), list[_Group]()
    persons: dict[int, _Group] = {}
    place_in_file: dict[int, int] = defaultdict(int)
    denials: dict[int, list[int]] = defaultdict(list)
    for face, person in denied:
        denials[face].append(person)
    for face in faces:
        place = place_in_file[face.photo]
        place_in_file[face.photo] += 1
        if face.refused and face.person is None:
            continue
        own = {keys.of("not", face.id, person) for person in denials[face.id]}
        own |= _beside(face, place, keys)
        settled = face.person is not None and (face.person in held or not again)
        group = persons.get(face.person) if settled and face.person is not None else None
        if group is None:
            group = _Group([], np.zeros_like(face.vector), set(), face.person if settled else None)
            groups.append(group)
            if group.person is not None:
                persons[group.person] = group
        group.faces.append(face.id)
        group.total = group.total + face.vector
        group.keys |= own
    for person, group in persons.items():
        group.keys |= {keys.of("held")} if person in held else set()
        group.keys |= {keys.of("not", f, p) for f, p in denied if p == person}
    return groups


def _beside(face: Face, place: int, keys: _Keys) -> set[int]:
    """Keys shared with the faces seen at the same time."""
    if face.beside == ALL:
        return {keys.of("photo", face.photo)}
    others = (int(o) for o in face.beside.split(",") if o)
    return {keys.of("video", face.photo, *sorted((place, other))) for other in others}
