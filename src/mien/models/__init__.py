"""A card, its weights and an engine make a Model: Faces → Faces with the card's heads answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from types import MappingProxyType

import numpy as np

from mien.card import Card, Output
from mien.errors import ModelError
from mien.geometry import crop, normalise
from mien.heads import named
from mien.runtime import Runtime
from mien.types import Faces, Floats, Head, Labels, Pixels, Reading

BATCH = 16  # on a CPU more at once gain nothing, and the numbers of a large network then fall out of its cache


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Answers its heads for faces; `heads` narrows the card's heads, for instance to leave demographics out."""

    card: Card
    runtime: Runtime
    heads: frozenset[Head]

    def __call__(self, faces: Faces) -> Faces:
        """The same faces with this model's answers."""
        pixels, how = faces.frame.pixels, self.card.input
        crops = (crop(pixels, box, points, how) for box, points in zip(faces.boxes, faces.points, strict=True))
        return replace(faces, readings=MappingProxyType({**faces.readings, **self.answers(crops)}))

    def answers(self, crops: Iterable[Pixels]) -> Mapping[Head, Reading]:
        """Readings of crops already of the card's input size; one batch of them at a time is asked for and held."""
        wanted = [o for o in self.card.outputs if named(o.head) in self.heads]
        parts: dict[str, list[Floats]] = {o.head: [np.zeros((0, o.stop - o.start), np.float32)] for o in wanted}
        for chunk in _chunks(crops):
            raw = self.runtime.run(normalise(chunk, self.card.input))
            for o in wanted:
                parts[o.head].append(_columns(raw, o))
        return {named(o.head): _read(o, np.concatenate(parts[o.head])) for o in wanted}


def _chunks(crops: Iterable[Pixels]) -> Iterator[list[Pixels]]:
    stream = iter(crops)
    while chunk := list(islice(stream, BATCH)):
        yield chunk


def _columns(raw: Mapping[str, Floats], output: Output) -> Floats:
    if output.tensor not in raw:
        raise ModelError(f"the card wants an output {output.tensor!r}, the network gives: {', '.join(raw)}")
    values = raw[output.tensor]
    if values.ndim != 2 or values.shape[1] < output.stop:
        raise ModelError(
            f"the card wants columns {output.start}:{output.stop} of {output.tensor!r}, got {values.shape}"
        )
    return values[:, output.start : output.stop]


def _read(output: Output, raw: Floats) -> Reading:
    """Raw columns → the head's reading; a source that knows fewer classes leaves the others at zero."""
    head = named(output.head)
    raw = np.asarray(raw / output.temperature, np.float32)
    if not output.labels:
        return head.read(raw)
    return Reading(head.link(raw), Labels(f"{output.head} of the card", output.labels)).to(head.labels)
