"""One file per question put to a face; each holds its HEAD, its loss and its metric."""

from __future__ import annotations

import copyreg
import re
from functools import lru_cache

from mien.errors import InputError, unknown
from mien.heads.action_units import HEAD as ACTION_UNITS
from mien.heads.age import HEAD as AGE
from mien.heads.ethnicity import HEAD as ETHNICITY
from mien.heads.expression import HEAD as EXPRESSION
from mien.heads.gender import HEAD as GENDER
from mien.heads.identity import HEAD as IDENTITY
from mien.heads.pose import HEAD as POSE
from mien.heads.valence_arousal import HEAD as VALENCE_AROUSAL
from mien.labels import QUALITY as QUALITY_LABELS
from mien.labels import numbered
from mien.link import same
from mien.types import Head

QUALITY = Head("quality", QUALITY_LABELS, same, len(QUALITY_LABELS))  # measured on pixels, by no network
DEMOGRAPHICS = frozenset({AGE, GENDER, ETHNICITY})
QUESTIONS = {h.name: h for h in (EXPRESSION, VALENCE_AROUSAL, ACTION_UNITS, IDENTITY, AGE, GENDER, ETHNICITY, POSE)}


@lru_cache
def embedding(width: int) -> Head:
    """The head of a network's feature vector of this width; one object per width, so that it can be a key."""
    return Head(f"embedding{width}", numbered("embedding", width), same, width)


def named(name: str) -> Head:
    """The head of this name, as cards write it."""
    if width := re.fullmatch(r"embedding([1-9][0-9]{0,4})", name):  # a card is data from outside: no giant ones
        return embedding(int(width[1]))
    if name not in QUESTIONS:
        raise unknown("head", name, [*QUESTIONS, "embedding<width>"])
    return QUESTIONS[name]


def _received(name: str) -> Head:
    return QUALITY if name == QUALITY.name else named(name)


def _sent(head: Head) -> tuple[object, tuple[object, ...]]:
    """A head goes to other processes by its name, so that it is the same key there; one of your own goes as it is."""
    try:
        ours = _received(head.name) is head
    except InputError:
        ours = False
    return (_received, (head.name,)) if ours else (Head, (head.name, head.labels, head.link, head.width, head.is_class))


copyreg.pickle(Head, _sent)  # type: ignore[arg-type]

__all__ = [
    "ACTION_UNITS",
    "AGE",
    "DEMOGRAPHICS",
    "ETHNICITY",
    "EXPRESSION",
    "GENDER",
    "IDENTITY",
    "POSE",
    "QUALITY",
    "QUESTIONS",
    "VALENCE_AROUSAL",
    "embedding",
    "named",
]
