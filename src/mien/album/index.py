"""Every file of a folder looked at once: what a later run finds unchanged, or only moved, it does not look at again."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

import numpy as np

from mien.album import exif, scene
from mien.album.store import Face, Photo, Store
from mien.card import Input
from mien.errors import InputError, MienError, Unreadable
from mien.geometry import crop
from mien.heads import AGE, EXPRESSION, GENDER, IDENTITY
from mien.identity import descriptor
from mien.identity.cast import LOOKS
from mien.identity.gate import Gate
from mien.io import folder, photo
from mien.io.video import Damaged, Video
from mien.io.whole import Unwritable
from mien.quality import measure
from mien.stream import Watch
from mien.types import Face as Seen
from mien.types import Faces, Floats, Frame, Pixels

See: TypeAlias = Callable[[Frame], Faces]
THUMBNAIL = Input(size=112, crop="square", margin=0.2)
EVERY = 5  # frames of a video, as published
DATED = "videos dated after"  # the number of the last file that was looked at before videos' dates were read


@dataclass(frozen=True, slots=True)
class Looker:
    """What looks at files: the networks, the description of whole pictures, and what faces must be like."""

    see: See
    describe: scene.Describe = scene.plain
    gate: Gate = field(default_factory=Gate)
    limit: int = photo.LIMIT
    every: int = EVERY

    def photo(self, path: Path) -> tuple[Floats, list[Face]]:
        """What a photo looks like, and its faces."""
        faces = measure(self.see(photo.read(path, limit=self.limit)))
        return self.describe(faces.frame), [_face(f, self.gate.reason(f)) for f in faces]

    def video(self, path: Path) -> tuple[Floats | None, list[Face], str]:
        """What the first frame looks like, a face per person followed, and what of the file was damaged, if any."""
        tracks: dict[int, _Track] = {}
        looks, damage = None, ""
        try:
            for faces in Watch(Video(path, self.every, limit=self.limit), lambda frame: measure(self.see(frame))):
                looks = self.describe(faces.frame) if looks is None else looks
                for face in faces:
                    if face.person is not None:
                        tracks.setdefault(face.person, _Track()).add(face, self.gate.reason(face), faces)
        except Damaged as error:
            damage = error.reason
        places = {person: i for i, person in enumerate(tracks)}
        return looks, [track.face(places) for track in tracks.values()], damage


@dataclass(slots=True)
class Outcome:
    """How a run went."""

    looked: int = 0
    faces: int = 0
    unchanged: int = 0
    moved: int = 0
    gone: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)


def listed(album: Path) -> list[Path]:
    """Photos and videos of the album, photos first; an empty folder is an error, as it is more often one unmounted."""
    if not folder.is_folder(album):
        raise InputError(f"{album} is not a folder that can be reached; name the folder that holds the photos")
    found = [*folder.photos(album), *folder.videos(album)]
    if not found:
        raise InputError(f"{album} holds no photo or video; name another folder")
    return found


def index(
    album: Path, paths: Sequence[Path], store: Store, look: Looker, step: Callable[[], None] = lambda: None
) -> Outcome:
    """Bring the store up to date with these files; each is one transaction, so that a kill loses at most one look.

    A file that cannot be read is remembered with its reason, and tried again; a damaged video when it has changed.
    """
    outcome = Outcome()
    here = {path.relative_to(album).as_posix(): path for path in paths}
    before, away = store.photos(scenes=False), store.photos(absent=True, scenes=False)
    if store.setting(DATED) is None:
        store.put(DATED, str(max((p.id for p in (*before, *away)), default=0)))
    known, gone = {p.path: p for p in (*before, *away) if p.digest}, {p.path for p in away}
    now = {name: _stamped(name, here[name], old) for name, old in known.items() if name in here}
    # where other content took a file's place, the file may lie elsewhere: it must not be overwritten before it is found
    replaced = store.part(known[name] for name, new in now.items() if new.digest not in ("", known[name].digest))
    moved: dict[str, list[Photo]] = defaultdict(list)
    for old in (*replaced, *(p for p in known.values() if p.path not in here)):
        moved[old.digest].append(old)
    for name, path in here.items():
        step()
        if plain_name(name) != name:
            outcome.failed.append((plain_name(name), "its name is no valid Unicode; rename the file"))
            continue
        was, new = known.get(name), now.get(name) or _stamped(name, path)
        if was and not new.digest:
            outcome.failed.append(
                (name, "it cannot be opened, what is known of it stays; check its drive and its rights")
            )
        elif was and was.digest == new.digest:  # also after a copy, which changes only the date
            if name in gone or (was.size, was.changed) != (new.size, new.changed):
                store.keep(name, new)
            outcome.unchanged += 1
            outcome.failed += [(name, was.error)] if was.error else []
        elif moved[new.digest]:
            was = moved[new.digest].pop(0)
            store.keep(was.path, new)
            outcome.moved += 1
            outcome.failed += [(name, was.error)] if was.error else []
        else:
            _look(path, new, store, look, outcome)
    store.drop(p.path for p in replaced if p in moved[p.digest])
    _date(store, here)
    shown = {p.path for p in store.photos(scenes=False)}
    missing = [p.path for p in before if p.path not in here and p.path in shown]
    store.leave(missing)
    outcome.gone = len(missing)
    return outcome


def _date(store: Store, here: Mapping[str, Path]) -> None:
    """Videos that were looked at before their dates were read get them now, with no other look at them."""
    last = int(store.setting(DATED) or 0)
    for old in store.photos(scenes=False) if last else ():
        undated = old.id <= last and old.taken is None and old.digest
        if undated and old.path in here and _moving(here[old.path]) and (when := exif.filmed(here[old.path])):
            store.date(old.path, when)


def _moving(path: Path) -> bool:
    return path.suffix.lower() in folder.VIDEOS


def _look(path: Path, new: Photo, store: Store, look: Looker, outcome: Outcome) -> None:
    try:
        if _moving(path):
            scene_, faces, damage = look.video(path)
            new = replace(new, scene=scene_, error=damage, taken=exif.filmed(path))
        else:
            scene_, faces = look.photo(path)
            new = replace(new, scene=scene_, taken=exif.taken(path))
    except Unwritable:
        raise
    except (MienError, OSError) as error:
        faces = []
        reason = error.reason if isinstance(error, Unreadable) else str(error)
        # without a digest it is tried again: the user may do what the reason says, and the file stays as it is
        new = replace(new, error=reason, digest="")
    outcome.failed += [(new.path, new.error)] if new.error else []
    store.add(new, faces)
    outcome.looked, outcome.faces = outcome.looked + 1, outcome.faces + len(faces)


def _face(seen: Seen, reason: str) -> Face:
    known = seen.faces.readings
    return Face(
        box=seen.box,
        share=seen.box[2] / seen.faces.frame.size[0],
        vector=seen[IDENTITY].values,
        refused=reason,
        age=float(seen[AGE].values[0]) if AGE in known else None,
        male=float(seen[GENDER]["male"]) if GENDER in known else None,
        expression=str(seen[EXPRESSION].top()) if EXPRESSION in known else "",
        picture=_jpeg(crop(seen.faces.frame.pixels, seen.faces.boxes[seen.index], seen.points, THUMBNAIL)),
    )


class _Track:
    """One person of a video, look by look: vectors of good faces, numbers of all, and the largest good picture."""

    def __init__(self) -> None:
        self._good: list[Face] = []
        self._best: Face | None = None
        self._times: list[float] = []
        self._beside: set[int] = set()
        self._reason = ""

    def add(self, seen: Seen, reason: str, together: Faces) -> None:
        self._times.append(together.frame.time)
        self._beside |= {f.person for f in together if f.person is not None} - {seen.person}
        face = _face(seen, reason)
        larger = self._best is None or (not reason, face.share) > (not self._best.refused, self._best.share)
        self._best = face if larger else self._best
        if reason:
            self._reason = reason
        else:
            self._good.append(replace(face, picture=b""))

    def face(self, places: dict[int, int]) -> Face:
        """What is known of the whole track."""
        assert self._best is not None, "a track begins with a face"
        few = f"too few looks: {len(self._good)}, {LOOKS} are needed" + (f" ({self._reason})" if self._reason else "")
        good = self._good or [self._best]
        ages, male = [f.age for f in good if f.age is not None], [f.male for f in good if f.male is not None]
        return replace(
            self._best,
            vector=descriptor.mean(np.stack([f.vector for f in good])),
            refused="" if len(self._good) >= LOOKS else few,
            age=float(np.median(ages)) if ages else None,
            male=float(np.median(male)) if male else None,
            expression=Counter(f.expression for f in good).most_common(1)[0][0],
            moment=min(self._times),
            until=max(self._times),
            frames=len(self._times),
            beside=",".join(str(places[p]) for p in sorted(self._beside)),
        )


def plain_name(name: str) -> str:
    """A name in Unicode, with the bytes that are none escaped."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def _stamped(name: str, path: Path, old: Photo | None = None) -> Photo:
    """The file as it is now, read only where size or date are not those of before; no digest if it cannot be opened."""
    try:
        state = path.stat()
        stamp = state.st_size, state.st_mtime_ns
        digest = old.digest if old and stamp == (old.size, old.changed) else _digest(path)
    except OSError:  # reading it will say why
        return Photo(name, -1, -1, "", None, None)
    return Photo(name, *stamp, digest, None, None)


def _digest(path: Path) -> str:
    total = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            total.update(block)
    return total.hexdigest()


def _jpeg(pixels: Pixels) -> bytes:
    from PIL import Image

    out = BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=85)
    return out.getvalue()


def failures(outcome: Outcome) -> Iterator[str]:
    """A line for each file that could not be read."""
    return (f"reading {path} failed: {reason}" for path, reason in outcome.failed)
