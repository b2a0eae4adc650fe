"""The second representation of a photo: its caption as a bag of words, and what kind of event that tells of.

A caption comes from whatever wrote it, a person or a network: it is the text file beside the photo.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.album.scene import Describe
from mien.errors import InputError
from mien.link import softmax, unit
from mien.types import Floats, Frame

LONGEST = 10_000  # bytes of a caption that are read


@dataclass(frozen=True, slots=True)
class Words:
    """The words that count, in order; a caption becomes which of them it holds."""

    known: tuple[str, ...]

    @classmethod
    def of(cls, captions: Sequence[str], most: int = 5000, least: int = 2) -> Words:
        """The most frequent words of training captions that occur often enough."""
        counts = Counter(word for caption in captions for word in set(split(caption)))
        return cls(tuple(sorted(word for word, n in counts.most_common(most) if n >= least)))

    def __call__(self, captions: Sequence[str]) -> Floats:
        """One row of zeros and ones per caption (n, words); unknown words are left out."""
        place = {word: i for i, word in enumerate(self.known)}
        out = np.zeros((len(captions), len(self.known)), np.float32)
        for row, caption in enumerate(captions):
            out[row, [place[w] for w in split(caption) if w in place]] = 1
        return out


@dataclass(frozen=True, slots=True)
class Kinds:
    """What kind of event a caption tells of: naive Bayes over which of the words it holds, and which not."""

    words: Words
    names: tuple[str, ...]
    slopes: Floats  # (kinds, words)
    offsets: Floats  # (kinds,)

    @classmethod
    def of(cls, captions: Sequence[str], kinds: Sequence[str], names: Sequence[str] = ()) -> Kinds:
        """From captions of photos of known kinds; `names` puts the kinds in an order of their own."""
        names = tuple(names) or tuple(sorted(set(kinds)))
        words = Words.of(captions)
        own = np.array([[kind == name for kind in kinds] for name in names], np.float64)
        held = (own @ words(captions) + 1) / (own.sum(1, keepdims=True) + 2)
        offsets = np.log(1 - held).sum(1) + np.log(np.maximum(own.mean(1), 1e-9))
        return cls(words, names, np.log(held / (1 - held)).astype(np.float32), offsets.astype(np.float32))

    def __call__(self, captions: Sequence[str]) -> Floats:
        """The probability of each kind (n, kinds); a caption without a word says that all are alike."""
        scores = softmax(self.words(captions) @ self.slopes.T + self.offsets)
        scores[[not split(caption) for caption in captions]] = 1 / len(self.names)
        return scores

    def __str__(self) -> str:
        return json.dumps([self.words.known, self.names, self.slopes.tolist(), self.offsets.tolist()])

    @classmethod
    def read(cls, written: str) -> Kinds:
        """The same again from its words."""
        known, names, slopes, offsets = json.loads(written)
        return cls(Words(tuple(known)), tuple(names), np.array(slopes, np.float32), np.array(offsets, np.float32))


def beside(photo: Path) -> str:
    """The caption of a photo: p1.txt for p1.jpg; empty where there is none."""
    try:
        with photo.with_suffix(".txt").open("rb") as file:
            return file.read(LONGEST).decode("utf-8", "replace")
    except OSError:
        return ""


def told(image: Describe, kinds: Kinds, classes: Sequence[str]) -> Describe:
    """What a picture looks like and what its caption tells, as one.

    Where the picture's classes are the captions' kinds, both classifiers' scores are an ensemble; any other description
    has the captions' scores beside it.
    """

    def describe(frame: Frame) -> Floats:
        seen, said = image(frame), kinds([beside(Path(frame.source))])[0]
        return ensemble(seen, said, 0.5) if tuple(classes) == kinds.names else unit(np.concatenate([seen, unit(said)]))

    return describe


def split(caption: str) -> list[str]:
    """Words in small letters."""
    return re.findall(r"\w+", caption.casefold())


def ensemble(a: Floats, b: Floats, weight: float) -> Floats:
    """Scores of two representations of the same photos, `weight` of them the first's; fit it on another split."""
    if a.shape != b.shape or not 0 <= weight <= 1:
        raise InputError(
            f"two score tables of one shape and a weight in 0..1 are wanted, got {a.shape}, {b.shape}, {weight}"
        )
    return np.float32(weight) * a + np.float32(1 - weight) * b
