"""The second representation of a photo: its caption as a bag of words, and two classifiers' answers as one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mien.errors import InputError
from mien.types import Floats


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
