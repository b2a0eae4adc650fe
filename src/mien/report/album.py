"""The page of an album: a wall of people, what each showed over time, events with their covers, and what is private."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from html import escape

from mien.album.exif import year
from mien.album.store import Face, Photo
from mien.album.view import Album, Event, Person, shown
from mien.count import counted
from mien.report.chart import EXPRESSION_COLOURS, FAINT, INK, Box, Drawing, Line, Shape, Text, plain, svg
from mien.report.html import page

PEOPLE, EVENTS, NAMES = 60, 100, 200  # on one page
WIDTH, HEIGHT, LEFT = 900.0, 120.0, 60.0

Picture = Callable[[int], bytes]  # face number → JPEG
Cover = Callable[[Photo], "bytes | None"]  # photo → small JPEG, None where it cannot be read


def of_album(title: str, album: Album, picture: Picture, cover: Cover, facts: Sequence[str]) -> str:
    """The whole page."""
    parts = [f"<p>{'<br>'.join(map(_safe, facts))}</p>", "<h2>People</h2>", _wall(album.people[:PEOPLE], picture)]
    parts.append(_more(album.people, PEOPLE))
    for person in album.people[:PEOPLE]:
        parts += [f"<h2>{_safe(shown(person))}</h2>", f"<p>{_safe(_about(person))}</p>", svg(timeline(person))]
    parts.append("<h2>Events</h2>")
    parts += [*(_event(event, cover) for event in album.events[:EVENTS]), _more(album.events, EVENTS)]
    for name, photos in (("Private photos", album.private), ("Public photos", album.public)):
        parts += [f"<h2>{name}</h2>", _list(photos)]
    return page(title, parts)


def timeline(person: Person) -> Drawing:
    """A mark per face over the time it was taken: its height the age where that was read, its colour the expression."""
    times = {p.id: p.taken for p in person.photos}
    dated = sorted(((t, f) for f in person.faces if (t := times[f.photo]) is not None), key=lambda pair: pair[0])
    ages = [f.age for _, f in dated if f.age is not None]
    shapes: list[Shape] = [Line(((LEFT, HEIGHT), (WIDTH, HEIGHT)), FAINT, 1)]
    if not dated:
        return Drawing(WIDTH, 30, (Text(0, 18, "no photo of this person tells when it was taken"),))
    first, last = year(dated[0][0]), year(dated[-1][0])
    low, high = (min(ages) - 2, max(ages) + 2) if ages else (0.0, 1.0)
    for when, face in dated:
        across = LEFT + (WIDTH - LEFT - 10) * (year(when) - first) / max(last - first, 1e-9)
        down = HEIGHT - 14 - (HEIGHT - 30) * ((face.age - low) / (high - low) if face.age is not None else 0.0)
        shapes.append(Box(across, down, 8, 8, EXPRESSION_COLOURS.get(face.expression, INK)))
    shapes += [Text(LEFT, HEIGHT + 16, f"{int(first)}", 11), Text(WIDTH, HEIGHT + 16, f"{int(last)}", 11, INK, "end")]
    if ages:
        shapes += [Text(LEFT - 8, HEIGHT - 8, f"age {low:.0f}", 11, INK, "end")]
        shapes += [Text(LEFT - 8, 22, f"{high:.0f}", 11, INK, "end")]
    used = list(dict.fromkeys(f.expression for _, f in dated if f.expression))
    for i, name in enumerate(used):
        shapes += [Box(LEFT + 95 * i, HEIGHT + 26, 9, 9, EXPRESSION_COLOURS.get(name, INK))]
        shapes += [Text(LEFT + 95 * i + 13, HEIGHT + 34, name, 10)]
    return Drawing(WIDTH, HEIGHT + 42, tuple(shapes))


def _wall(people: Sequence[Person], picture: Picture) -> str:
    if not people:
        return "<p>Nobody is on enough photos yet.</p>"
    return "".join(
        f"<figure>{_image(picture(_best(p.faces).id), 112)}<figcaption>{_safe(shown(p))}<br>"
        f"{counted(len(p.photos), 'photo')}</figcaption></figure>"
        for p in people
    )


def _best(faces: Sequence[Face]) -> Face:
    """A good face, as large as can be."""
    return max(faces, key=lambda f: (not f.refused, f.box[2]))


def _about(person: Person) -> str:
    parts = [f"number {person.id}", counted(len(person.photos), "photo")]
    parts += [f"born about {person.birth_year}"] if person.birth_year is not None else []
    parts += [person.gender] if person.gender else []
    return ", ".join(parts)


def _event(event: Event, cover: Cover) -> str:
    small = cover(event.cover)
    image, photos = _image(small, 200) if small else "", counted(len(event.photos), "photo")
    return f"<figure>{image}<figcaption>{_safe(event.label)}<br>{photos}</figcaption></figure>"


def _list(photos: Sequence[Photo]) -> str:
    names = "<br>".join(_safe(p.path) for p in photos[:NAMES])
    return f"<p class=note>{names or 'none'}</p>{_more(photos, NAMES)}"


def _more(every: Sequence[object], limit: int) -> str:
    """How many the page leaves out, if any."""
    return f"<p class=note>and {len(every) - limit} more, which --json lists</p>" if len(every) > limit else ""


def _image(jpeg: bytes, width: int) -> str:
    return f'<img width="{width}" alt="" src="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}">'


def _safe(words: str) -> str:
    return escape(plain(words), quote=True)
