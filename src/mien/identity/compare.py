"""How far apart two faces are, and from which distance on they count as two persons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from mien.errors import InputError, unknown
from mien.link import unit
from mien.types import Floats

Distance: TypeAlias = Callable[[Floats, Floats], Floats]
SAME = 0.45  # mean cosine distance up to which two groups are one person; fitted: results/people_identity.json


def cosine(a: Floats, b: Floats) -> Floats:
    """One minus the cosine of every row of a (n, d) with every row of b (m, d): 0 for alike, 2 for opposite."""
    return np.maximum(np.float32(1) - unit(a) @ unit(b).T, np.float32(0))


def euclid(a: Floats, b: Floats) -> Floats:
    """Length of the difference of the unit vectors (n, m)."""
    return np.sqrt(2 * cosine(a, b))


def chi2(a: Floats, b: Floats) -> Floats:
    """Chi-square of rows made histograms (n, m): non-negative features scaled to a sum of one; negatives count 0."""
    p, q = shares(a), shares(b)
    out = np.empty((len(p), len(q)), np.float32)
    for i, row in enumerate(p):
        out[i] = ((row - q) ** 2 / np.maximum(row + q, 1e-12)).sum(1)
    return out


def shares(features: Floats) -> Floats:
    """Rows scaled to a sum of one, negatives as 0; a row of zeros stays zero."""
    positive = np.maximum(features, np.float32(0))
    return positive / np.maximum(positive.sum(-1, keepdims=True), np.float32(1e-12))


DISTANCES: dict[str, Distance] = {"cosine": cosine, "euclid": euclid, "chi2": chi2}


def named(name: str) -> Distance:
    """The distance of a name."""
    if name not in DISTANCES:
        raise unknown("distance", name, DISTANCES)
    return DISTANCES[name]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A distance up to which two faces are one person, and how often it errs on the pairs it was fitted on."""

    distance: float
    false_match: float  # share of pairs of two persons that it takes for one
    false_non_match: float  # share of pairs of one person that it takes for two


def calibrate(same: Floats, other: Floats, false_match: float = 0.001) -> Threshold:
    """The widest threshold that takes at most this share of `other` (distances between two persons) for one person.

    Fit it on people who appear nowhere in what is scored later.
    """
    if len(same) == 0 or len(other) == 0:
        raise InputError(f"calibration needs pairs of one and of two persons, got {len(same)} and {len(other)}")
    if not 0 < false_match < 1:
        raise InputError(f"the rate of false matches must lie between 0 and 1, got {false_match}")
    ordered = np.sort(other)
    first_out = ordered[int(np.floor(false_match * len(ordered)))]  # this pair and those beyond must not match
    distance = float(np.nextafter(first_out, np.float32(-np.inf), dtype=np.float32))
    return Threshold(distance, float(np.mean(other <= distance)), float(np.mean(same > distance)))
