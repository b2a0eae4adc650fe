"""Words as features without any network: counts of letter groups and word pairs, thrown into a fixed number of bins."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from mien.types import Floats

BINS = 1024
WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
LONGEST = 100_000  # letters of a transcript that are read


def clip(text: str, bins: int = BINS) -> Floats:
    """A text as one row of length one (bins,); zeros for a text without words. Equal on every machine and run."""
    row = np.zeros(bins, np.float32)
    for gram in grams(text[:LONGEST].lower()):
        code = zlib.crc32(gram.encode())
        row[code % bins] += 1 if code >> 31 else -1  # the sign lets clashes cancel on average
    row = np.sign(row) * np.log1p(np.abs(row))
    return (row / max(float(np.linalg.norm(row)), 1e-12)).astype(np.float32)


def grams(text: str) -> Iterator[str]:
    """Words, pairs of neighbours, and groups of four letters within a word's bounds."""
    words = WORD.findall(text)
    yield from words
    yield from (f"{a} {b}" for a, b in pairwise(words))
    for word in words:
        bound = f"<{word}>"
        yield from (bound[i : i + 4] for i in range(max(len(bound) - 3, 1)))
