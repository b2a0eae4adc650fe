"""Verification and clustering of LFW crops: the linkages, rank-order and HDBSCAN, each fitted on other people."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.album.experiments.faces import Crowd, files, halves
from mien.album.experiments.figures import Figures, interval
from mien.identity.compare import calibrate, cosine, euclid
from mien.identity.linkage import Linkage, ages_apart, cut
from mien.identity.nodes import Nodes, average
from mien.identity.rank_order import RankOrder
from mien.identity.score import bcubed, equal_error, rand_index, true_matches
from mien.metrics import auc
from mien.record import Figure
from mien.types import Floats

Ids = NDArray[np.int64]
Cluster = Callable[[Crowd, float], Ids]  # faces and a parameter → cluster numbers
GRIDS = {"euclid": np.linspace(0.6, 1.3, 15), "cosine": np.linspace(0.2, 0.85, 14), "rank": np.linspace(0.7, 1.15, 10)}


def run(data: Path, seed: int) -> Figures:
    """All figures of this measurement."""
    fit, report = halves(data)
    same, other = report.pairs()
    found: dict[str, Figure] = {"verification": _verification(fit, same, other)}
    crowds = {"all people": (fit, report), "people with three photos": (fit.often(3), report.often(3))}
    for crowd, (first, second) in crowds.items():
        found[f"clustering, {crowd}"] = {name: scored(way, grid, first, second) for name, (way, grid) in WAYS.items()}
    found["nearest photo"] = _nearest(report.often(2))
    use = _for_use([first for first, _ in crowds.values()])
    found["threshold for use"] = use
    found["pairs at the threshold for use"] = {
        "false match": float(np.mean(other <= use)),
        "false non-match": float(np.mean(same > use)),
    }
    counts = {"people": int(report.owner.max()) + 1, "faces": len(report.owner)}
    return {**found, "reported on": counts, "fitted on": {"people": int(fit.owner.max()) + 1, "faces": len(fit.owner)}}


def _verification(fit: Crowd, same: Floats, other: Floats) -> Figure:
    truth = np.concatenate([np.ones(len(same)), np.zeros(len(other))])
    limits = {f"{rate:g}": calibrate(*fit.pairs(), rate) for rate in (0.1, 0.01, 0.001)}
    return {
        "auc": auc(truth, -np.concatenate([same, other])),
        "equal error": equal_error(same, other),
        **{f"true matches at {r:g}": true_matches(same, other, r) for r in (0.1, 0.01, 0.001)},
        "thresholds fitted": {
            rate: {
                "distance": t.distance,
                "false match, reported": float(np.mean(other <= t.distance)),
                "false non-match, reported": float(np.mean(same > t.distance)),
            }
            for rate, t in limits.items()
        },
        "pairs of one person": len(same),
        "pairs of two": len(other),
    }


def _nearest(crowd: Crowd) -> Figure:
    """Every second photo of everybody, named by the nearest of the others' photos: the paper's way with LFW."""
    known = np.concatenate([np.flatnonzero(crowd.owner == p)[::2] for p in np.unique(crowd.owner)])
    asked = np.setdiff1d(np.arange(len(crowd.owner)), known)
    place = cosine(crowd.vectors[asked], crowd.vectors[known]).argmin(1)
    right = crowd.owner[known][place] == crowd.owner[asked]
    return {"right": interval(right), "people": int(crowd.owner.max()) + 1, "photos": len(crowd.owner)}


def scored(way: Cluster, grid: NDArray[np.float64], fit: Crowd, report: Crowd) -> Figure:
    """The parameter with the best B-cubed F on the one half, and what it gives on the other."""
    best = max(grid.tolist(), key=lambda t: bcubed(fit.owner, way(fit, t)).f)
    start = time.perf_counter()
    labels = way(report, best)
    seconds = time.perf_counter() - start
    b = bcubed(report.owner, labels)
    return {
        "parameter": best,
        "ARI": rand_index(report.owner, labels),
        "precision": b.precision,
        "recall": b.recall,
        "F": b.f,
        "clusters": int(labels.max()) + 1,
        "seconds": seconds,
    }


def _for_use(crowds: list[Crowd]) -> float:
    """The threshold that serves both: strangers seen once, and people who come back."""

    def worth(threshold: float) -> float:
        return sum(bcubed(c.owner, average(Nodes.of(c.vectors), threshold)).f for c in crowds)

    return max(GRIDS["cosine"].tolist(), key=worth)


def _linked(how: Linkage, *, aged: bool = False) -> Cluster:
    """A linkage of Euclidean distances, with the published term for ages if asked."""

    def cluster(crowd: Crowd, threshold: float) -> Ids:
        apart = euclid(crowd.vectors, crowd.vectors)
        return cut(apart + ages_apart(crowd.ages) if aged else apart, threshold, how)

    return cluster


def _hdbscan(crowd: Crowd, least: float) -> Ids:
    """Noise points are persons of their own."""
    from sklearn.cluster import HDBSCAN

    apart = cosine(crowd.vectors, crowd.vectors).astype(np.float64)
    np.fill_diagonal(apart, 0)
    labels = HDBSCAN(min_cluster_size=int(least), min_samples=1, metric="precomputed", copy=True).fit_predict(apart)  # type: ignore[arg-type]
    alone = labels < 0
    labels[alone] = labels.max() + 1 + np.arange(alone.sum())
    return labels.astype(np.int64)


WAYS: dict[str, tuple[Cluster, NDArray[np.float64]]] = {
    "single": (_linked("single"), GRIDS["euclid"]),
    "single, with ages (the paper's)": (_linked("single", aged=True), GRIDS["euclid"]),
    "average": (_linked("average"), GRIDS["euclid"]),
    "average, with ages": (_linked("average", aged=True), GRIDS["euclid"]),
    "complete": (_linked("complete"), GRIDS["euclid"]),
    "weighted": (_linked("weighted"), GRIDS["euclid"]),
    "average of cosines (mien)": (lambda c, t: average(Nodes.of(c.vectors), t), GRIDS["cosine"]),
    "rank-order": (lambda c, t: RankOrder(normalised=t)(euclid(c.vectors, c.vectors)), GRIDS["rank"]),
    "every face alone": (lambda c, t: np.arange(len(c.vectors)), np.zeros(1)),
    "HDBSCAN": (_hdbscan, np.array([2.0, 3.0, 4.0])),
}

__all__ = ["WAYS", "files", "run", "scored"]
