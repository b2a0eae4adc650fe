"""What is said of each person of a video: who they are, when they were seen, and with demographics how old."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from mien.album import fusion
from mien.heads import AGE, GENDER
from mien.identity.cast import People
from mien.types import Head, Signal


@dataclass(frozen=True, slots=True)
class Member:
    """One person; `tracks` are the unbroken runs that were joined into them, by their numbers while the video ran."""

    person: int
    name: str | None
    tracks: tuple[int, ...]
    frames: int
    first: float  # seconds
    last: float
    age: float | None
    gender: str | None


def members(people: People, signals: Mapping[int, Mapping[Head, Signal]]) -> list[Member]:
    """Everybody, by number; age is the median over all frames, gender what their geometric mean says."""
    return [_member(people, person, own) for person, own in signals.items() if own]


def written(cast: list[Member]) -> str:
    """The members as JSON."""
    return json.dumps([asdict(m) for m in cast], indent=2, ensure_ascii=False) + "\n"


def _member(people: People, person: int, signals: Mapping[Head, Signal]) -> Member:
    longest = max(signals.values(), key=lambda s: int(s.seen.sum()))
    times = longest.times[longest.seen]
    age, male = _known(signals, AGE, "age"), _known(signals, GENDER, "male")
    return Member(
        person,
        people.names.get(person),
        tuple(people.tracks(person)),
        len(times),
        round(float(times[0]), 3),
        round(float(times[-1]), 3),
        round(float(np.median(age)), 1) if age else None,
        fusion.gender(male),
    )


def _known(signals: Mapping[Head, Signal], head: Head, column: str) -> list[float]:
    """A person's answers in the frames where they were seen; none where nobody asked."""
    if head not in signals:
        return []
    values = signals[head][column][signals[head].seen]
    return values[np.isfinite(values)].tolist()
