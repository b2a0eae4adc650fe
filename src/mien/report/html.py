"""One HTML file that opens offline: no script, no font, no picture from elsewhere, and every name escaped."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from mien.count import counted
from mien.heads import ACTION_UNITS, EXPRESSION, VALENCE_AROUSAL
from mien.report.cast import Member
from mien.report.chart import Drawing, plain, svg
from mien.report.circumplex import circumplex
from mien.report.peaks import Peak
from mien.report.text import called
from mien.report.timeline import clock, timeline
from mien.types import Head, Signal

PHOTOS = 200  # pictures on one page
PEOPLE = 20  # persons with a timeline of their own

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #202124; max-width: 960px; margin: 2em auto; padding: 0 1em;
  overflow-wrap: break-word; }
h1 { font-size: 1.4em; } h2 { font-size: 1.15em; margin: 2em 0 .3em; }
table { border-collapse: collapse; } td, th { padding: .15em .9em .15em 0; text-align: left; }
figure { display: inline-block; margin: 0 .8em .8em 0; vertical-align: top; font-size: .85em; }
figcaption { max-width: 300px; } img { display: block; border-radius: 4px; max-width: 100%; }
svg { max-width: 100%; height: auto; } rect { shape-rendering: crispEdges; }
figure, svg, table { break-inside: avoid; } h2 { break-after: avoid; } .note { color: #5f6368; font-size: .85em; }
"""
_NOTE = (
    "Expressions, valence and arousal say what a face <em>shows</em>, as people label such pictures; they do not say "
    "what the person feels. Action units are probabilities of movements. Treat single frames with caution."
)


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo on the page: its name, its picture as JPEG, and a line for each face."""

    name: str
    jpeg: bytes
    lines: Sequence[str]


def of_video(
    name: str,
    people: Mapping[int, Mapping[Head, Signal]],
    peaks: Mapping[int, Sequence[Peak]],
    facts: Sequence[str],
    cast: Sequence[Member] = (),
) -> str:
    """The page of one video: a timeline, a circumplex and the surest moments of each person, most seen first."""
    known = {m.person: m for m in cast}
    seen = {p: _seen(signals) for p, signals in people.items()}
    order = sorted(people, key=lambda p: -seen[p])[:PEOPLE]
    span = whole_span(people)
    parts = [_paragraph(facts)]
    if not people:
        parts.append("<p>No face was found.</p>")
    for person in order:
        about = known.get(person)
        parts.append(f"<h2>{_safe(called(person, (about and about.name) or ''))}</h2>")
        parts.append(_summary(people[person], seen[person], about))
        parts += [_moment(p) for p in peaks.get(person, ())]
        parts.append(_drawn(timeline(people[person], span)))
        if VALENCE_AROUSAL in people[person]:
            parts.append(_drawn(circumplex(people[person][VALENCE_AROUSAL].values)))
    if len(people) > len(order):
        parts.append(f"<p>{counted(len(people) - len(order), 'more person is', 'more persons are')} in the table.</p>")
    return page(name, parts)


def of_photos(title: str, photos: Iterable[Photo], total: int, facts: Sequence[str]) -> str:
    """The page of some photos with what was read in each."""
    parts, shown = [_paragraph(facts)], 0
    for photo in photos:
        words = "<br>".join(_safe(line) for line in (photo.name, *photo.lines))
        parts.append(f"<figure>{_image(photo.jpeg, 300)}<figcaption>{words}</figcaption></figure>")
        shown += 1
    if shown < total:
        parts.append(f"<p>{counted(total - shown, 'more photo is', 'more photos are')} in the table.</p>")
    return page(title, parts)


def page(title: str, parts: Iterable[str]) -> str:
    """A whole page; it forbids itself to load or run anything."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_safe(title)}</title>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body><h1>{_safe(title)}</h1>\n{chr(10).join(parts)}\n<p class=note>{_NOTE}</p></body></html>\n"
    )


def whole_span(people: Mapping[int, Mapping[Head, Signal]]) -> tuple[float, float]:
    """The first and last second in which anybody was followed."""
    times = [s.times for signals in people.values() for s in signals.values() if len(s)]
    return (min(float(t[0]) for t in times), max(float(t[-1]) for t in times)) if times else (0.0, 0.0)


def _safe(words: str) -> str:
    return escape(plain(words), quote=True)


def _paragraph(lines: Sequence[str]) -> str:
    return f"<p>{'<br>'.join(_safe(line) for line in lines)}</p>"


def _drawn(drawing: Drawing) -> str:
    return f"<div>{svg(drawing)}</div>"


def _image(jpeg: bytes, width: int) -> str:
    return f'<img width="{width}" alt="" src="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}">'


def _moment(peak: Peak) -> str:
    words = f"{_safe(peak.expression)} {100 * peak.probability:.0f} %<br>{clock(round(peak.time, 1))}"
    return f"<figure>{_image(peak.jpeg, 96)}<figcaption>{words}</figcaption></figure>"


def _seen(signals: Mapping[Head, Signal]) -> int:
    return max((int(s.seen.sum()) for s in signals.values()), default=0)


def _about(member: Member) -> Iterator[tuple[str, str]]:
    yield "from, to", f"{clock(member.first)}, {clock(member.last)}"
    if len(member.tracks) > 1:
        yield "tracks joined by their looks", ", ".join(map(str, member.tracks))
    if member.age is not None:
        yield "age, median", f"{member.age:.0f}"
    if member.gender is not None:
        yield "gender, from all frames", member.gender


def _summary(signals: Mapping[Head, Signal], seen: int, about: Member | None) -> str:
    """Means over the frames in which the person was seen."""
    rows = [("frames seen", str(seen)), *(_about(about) if about else ())]
    means = {h: s.values[s.seen].mean(0) for h, s in signals.items() if s.seen.any()}
    if EXPRESSION in means:
        order = np.argsort(-means[EXPRESSION])[:3]
        shares = (f"{EXPRESSION.labels.names[i]} {100 * means[EXPRESSION][i]:.0f} %" for i in order)
        rows.append(("expressions, mean", ", ".join(shares)))
    if VALENCE_AROUSAL in means:
        valence, arousal = means[VALENCE_AROUSAL]
        rows.append(("valence, arousal, mean", f"{valence:+.2f}, {arousal:+.2f}"))
    if ACTION_UNITS in means:
        order = np.argsort(-means[ACTION_UNITS])[:4]
        units = (f"{ACTION_UNITS.labels.names[i]} {means[ACTION_UNITS][i]:.2f}" for i in order)
        rows.append(("strongest action units, mean", ", ".join(units)))
    return "<table>" + "".join(f"<tr><th>{_safe(a)}</th><td>{_safe(b)}</td></tr>" for a, b in rows) + "</table>"
