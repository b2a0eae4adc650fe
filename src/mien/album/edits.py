"""What the user says about persons. Each is one transaction, and no later run takes it back."""

from __future__ import annotations

from collections.abc import Sequence

from mien.album.store import Face, Store
from mien.errors import InputError, unknown


def find(store: Store, who: str) -> int:
    """A person by number or name; a name that several persons have is no answer."""
    names = store.names()
    if who.isdecimal() and int(who) in names:
        return int(who)
    found = [person for person, name in names.items() if name == who]
    if len(found) > 1:
        numbers = ", ".join(map(str, found))
        raise InputError(f"{len(found)} persons are named {who!r}: {numbers}; say which by its number, or merge them")
    if not found:
        raise unknown("person", who, [*(n for n in names.values() if n), *map(str, names)])
    return found[0]


def name(store: Store, person: int, words: str) -> None:
    """Give a person a name; two may have the same one, they stay two."""
    words = words.strip()
    if not words or words.isdecimal():
        raise InputError(f"a name must hold more than digits, got {words!r}: numbers stand for persons")
    with store.transaction() as base:
        base.execute("UPDATE person SET name = ?, held = 1 WHERE id = ?", (words, person))


def merge(store: Store, into: int, others: Sequence[int]) -> None:
    """All these persons are the first; it keeps its name, or takes the first name among them."""
    if into in others or not others:
        raise InputError("merge wants two or more persons, each once: mien album FOLDER merge 3 7")
    names = store.names()
    named = next((names[p] for p in (into, *others) if names[p]), "")
    with store.transaction() as base:
        for other in others:
            base.execute("UPDATE face SET person = ? WHERE person = ?", (into, other))
            base.execute("UPDATE OR IGNORE denied SET person = ? WHERE person = ?", (into, other))
            base.execute("DELETE FROM person WHERE id = ?", (other,))
        base.execute("UPDATE person SET name = ?, held = 1 WHERE id = ?", (named, into))
        mine = "SELECT id FROM face WHERE person = ?"
        base.execute(f"DELETE FROM denied WHERE person = ? AND face IN ({mine})", (into, into))


def split(store: Store, person: int, photos: Sequence[str]) -> int:
    """The person's faces in these photos are somebody else, whose number is returned."""
    faces = _faces(store, person, photos)
    if len(faces) == sum(f.person == person for f in store.faces()):
        raise InputError(f"these are all faces of person {person}; name the photos of one of the two people in it")
    with store.transaction() as base:
        new = base.execute("INSERT INTO person (held) VALUES (1)").lastrowid
        base.execute("UPDATE person SET held = 1 WHERE id = ?", (person,))
        base.executemany("UPDATE face SET person = ? WHERE id = ?", [(new, f.id) for f in faces])
    assert new is not None, "an INSERT gives a row"
    return new


def deny(store: Store, person: int, photos: Sequence[str]) -> None:
    """The faces taken for this person in these photos are not theirs; whose they are is left open."""
    faces = _faces(store, person, photos)
    with store.transaction() as base:
        base.execute("UPDATE person SET held = 1 WHERE id = ?", (person,))
        base.executemany("UPDATE face SET person = NULL WHERE id = ?", [(f.id,) for f in faces])
        base.executemany("INSERT OR IGNORE INTO denied VALUES (?, ?)", [(f.id, person) for f in faces])


def _faces(store: Store, person: int, photos: Sequence[str]) -> list[Face]:
    """The person's faces in each of these photos, which must all hold one."""
    numbers = {p.path: p.id for p in store.photos(scenes=False)}
    found: list[Face] = []
    for photo in photos:
        if photo not in numbers:
            raise unknown("photo in the album", photo, numbers)
        own = [f for f in store.faces() if f.person == person and f.photo == numbers[photo]]
        if not own:
            raise InputError(f"person {person} is not in {photo}")
        found += own
    if not found:
        raise InputError(f"name the photos: mien album FOLDER split {person} PHOTO...")
    return found
