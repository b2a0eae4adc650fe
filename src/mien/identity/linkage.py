"""Agglomerative clustering of up to some thousand items from all their distances, in numpy alone."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.types import Floats, expect

Linkage = Literal["single", "average", "complete", "weighted"]
Ids = NDArray[np.int64]
FAR = np.float32(np.inf)


def cut(distances: Floats, threshold: float, linkage: Linkage = "average", apart: Floats | None = None) -> Ids:
    """Cluster numbers, from 0 in order of first member, of merging the nearest two clusters while within threshold.

    `apart` (n, n) forbids pairs: two clusters that hold a forbidden pair never merge. Follows chains of nearest
    neighbours: all these linkages only ever grow distances to third clusters, and so does forbidding, so that the
    order of merges does not matter and a cluster whose nearest is beyond the threshold is finished.
    """
    n = len(distances)
    expect("distances", distances, (n, n))
    if linkage not in ("single", "average", "complete", "weighted"):
        raise InputError(f"linkage must be single, average, complete or weighted, got {linkage!r}")
    d = np.array(distances, np.float32)
    if apart is not None:
        d[apart > 0] = FAR
    np.fill_diagonal(d, FAR)
    sizes, parent = np.ones(n), np.arange(n)
    waiting, chain = np.ones(n, bool), list[int]()
    while waiting.any() or chain:
        if not chain:
            chain.append(int(np.argmax(waiting)))
        tip = chain[-1]
        near = _nearest(d[tip], chain[-2] if len(chain) > 1 else None)
        if not d[tip, near] <= threshold:  # finished: nothing will ever come nearer
            waiting[tip] = False
            d[tip, :] = d[:, tip] = FAR
            chain.pop()
        elif len(chain) > 1 and near == chain[-2]:
            chain = chain[:-2]
            _merge(d, sizes, near, tip, linkage)
            parent[tip], waiting[tip] = near, False
        else:
            chain.append(near)
    return numbered(_roots(parent))


def _nearest(row: Floats, before: int | None) -> int:
    """The nearest; in a tie the chain's previous member, or chains would run in circles."""
    near = int(np.argmin(row))
    return before if before is not None and row[before] <= row[near] else near


def _merge(d: Floats, sizes: NDArray[np.float64], into: int, gone: int, linkage: Linkage) -> None:
    a, b = d[into], d[gone]
    weight = sizes[into] / (sizes[into] + sizes[gone]) if linkage == "average" else 0.5
    forbidden = np.isinf(a) | np.isinf(b)
    if linkage == "single":
        merged = np.minimum(a, b)
    elif linkage == "complete":
        merged = np.maximum(a, b)
    else:
        merged = (np.float32(weight) * a + np.float32(1 - weight) * b).astype(np.float32)
    merged[forbidden] = FAR
    d[into, :] = d[:, into] = merged
    d[gone, :] = d[:, gone] = FAR
    sizes[into] += sizes[gone]


def _roots(parent: Ids) -> Ids:
    while not np.array_equal(parent, parent[parent]):
        parent = parent[parent]
    return parent


def numbered(labels: Ids) -> Ids:
    """The same partition with numbers from 0 in order of first appearance."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def together(labels: Ids) -> NDArray[np.bool_]:
    """Which pairs (n, n) have one label: with photo numbers, the pairs that cannot be one person."""
    return (labels[:, None] == labels) & ~np.eye(len(labels), dtype=bool)


def ages_apart(ages: Floats, weight: float = 0.1) -> Floats:
    """The published term w (a - b)^2 / (a + b) for ages brought to one year, to be added to distances."""
    a = np.maximum(ages, 0).astype(np.float32)
    return np.float32(weight) * (a[:, None] - a) ** 2 / np.maximum(a[:, None] + a, np.float32(1e-6))


def reclustered(distances: Floats, labels: Ids, photos: Ids) -> Ids:
    """The published parting of faces of one photo: each cluster again, with +100 on such pairs, complete, cut at 50."""
    out, offset = np.zeros_like(labels), 0
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        own = distances[np.ix_(rows, rows)] + np.float32(100) * together(photos[rows])
        out[rows] = offset + cut(own, 50.0, "complete")
        offset = int(out[rows].max()) + 1
    return numbered(out)
