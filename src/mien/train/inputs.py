"""What a head reads: columns of a store at the rows of a split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mien.train.data import Ints, Mask
from mien.train.features import Store

CHUNK = 1 << 14  # rows worked on at once


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Half precision in memory, whole in the arithmetic; zeros where nothing was seen."""

    values: Tensor  # (n, width) float16
    seen: Mask
    starts: Ints  # the first row of each video, then n
    second: int = 0  # columns at the end that are another stream's

    @classmethod
    def of(cls, store: Store, places: Ints, seen: Mask, starts: Ints, reads: str) -> Inputs:
        """Embedding, logits or both of these places."""
        wanted = {"embedding": ("embedding",), "logits": ("logits",), "all": ("embedding", "logits")}[reads]
        arrays = [{"embedding": store.embedding, "logits": store.logits}[w] for w in wanted]
        values = np.zeros((len(places), sum(a.shape[1] for a in arrays)), np.float16)
        at = 0
        for array in arrays:
            for start in range(0, len(places), CHUNK):
                rows = slice(start, start + CHUNK)
                values[rows, at : at + array.shape[1]][seen[rows]] = array[places[rows][seen[rows]]]
            at += array.shape[1]
        return cls(torch.from_numpy(values), seen, starts)

    def beside(self, other: Inputs) -> Inputs:
        """With the columns of another stream behind the own ones; what the first did not see stays unseen."""
        return Inputs(torch.cat([self.values, other.values], 1), self.seen, self.starts, other.values.shape[1])
