"""A name or a card → a Model that is ready to answer; a user's file and card → a name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from mien import store
from mien.card import Card, Output
from mien.errors import InputError, MienError, ModelError
from mien.heads import DEMOGRAPHICS, named
from mien.models import Model
from mien.runtime.onnx import EMBEDDING, Onnx


def load(
    which: str | Card,
    *,
    demographics: bool = False,
    device: str = "cpu",
    threads: int | None = None,
    spin: bool = False,
) -> Model:
    """The model of a name, an alias or a card; age, gender and ethnicity only when asked for."""
    card = which if isinstance(which, Card) else store.card(which)
    runtime = Onnx(store.read(card), card, device=device, threads=threads, spin=spin)
    card = _with_embedding(card, runtime)
    heads = frozenset(named(output.head) for output in card.outputs)
    return Model(card, runtime, heads if demographics else heads - DEMOGRAPHICS)


def add(file: Path, card: Path) -> Card:
    """Take a user's ONNX file and its card into the cache, once the file's inputs and outputs fit the card."""
    try:
        content, described = file.read_bytes(), Card.from_json(card.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"a model is added from an ONNX file and a JSON card: {error}") from error
    if not described.outputs:
        raise InputError(f"{described.name}: its card has no output, so it would answer nothing")
    for output in described.outputs:
        _check_width(described, output)
    _try(described, Onnx(content, described, threads=1))
    return store.keep(described, content)


def _with_embedding(card: Card, runtime: Onnx) -> Card:
    """The card with the features' columns, whose number the graph knows best."""
    if not card.embedding:
        return card
    width = runtime.widths(card.input)[EMBEDDING]
    return replace(card, outputs=(*card.outputs, Output(f"embedding{width}", EMBEDDING, 0, width)))


def _try(card: Card, runtime: Onnx) -> None:
    """Two black pictures, as faces will go: what fails only then must not be kept."""
    blank = np.zeros((card.input.size, card.input.size, 3), np.uint8)
    model = Model(card, runtime, frozenset(named(output.head) for output in card.outputs))
    try:
        answers = model.answers([blank, blank])
    except MienError:
        raise
    except Exception as error:  # onnxruntime's own errors share no public base class, and a card's values any type
        raise ModelError(f"{card.name}: the file and its card do not go together: {error}") from error
    for head, reading in answers.items():
        if len(reading) != 2 or not np.isfinite(reading.values).all():
            strange = int(np.sum(~np.isfinite(reading.values)))
            got = f"{len(reading)} rows, {strange} numbers of them NaN or infinite"
            raise ModelError(f"{card.name}: two pictures must give two rows of numbers for {head.name}, got {got}")


def _check_width(card: Card, output: Output) -> None:
    head, width = named(output.head), output.stop - output.start
    for label in output.labels:
        head.labels.index(label)  # another spelling would silently be answered with 0
    if not output.labels and width != head.width:
        raise InputError(f"{card.name}: {head.name} takes {head.width} columns, the card gives it {width}")
