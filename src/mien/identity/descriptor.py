"""One vector per track, or a rule without one: ways to say how far apart two tracks are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from mien.errors import InputError
from mien.identity.compare import euclid
from mien.link import unit
from mien.types import Floats

Rule: TypeAlias = Callable[[Floats, Floats], float]


def mean(track: Floats) -> Floats:
    """The direction of the mean of unit vectors (t, d): the surveillance paper's winner, and what mien uses."""
    _filled(track)
    return unit(unit(track).mean(0))


def weighted(track: Floats, weights: Floats) -> Floats:
    """The same, where better frames count more."""
    _filled(track)
    if weights.shape != (len(track),) or weights.min() < 0 or not weights.sum() > 0:
        raise InputError(f"weights must be {len(track)} numbers of 0 or more, not all 0, got {weights.shape}")
    return unit(weights.astype(np.float32) @ unit(track))


def medoid(track: Floats) -> Floats:
    """The frame nearest to all others."""
    _filled(track)
    return unit(track[int(euclid(track, track).sum(1).argmin())])


def mean_to_mean(a: Floats, b: Floats) -> float:
    """Distance of the mean directions."""
    return float(np.linalg.norm(mean(a) - mean(b)))


def medoid_to_medoid(a: Floats, b: Floats) -> float:
    """Distance of the medoids."""
    return float(np.linalg.norm(medoid(a) - medoid(b)))


def mean_pair(a: Floats, b: Floats) -> float:
    """Mean distance over all pairs of frames."""
    return float(euclid(a, b).mean())


def nearest_pair(a: Floats, b: Floats) -> float:
    """Distance of the two most alike frames."""
    return float(euclid(a, b).min())


def median_pair(a: Floats, b: Floats) -> float:
    """Median distance over all pairs of frames."""
    return float(np.median(euclid(a, b)))


RULES: dict[str, Rule] = {
    "normalised mean": mean_to_mean,
    "medoid": medoid_to_medoid,
    "mean pair": mean_pair,
    "nearest pair": nearest_pair,
    "median pair": median_pair,
}


def _filled(track: Floats) -> None:
    if not len(track):
        raise InputError("a track needs at least one frame")
