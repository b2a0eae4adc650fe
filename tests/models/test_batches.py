"""Crops pass through a model batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from mien.card import Card, Input, Output
from mien.heads import EXPRESSION
from mien.models import BATCH, Model
from mien.runtime.fake import Fake
from mien.types import Floats, Pixels

CARD = Card("net.test", "net.onnx", "none", Input(8), (Output("expression", "output", 0, 8),))


@dataclass
class Counting:
    """A network that notes how large its batches are, and how many crops had been made by then."""

    made: list[int]
    batches: list[tuple[int, int]] = field(default_factory=list)

    def run(self, batch: Floats) -> Mapping[str, Floats]:
        self.batches.append((len(batch), len(self.made)))
        return Fake.of(CARD).run(batch)


def test_only_one_batch_of_crops_is_made_at_a_time() -> None:
    made: list[int] = []

    def crops() -> Iterator[Pixels]:
        for i in range(2 * BATCH + 3):
            made.append(i)
            yield np.full((8, 8, 3), i, np.uint8)

    runtime = Counting(made)
    answers = Model(CARD, runtime, frozenset({EXPRESSION})).answers(crops())
    assert runtime.batches == [(BATCH, BATCH), (BATCH, 2 * BATCH), (3, 2 * BATCH + 3)]
    assert len(answers[EXPRESSION]) == 2 * BATCH + 3
