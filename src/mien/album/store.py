"""The album's memory: one SQLite file. What a transaction confirmed is there after any kill; the rest never was."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

import numpy as np

from mien.errors import InputError
from mien.io.whole import refused
from mien.types import Floats

VERSION = 1
ALL = "*"
_TABLES = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE photo (
  id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, changed INTEGER NOT NULL,
  digest TEXT NOT NULL, taken REAL, scene BLOB, error TEXT NOT NULL, absent INTEGER NOT NULL DEFAULT 0);
CREATE INDEX photo_digest ON photo (digest);
CREATE TABLE person (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL DEFAULT '', held INTEGER NOT NULL DEFAULT 0);
CREATE TABLE face (
  id INTEGER PRIMARY KEY, photo INTEGER NOT NULL REFERENCES photo ON DELETE CASCADE,
  person INTEGER REFERENCES person, moment REAL NOT NULL, until REAL NOT NULL,
  x REAL NOT NULL, y REAL NOT NULL, w REAL NOT NULL, h REAL NOT NULL, share REAL NOT NULL, frames INTEGER NOT NULL,
  beside TEXT NOT NULL,
  refused TEXT NOT NULL, vector BLOB NOT NULL, age REAL, male REAL, expression TEXT NOT NULL, picture BLOB NOT NULL);
CREATE INDEX face_photo ON face (photo);
CREATE INDEX face_person ON face (person);
CREATE TABLE denied (
  face INTEGER NOT NULL REFERENCES face ON DELETE CASCADE, person INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
  PRIMARY KEY (face, person));
"""


@dataclass(frozen=True, slots=True)
class Photo:
    """One file: what it was when it was looked at, when it was taken, and why it could not be read, if so."""

    path: str  # below the album's folder, with /
    size: int
    changed: int  # nanoseconds
    digest: str
    taken: float | None  # seconds since 1970 by the clock on the wall there; None where the file does not tell
    scene: Floats | None  # what the whole picture looks like
    error: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Face:
    """One face of a photo, or one track of a video; `refused` says why it is too poor to tell who it is."""

    box: tuple[float, float, float, float]
    share: float  # of the picture's width
    vector: Floats
    refused: str = ""
    age: float | None = None
    male: float | None = None  # probability
    expression: str = ""
    picture: bytes = b""  # JPEG
    moment: float = 0.0  # seconds into a video, first and last
    until: float = 0.0
    frames: int = 1
    beside: str = ALL  # which faces of the same file were seen at the same time: ALL, or their places in it: "0,2"
    photo: int = 0
    person: int | None = None
    id: int = 0


class Store:
    """Use as a context. Every writing method is one transaction."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._base = sqlite3.connect(path, isolation_level=None, timeout=30)
            self._base.execute("PRAGMA foreign_keys = ON")
            self._base.execute("PRAGMA secure_delete = ON")  # what is forgotten leaves the file, too
            self._base.execute("PRAGMA synchronous = FULL")  # confirmed means on the disk
            self._open()
        except sqlite3.Error as error:
            raise self._refused(error) from error

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._base.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is written inside, or nothing."""
        try:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield self._base
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._refused(error) from error

    def agree(self, settings: dict[str, str]) -> None:
        """Remember what the faces' vectors depend on; refuse to mix those of two networks."""
        with self.transaction() as base:
            old = dict(base.execute("SELECT name, value FROM setting"))
            for name, value in settings.items():
                if old.setdefault(name, value) != value:
                    raise InputError(
                        f"{self.path} was made with {name}={old[name]}, now it is {value}; "
                        "choose another folder with --out, or delete the file to start over"
                    )
            base.executemany("INSERT OR IGNORE INTO setting VALUES (?, ?)", settings.items())

    def put(self, name: str, value: str) -> None:
        """Remember one setting, whatever it was before."""
        with self.transaction() as base:
            base.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

    def setting(self, name: str) -> str | None:
        """What was remembered under a name."""
        found = self._ask("SELECT value FROM setting WHERE name = ?", (name,))
        return found[0][0] if found else None

    def add(self, photo: Photo, faces: Iterable[Face]) -> None:
        """One file with its faces, in place of what was known of that path."""
        scene = None if photo.scene is None else photo.scene.astype("<f4").tobytes()
        with self.transaction() as base:
            base.execute("DELETE FROM photo WHERE path = ?", (photo.path,))
            row = (photo.path, photo.size, photo.changed, photo.digest, photo.taken, scene, photo.error)
            wanted = "INSERT INTO photo (path, size, changed, digest, taken, scene, error) VALUES (?, ?, ?, ?, ?, ?, ?)"
            number = base.execute(wanted, row).lastrowid
            base.executemany(
                "INSERT INTO face (photo, moment, until, x, y, w, h, share, frames, beside, refused, vector, age,"
                " male, expression, picture) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(number, *_written(face)) for face in faces],
            )

    def photos(self, *, absent: bool = False, scenes: bool = True) -> list[Photo]:
        """Every file that is there, or every one that is gone, by number; scenes are most of what that holds."""
        columns = f"path, size, changed, digest, taken, {'scene' if scenes else 'NULL'}, error, id"
        rows = self._ask(f"SELECT {columns} FROM photo WHERE absent = ? ORDER BY id", (absent,))
        return [
            Photo(path, size, changed, digest, taken, None if scene is None else np.frombuffer(scene, "<f4"), error, i)
            for path, size, changed, digest, taken, scene, error, i in rows
        ]

    def faces(self) -> list[Face]:
        """Every face of the files that are there, by number, without pictures: those are large, and few are shown."""
        rows = self._ask(
            "SELECT x, y, w, h, share, vector, refused, age, male, expression, x'', moment, until, frames, beside,"
            " photo, person, face.id FROM face JOIN photo ON photo.id = photo WHERE NOT absent ORDER BY face.id"
        )
        return [Face((r[0], r[1], r[2], r[3]), r[4], np.frombuffer(r[5], "<f4"), *r[6:]) for r in rows]

    def picture(self, face: int) -> bytes:
        """One face's picture."""
        return self._ask("SELECT picture FROM face WHERE id = ?", (face,))[0][0]

    def names(self) -> dict[int, str]:
        """Every person's name, empty where nobody gave one."""
        return dict(self._ask("SELECT id, name FROM person ORDER BY id"))

    def held(self) -> set[int]:
        """The persons whom the user shaped: they are never joined to each other by likeness."""
        return {row[0] for row in self._ask("SELECT id FROM person WHERE held")}

    def denied(self) -> set[tuple[int, int]]:
        """(face, person): what the user said is not so."""
        return set(self._ask("SELECT face, person FROM denied"))

    def keep(self, was: str, now: Photo) -> None:
        """The same content, wherever it lies now: all that is known of it stays with it."""
        with self.transaction() as base:
            if now.path != was:
                base.execute("DELETE FROM photo WHERE path = ?", (now.path,))
            base.execute(
                "UPDATE photo SET path = ?, size = ?, changed = ?, absent = 0 WHERE path = ?",
                (now.path, now.size, now.changed, was),
            )

    def date(self, path: str, taken: float) -> None:
        """When a file was taken, learnt after it was looked at."""
        with self.transaction() as base:
            base.execute("UPDATE photo SET taken = ? WHERE path = ?", (taken, path))

    def part(self, replaced: Iterable[Photo]) -> list[Photo]:
        """Files with other content now: what was known goes away, to paths that no file has, and makes room for it."""
        parted = [replace(p, path=f"{p.path}/{p.digest}") for p in replaced]
        with self.transaction() as base:
            rows = [(p.path, p.id) for p in parted]
            base.executemany("UPDATE OR REPLACE photo SET path = ?, absent = 1 WHERE id = ?", rows)
        return parted

    def drop(self, paths: Iterable[str]) -> None:
        """Delete for good what is known of these."""
        with self.transaction() as base:
            base.executemany("DELETE FROM photo WHERE path = ?", [(p,) for p in paths])

    def leave(self, gone: Iterable[str]) -> None:
        """Files that are no longer there: they show nowhere, and are known again when they return."""
        with self.transaction() as base:
            base.executemany("UPDATE photo SET absent = 1 WHERE path = ?", [(p,) for p in gone])

    def forget(self) -> int:
        """Delete for good what is known of files that are gone; how many those were."""
        with self.transaction() as base:
            return base.execute("DELETE FROM photo WHERE absent = 1").rowcount

    def _ask(self, question: str, given: tuple[int | str, ...] = ()) -> list[tuple]:
        try:
            return self._base.execute(question, given).fetchall()
        except sqlite3.Error as error:
            raise self._refused(error) from error

    def _open(self) -> None:
        version = self._base.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, VERSION):
            raise InputError(f"{self.path} is an album of version {version}, this program reads {VERSION}; update mien")
        if version == 0:
            with self.transaction() as base:
                if base.execute("PRAGMA user_version").fetchone()[0] == 0:  # nobody was quicker
                    for statement in _TABLES.split(";\n"):
                        base.execute(statement)
                    base.execute(f"PRAGMA user_version = {VERSION}")

    def _refused(self, error: sqlite3.Error) -> InputError:
        words = str(error)
        if isinstance(error, sqlite3.OperationalError) and ("unable to open" in words or "readonly" in words):
            return refused(self.path, OSError(13, "the folder is read-only"))
        if "not a database" in words or "malformed" in words:
            return InputError(f"{self.path} is no album of mien ({words}); move it away to start over")
        if "disk" in words or "full" in words:
            return refused(self.path, OSError(28, words))
        return InputError(f"{self.path}: {words}")


def _written(face: Face) -> tuple[float | int | str | bytes | None, ...]:
    return (
        face.moment, face.until, *map(float, face.box), face.share, face.frames, face.beside, face.refused,
        face.vector.astype("<f4").tobytes(), face.age, face.male, face.expression, face.picture,
    )  # fmt: skip
