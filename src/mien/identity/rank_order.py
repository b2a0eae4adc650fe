"""Rank-order clustering (Zhu et al. 2011): two clusters are one where they agree on who their neighbours are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.identity.linkage import numbered
from mien.types import Floats

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RankOrder:
    """The papers' rules: look at `neighbours`, merge below both limits, then the same with clusters, to the end."""

    neighbours: int = 20
    local: int = 12  # neighbours over which a face's surroundings are averaged
    normalised: float = 0.9
    rank: float = 14.0

    def __call__(self, distances: Floats) -> Ids:
        """A cluster number per face, from all their distances (n, n)."""
        spread = _spread(distances, self.local)
        labels = np.arange(len(distances))
        while len(labels):
            merged = self._step(distances, labels, spread)
            if merged.max() == labels.max():
                return merged
            labels = merged
        return labels

    def _step(self, distances: Floats, labels: Ids, spread: Floats) -> Ids:
        """One round: connected components of the pairs that pass both limits."""
        count = int(labels.max()) + 1
        between = _between(distances, labels, count)
        order = np.argsort(between, axis=1, kind="stable")
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.arange(count)[None].repeat(count, 0), 1)
        sizes = np.bincount(labels)
        around = np.bincount(labels, spread)  # sum over members
        parent = np.arange(count)
        for a in range(count):
            for b in order[a, 1 : self.neighbours + 1]:
                local = (around[a] + around[b]) / (sizes[a] + sizes[b])
                near = between[a, b] < self.normalised * local
                if near and _rank_order(order, rank, a, int(b), self.neighbours) < self.rank:
                    _join(parent, a, int(b))
        roots = np.array([_find(parent, i) for i in range(count)])
        return numbered(roots[labels])


def _between(distances: Floats, labels: Ids, count: int) -> Floats:
    """The smallest distance between members of every two clusters; each is nearest to itself."""
    rows = np.full((count, len(labels)), np.inf, np.float32)
    np.minimum.at(rows, labels, distances)
    out = np.full((count, count), np.inf, np.float32)
    np.minimum.at(out.T, labels, rows.T)
    np.fill_diagonal(out, -1)
    return out


def _spread(distances: Floats, local: int) -> Floats:
    """Mean distance of each face to its nearest others."""
    nearest = np.sort(distances, axis=1)[:, 1 : local + 1]
    return nearest.mean(1) if nearest.shape[1] else np.ones(len(distances), np.float32)


def _rank_order(order: Ids, rank: Ids, a: int, b: int, most: int) -> float:
    """How far down the other's list the nearer neighbours of each stand."""
    ab, ba = min(int(rank[a, b]), most), min(int(rank[b, a]), most)
    there = rank[b, order[a, : ab + 1]].sum() + rank[a, order[b, : ba + 1]].sum()
    return float(there) / max(min(ab, ba), 1)


def _join(parent: Ids, a: int, b: int) -> None:
    parent[_find(parent, a)] = _find(parent, b)


def _find(parent: Ids, i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = int(parent[i])
    return i
