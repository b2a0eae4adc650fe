"""Who is in a video, with one or few photos per person: rules that add up the evidence of its frames.

The 2017 rule asks of a person not only that the frames lie near them, but that they lie as far from everybody else as
that person's photos do: Kullback-Leibler distances from a frame to all others are then nearly normal around them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.identity.compare import Distance
from mien.link import softmax
from mien.types import Floats

Ids = NDArray[np.int64]
_FLAT = np.float32(1e-9)


def divergence(frames: Floats, models: Floats) -> Floats:
    """Kullback-Leibler divergence of every histogram (t, d) from every model histogram (r, d)."""
    p, q = np.maximum(frames, 0), np.maximum(models, _FLAT)
    own = (p * np.log(np.maximum(p, _FLAT))).sum(1)
    return np.maximum(own[:, None] - p @ np.log(q).T, 0).astype(np.float32)


@dataclass(frozen=True, slots=True)
class People:
    """The photos of everybody known, and what is known of them before any video comes."""

    stills: Floats  # (s, d)
    owner: Ids  # (s,) person numbers from 0, none left out
    distance: Distance
    between: Floats  # (r, r) smallest distance of the photos of every two persons

    @classmethod
    def of(cls, stills: Floats, owner: Ids, distance: Distance) -> People:
        """Distances between all persons are taken once, here."""
        count = int(owner.max()) + 1
        if len(np.unique(owner)) != count:
            raise InputError(f"every person from 0 to {count - 1} needs a photo, got {len(np.unique(owner))} persons")
        apart = _least(_least(distance(stills, stills), owner, count).T, owner, count).T
        return cls(stills, owner, distance, apart)

    def __len__(self) -> int:
        return len(self.between)

    def distances(self, frames: Floats) -> Floats:
        """From each frame to each person's nearest photo (t, r)."""
        if not len(frames):
            raise InputError("a video needs at least one frame with a face, got none; leave it out")
        return _least(self.distance(frames, self.stills), self.owner, len(self))


@dataclass(frozen=True, slots=True)
class Rule:
    """`weight` (w) makes distances log-probabilities, `others` (lambda) is how much everybody else counts, and only the
    `candidates` (M) nearest on average are weighed against each other. others = 0 is plain MAP fusion."""

    weight: float = 100.0
    others: float = 8.0
    candidates: int = 16

    def __call__(self, people: People, frames: Floats) -> int:
        """The person whose posterior, summed over the frames, is highest."""
        return self.decide(people.distances(frames), people.between)

    def decide(self, distances: Floats, between: Floats) -> int:
        """The same, from distances (t, r) that were taken before."""
        return self.among(*evidence(distances, between, self.candidates))

    def among(self, chosen: Ids, near: Floats, surprises: Floats) -> int:
        """The same, from the evidence for so many candidates."""
        cost = near + np.float32(self.others) * surprises
        return int(chosen[softmax(-np.float32(self.weight) * cost).sum(0).argmax()])


def evidence(distances: Floats, between: Floats, candidates: int) -> tuple[Ids, Floats, Floats]:
    """The candidates (m,), how far each frame is from them (t, m), and how surprising that would make all others."""
    chosen = np.argsort(distances.mean(0), kind="stable")[:candidates]
    return chosen, distances[:, chosen], surprise(distances, between, chosen)


def surprise(distances: Floats, between: Floats, chosen: Ids) -> Floats:
    """Mean over all others i of (rho_ri - d_i)^2 / (4 rho_ri), for each frame and candidate r: (t, candidates)."""
    rho = np.maximum(between[chosen], _FLAT)  # (m, r)
    inverse = 1 / (4 * rho)
    inverse[np.arange(len(chosen)), chosen] = 0  # a person is not their own stranger
    # the square, multiplied out, so that nothing of size (t, m, r) is made
    total = (distances**2) @ inverse.T - 2 * distances @ (inverse * rho).T + (inverse * rho**2).sum(1)
    return (np.maximum(total, 0) / len(between)).astype(np.float32)


def nearest_mean(distances: Floats) -> int:
    """The person at the smallest mean distance: the usual rule."""
    return int(distances.mean(0).argmin())


def fit(
    queries: list[Floats], truth: Ids, between: Floats, weights: list[float], others: list[float], candidates: int = 16
) -> Rule:
    """The rule that names most of these queries rightly; each is its distances (t, r). The first of equals wins."""
    rules = [Rule(w, o, candidates) for o, w in product(others, weights)]
    known = [evidence(q, between, candidates) for q in queries]
    hits = [sum(r.among(*e) == t for e, t in zip(known, truth.tolist(), strict=True)) for r in rules]
    return rules[int(np.argmax(hits))]


def _least(distances: Floats, owner: Ids, count: int) -> Floats:
    """The smallest of each owner's columns (t, r)."""
    out = np.full((count, len(distances)), np.inf, np.float32)
    np.minimum.at(out, owner, distances.T)
    return out.T
