"""What a whole picture looks like, as a vector; the embedded default needs no network, any other is one function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mien.card import Card, Output
from mien.cuts import histograms
from mien.errors import InputError
from mien.geometry import shrink
from mien.heads import named
from mien.link import softmax, unit
from mien.types import Floats, Frame, Pixels

if TYPE_CHECKING:
    from mien.models import Model

Describe: TypeAlias = Callable[[Frame], Floats]
SIDE = 128  # pixels; enough for colours and edges
GRID = 4  # cells to a side for edges
TURNS = 8  # directions of an edge


def plain(frame: Frame) -> Floats:
    """Colours and edges in a grid of cells: square roots of shares, half the length each, of length one together."""
    small = shrink(frame.pixels, (SIDE, SIDE))
    whole = histograms(small).mean(0)
    colour = np.concatenate([_hues(small), whole])
    edge = _edges(small)
    return unit(np.concatenate([unit(np.sqrt(colour)), unit(np.sqrt(edge))]).astype(np.float32))


def of_model(model: Model) -> Describe:
    """A description by a network: CLIP, a MobileNet, or any other whose card has an `embedding<width>` output.

    Where that output has labels it is a classifier of events or scenes, and the description its probabilities.
    """
    output = _output(model.card)
    head, how, link = named(output.head), model.card.input, softmax if output.labels else unit
    plainly = replace(model, card=replace(model.card, outputs=(replace(output, labels=()),)), heads=frozenset({head}))

    def describe(frame: Frame) -> Floats:
        return link(plainly.answers([shrink(frame.pixels, (how.size, how.size), how.resize)])[head].values[0])

    return describe


def classes(card: Card) -> tuple[str, ...]:
    """What a description's columns are called; empty where it is no classifier's."""
    return _output(card).labels


def _output(card: Card) -> Output:
    found = [output for output in card.outputs if output.head.startswith("embedding")]
    if not found:
        raise InputError(f"{card.name} has no embedding output, so it cannot describe a picture")
    return found[0]


def both(a: Describe, b: Describe) -> Describe:
    """Two descriptions side by side, of equal weight."""
    return lambda frame: unit(np.concatenate([a(frame), b(frame)]))


def _hues(pixels: Pixels) -> Floats:
    """How many pixels have each of 8 x 4 x 4 mixes of brightness and colour, all over the picture."""
    rgb = pixels.reshape(-1, 3).astype(np.float32)
    light = rgb.mean(1)
    red, blue = rgb[:, 0] - light, rgb[:, 2] - light
    bins = [np.digitize(light, np.linspace(32, 224, 7)), *(np.digitize(c, (-20, 0, 20)) for c in (red, blue))]
    counts = np.bincount((bins[0] * 4 + bins[1]) * 4 + bins[2], minlength=128)
    return (counts / len(rgb)).astype(np.float32)


def _edges(pixels: Pixels) -> Floats:
    """How strong edges of each direction are in each cell."""
    grey = pixels.mean(2)
    down, across = np.gradient(grey)
    strength = np.hypot(down, across)
    turn = ((np.arctan2(down, across) % np.pi) / np.pi * TURNS).astype(int) % TURNS
    place = np.arange(SIDE) * GRID // SIDE
    cell = place[:, None] * GRID + place
    return np.bincount((cell * TURNS + turn).ravel(), strength.ravel(), GRID * GRID * TURNS).astype(np.float32)
