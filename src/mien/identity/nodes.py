"""Average linkage for a hundred thousand faces: the mean cosine of two clusters of unit vectors is that of their means.

So no distances are stored, only a sum and a count per cluster, and every pair of mutual nearest clusters within the
threshold is merged at once, which gives what one merge after another would. A run goes on from the clusters of an
earlier one by taking them as its first nodes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.identity.linkage import numbered
from mien.types import Floats, expect

Ids = NDArray[np.int64]
Keys: TypeAlias = frozenset[int]
Nearest: TypeAlias = Callable[[Floats, Ids], tuple[Floats, Ids]]  # as `nearest`
BLOCK = 1 << 23  # similarities held at once: 32 MB; less is slower from 100,000 faces on


@dataclass(frozen=True, slots=True)
class Nodes:
    """Clusters to begin with, faces mostly. Two that share a key are never merged: the faces of one photo share one."""

    sums: Floats  # (n, d) of unit vectors
    counts: Ids  # (n,) faces in each
    keys: Sequence[Keys]

    def __post_init__(self) -> None:
        n = len(self.sums)
        expect("sums", self.sums, (n, None))
        expect("counts", self.counts, (n,))
        if len(self.keys) != n:
            raise InputError(f"keys must be {n}, one set per node, got {len(self.keys)}")

    @classmethod
    def of(cls, vectors: Floats, keys: Sequence[Keys] | None = None) -> Nodes:
        """Every vector a node of its own."""
        n = len(vectors)
        return cls(vectors, np.ones(n, np.int64), keys if keys is not None else [frozenset()] * n)


def average(nodes: Nodes, threshold: float, near: Nearest | None = None) -> Ids:
    """A cluster number per node: what average linkage of cosine distances gives when cut at the threshold.

    `near` finds neighbours, exactly unless told otherwise.
    """
    near = near or nearest
    state = _State(nodes)
    waiting = np.arange(len(nodes.counts))
    while len(waiting) > 1:
        means = state.sums[waiting] / state.counts[waiting, None]
        likeness, place = near(means, _forbidden([state.keys[i] for i in waiting]))
        close = 1 - likeness <= threshold
        if not close.any():
            break
        here = np.arange(len(waiting))
        mutual = close & (place[place] == here) & (here < place)
        if not mutual.any():  # rounding broke a tie two ways
            mutual = here == int(np.argmax(likeness))
        for i in here[mutual]:
            state.merge(int(waiting[i]), int(waiting[place[i]]))
        gone = np.zeros(len(waiting), bool)
        gone[place[mutual]] = True
        waiting = waiting[close & ~gone]  # beyond the threshold of all others: finished
    return numbered(state.root())


class _State:
    """What merging changes."""

    def __init__(self, nodes: Nodes) -> None:
        self.sums = nodes.sums.astype(np.float32, copy=True)
        self.counts = nodes.counts.astype(np.float32)
        self.keys = list(nodes.keys)
        self.parent = np.arange(len(nodes.counts))

    def merge(self, into: int, gone: int) -> None:
        self.sums[into] += self.sums[gone]
        self.counts[into] += self.counts[gone]
        self.keys[into] |= self.keys[gone]
        self.parent[gone] = into

    def root(self) -> Ids:
        parent = self.parent
        while not np.array_equal(parent, parent[parent]):
            parent = parent[parent]
        return parent


def nearest(means: Floats, forbidden: Ids) -> tuple[Floats, Ids]:
    """Each row's highest product with another allowed row, and where that is; -inf where none is allowed."""
    n = len(means)
    best, place = np.empty(n, np.float32), np.empty(n, np.int64)
    rows = min(max(BLOCK // n, 1), n)
    held = np.empty((rows, n), np.float32)  # one for all blocks, or two would be in memory at a time
    for start in range(0, n, rows):
        stop = min(start + rows, n)
        likeness = np.matmul(means[start:stop], means.T, out=held[: stop - start])
        likeness[np.arange(stop - start), np.arange(start, stop)] = -np.inf
        first, last = np.searchsorted(forbidden[:, 0], [start, stop])
        likeness[forbidden[first:last, 0] - start, forbidden[first:last, 1]] = -np.inf
        place[start:stop] = likeness.argmax(1)
        best[start:stop] = likeness[np.arange(stop - start), place[start:stop]]
    return best, place


def _forbidden(keys: Sequence[Keys]) -> Ids:
    """Pairs (m, 2) of places that share a key, both ways round, sorted."""
    holders: dict[int, list[int]] = defaultdict(list)
    for place, own in enumerate(keys):
        for key in own:
            holders[key].append(place)
    pairs = [p for places in holders.values() if len(places) > 1 for p in combinations(places, 2)]
    if not pairs:
        return np.zeros((0, 2), np.int64)
    there = np.array(pairs, np.int64)
    both = np.vstack([there, there[:, ::-1]])
    return both[np.argsort(both[:, 0], kind="stable")]
