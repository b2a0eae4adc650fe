"""`mien album`: a folder of photos in, its people and events out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien import options

if TYPE_CHECKING:
    from mien.album.borders import Seen
    from mien.album.store import Photo, Store
    from mien.album.view import Album
    from mien.types import Faces, Frame

FILE, PAGE = "album.sqlite", "album.html"
ACTIONS = {"merge": "WHO WHO...", "split": "WHO PHOTO...", "name": "WHO NAME", "not": "WHO PHOTO..."}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(album)


def album(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Photos and videos, in folders below it or not.")],
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ACTION WHO ...]", help=", ".join(f"{a} {w}" for a, w in ACTIONS.items())),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the store and the page; FOLDER/mien-album.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
    demographics: Annotated[bool, typer.Option("--demographics", help="Also read age and gender.")] = False,
    photos: Annotated[int, typer.Option(min=1, help="Photos that a person must be on to be listed.")] = 3,
    days: Annotated[int, typer.Option(min=1, help="Days on which, where photos tell.")] = 1,
    near: Annotated[float, typer.Option(min=0, max=1, help="Share of the width that makes a face private.")] = 0.05,
    features: Annotated[
        str | None, typer.Option(help="Network of `mien models` that describes pictures: CLIP, an event classifier ….")
    ] = None,
    captions: Annotated[
        bool, typer.Option("--captions", help="Also describe pictures by their captions: p1.txt beside p1.jpg.")
    ] = False,
    learn: Annotated[
        Path | None, typer.Option(help="Folder with a folder of photos per event, to learn where events end.")
    ] = None,
    again: Annotated[bool, typer.Option(help="Form persons anew, except those you named or changed.")] = False,
    forget: Annotated[bool, typer.Option(help="Delete what is known of files that are gone.")] = False,
    max_pixels: options.MaxPixels = None,
    threads: options.Threads = None,
    device: options.Device = "cpu",
) -> None:
    """Who is in a folder of photos and videos, and at which events; nothing leaves this machine.

    Example:  mien album photos/     mien album photos/ name 3 Anna     mien album photos/ merge Anna 7

    Makes FOLDER/mien-album/album.html and remembers all in album.sqlite beside it, so that a later run looks only at
    new photos and keeps every name. A person is meant by number or name, a photo by its path below FOLDER. A file that
    cannot be read is named on standard error, the others are done, and the exit code is 2.
    """
    from mien.album import borders, index, people
    from mien.album.borders import Seen
    from mien.album.store import Store
    from mien.album.view import Wanted, view
    from mien.io.lock import alone
    from mien.io.whole import folder as made

    paths = [] if words else index.listed(folder)
    place = out or folder / "mien-album"
    if words and not (place / FILE).exists():
        first = f"mien album {folder}" + (f" --out {out}" if out else "")
        raise typer.BadParameter(f"{place} holds no album yet; run: {first}", param_hint="ACTION")
    code = 0
    with alone(made(place)), Store(place / FILE) as store:
        if words:
            _act(store, words)
        else:
            code = _index(
                folder, paths, store, _How(demographics, max_pixels, threads, device, Seen(features, captions, learn))
            )
            if forget:
                store.forget()
        people.settle(store, again=again)
        seen = view(store, Wanted(photos, days, near, borders.rule(store)))
        _page(folder, place / PAGE, store, seen, max_pixels)
        print(json.dumps(_object(seen, store)) if as_json else _told(seen, place / PAGE))
    raise typer.Exit(code)


@dataclass(frozen=True, slots=True)
class _How:
    """How files are looked at."""

    demographics: bool
    limit: int | None
    threads: int | None
    device: str
    events: Seen


def _index(folder: Path, paths: Sequence[Path], store: Store, how: _How) -> int:
    from mien.album import borders, index
    from mien.io import photo
    from mien.progress import Progress
    from mien.report.chart import plain

    see = options.perceiver(how.demographics, 0.0, how.threads, how.device)
    store.agree({"networks": _networks(see), "demographics": str(how.demographics)})
    limit = how.limit or photo.LIMIT
    look = index.Looker(see, borders.description(store, how.events, how.device, how.threads), limit=limit)
    if how.events.known:
        borders.learn(store, how.events.known, look.describe, limit)
    borders.rule(store)  # which says what is missing before thousands of photos are looked at
    with Progress(len(paths), "files") as progress:
        outcome = index.index(folder, paths, store, look, progress.step)
    for line in index.failures(outcome):
        print(f"mien: {plain(line)}", file=sys.stderr)
    return 2 if outcome.failed else 0


def _networks(see: Callable[[Frame], Faces]) -> str:
    """Which networks made the vectors, to the byte: those of another training of the same name do not compare."""
    from mien.perceive import Perceiver

    models = see.models if isinstance(see, Perceiver) else ()
    return " ".join(f"{m.card.name}@{m.card.hash.removeprefix('sha256:')[:12]}" for m in models)


def _act(store: Store, words: Sequence[str]) -> None:
    """Do what the words say."""
    from mien.album import edits
    from mien.errors import unknown

    action, *rest = words
    if action not in ACTIONS:
        raise unknown("action", action, ACTIONS)
    if len(rest) < 2:
        raise typer.BadParameter(f"wanted: mien album FOLDER {action} {ACTIONS[action]}", param_hint="ACTION")
    who = edits.find(store, rest[0])
    if action == "merge":
        edits.merge(store, who, [edits.find(store, other) for other in rest[1:]])
    elif action == "name":
        edits.name(store, who, " ".join(rest[1:]))
    elif action == "split":
        new = edits.split(store, who, rest[1:])
        print(f"mien: these faces are person {new} now", file=sys.stderr)
    else:
        edits.deny(store, who, rest[1:])


def _page(folder: Path, path: Path, store: Store, seen: Album, limit: int | None) -> None:
    from mien.io.whole import whole
    from mien.report.album import of_album

    page = of_album(folder.resolve().name, seen, store.picture, _cover(folder, limit), [_counts(seen)])
    with whole(path) as part:
        part.write_text(page, encoding="utf-8")


def _cover(folder: Path, limit: int | None) -> Callable[[Photo], bytes | None]:
    from mien.errors import MienError
    from mien.io import photo
    from mien.io.folder import VIDEOS
    from mien.report.peaks import jpeg

    def small(of: Photo) -> bytes | None:
        path = folder / of.path
        if path.suffix.lower() in VIDEOS:
            return None
        try:
            return jpeg(photo.read(path, limit=limit or photo.LIMIT).pixels, 400)
        except MienError:  # it went, or changed, since it was looked at
            return None

    return small


def _object(seen: Album, store: Store) -> dict[str, object]:
    """The one object of --json; what was not asked for or is not known is null."""
    from mien.album.view import shown

    return {
        "people": [
            {
                "name": shown(p),
                "id": p.id,
                "photos": [photo.path for photo in p.photos],
                "birth_year": p.birth_year,
                "gender": p.gender,
            }
            for p in seen.people
        ],
        "events": [{"label": e.label, "photos": [p.path for p in e.photos]} for e in seen.events],
        "private": [p.path for p in seen.private],
        "public": [p.path for p in seen.public],
        "failed": [{"photo": p.path, "reason": p.error} for p in store.photos() if p.error],
    }


def _counts(seen: Album) -> str:
    from mien.count import counted

    photos = len(seen.private) + len(seen.public)
    faces = counted(sum(len(p.faces) for p in seen.people), "face")
    return (
        f"{counted(photos, 'photo or video', 'photos and videos')}, {counted(len(seen.people), 'person', 'people')} "
        f"with {faces}, {counted(seen.unsettled, 'other face')}, {counted(len(seen.events), 'event')}, "
        f"{len(seen.private)} private and {len(seen.public)} public"
    )


def _told(seen: Album, page: Path) -> str:
    from mien.album.view import shown
    from mien.count import counted
    from mien.report.chart import plain

    lines = [_counts(seen)]
    for person in seen.people:
        more = [f"born about {person.birth_year}"] if person.birth_year is not None else []
        more += [person.gender] if person.gender else []
        photos = counted(len(person.photos), "photo")
        lines.append(f"  {person.id}  {plain(shown(person))}  {photos}  {'  '.join(more)}".rstrip())
    return "\n".join([*lines, f"see {plain(str(page))}"])
