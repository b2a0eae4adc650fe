"""Ways to say how far apart two tracks are, judged people by people; and made-up tracks where the truth is known."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mien.album.experiments.faces import Crowd
from mien.album.experiments.figures import Figures
from mien.identity import attention, descriptor
from mien.identity.attention import Attention
from mien.identity.compare import euclid
from mien.link import unit
from mien.record import Figure
from mien.types import Floats

Tracks: TypeAlias = Sequence[Crowd]
Way: TypeAlias = Callable[[Tracks, Tracks], Floats]  # to a matrix: every first track against every second
WINNER = "normalised mean"  # the paper's, which all others are held against
FIGURES = ("auc", "equal error", "nearest is right")
DRAWS = 1000  # of as many people as there are, with replacement

PEOPLE, TAUGHT, FRAMES, WIDTH = 200, 100, 8, 128  # TAUGHT: other people, whose tracks attention learns from
SPREAD = 2.0  # of people, as a length, about one direction of length 1 that all share
BAD, WORSE = 0.2, 3.0  # share of bad frames, and by how much more noise they have
LEVELS = {"weak features": 1.2, "middling features": 0.9, "strong features": 0.6}  # a track's shift; a person has 1
NOISE = 2.0  # of a frame, as a length, to the shift of its track
LOOKS, DOUBT = (0.3, 0.7), 0.15  # blur of a good frame and of a bad one, and how far a reading of it strays


def run(data: Path, seed: int) -> Figures:
    """The rules on made-up tracks of three strengths; no data is read."""
    return {name: _simulated(shift, seed) for name, shift in LEVELS.items()}


def files(data: Path) -> list[Path]:
    """None."""
    return []


def compared(first: Tracks, second: Tracks, taught: Tracks, owner: NDArray[np.int64]) -> Figure:
    """Every rule on two tracks of each person, all of one length; attention learns from tracks of other people."""
    learnt = attention.fit([t.vectors for t in taught], owner, classes=int(owner.max()) + 1, steps=150)
    people = len(first)
    drawn = np.random.default_rng(0).multinomial(people, np.full(people, 1 / people), DRAWS).astype(np.float64)
    weights = np.concatenate([np.ones((1, people)), drawn])  # everybody once, then by chance
    judged, spent = {}, {}
    for name, way in _ways(learnt).items():
        judged[name] = judge(way(first, second), weights)
        spent[name] = 1e6 * _seconds(way, first, second) / people**2
    return {
        name: {**_spans(own, judged[WINNER]), "microseconds a comparison": spent[name]} for name, own in judged.items()
    }


def _ways(learnt: Attention) -> dict[str, Way]:
    return {
        WINNER: _described(lambda t: descriptor.mean(t.vectors)),
        "quality-weighted mean": _described(lambda t: descriptor.weighted(t.vectors, 1 - t.blurs)),
        "medoid": _described(lambda t: descriptor.medoid(t.vectors)),
        "learnt attention": _described(lambda t: unit(learnt.descriptor(t.vectors))),
        "mean pair": lambda a, b: _frames(a, b).mean((1, 3)),
        "nearest pair": lambda a, b: _frames(a, b).min((1, 3)),
        "median pair": lambda a, b: np.median(_frames(a, b), (1, 3)).astype(np.float32),
    }


def _described(make: Callable[[Crowd], Floats]) -> Way:
    return lambda first, second: euclid(*(np.stack([make(t) for t in own]) for own in (first, second)))


def _frames(first: Tracks, second: Tracks) -> Floats:
    """All frames against all (first tracks, frames, second tracks, frames) in one product: no rule pays for loops."""
    apart = euclid(*(np.concatenate([t.vectors for t in own]) for own in (first, second)))
    return apart.reshape(len(first), -1, len(second), len(second[0].vectors))


def _seconds(way: Way, first: Tracks, second: Tracks) -> float:
    """The least processor time of five, descriptors included."""
    spent = []
    for _ in range(5):
        start = time.process_time()
        way(first, second)
        spent.append(time.process_time() - start)
    return min(spent)


def judge(apart: Floats, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """The figures of distances (n, n), own ones on the diagonal, once for each row of weights (draws, n) of people.

    A person counts as often as drawn, a pair of two as the product; two draws of one person are no pair. All people
    stay in the crowd that a track finds its nearest in.
    """
    limits, place = np.unique(apart, return_inverse=True)
    place = place.reshape(apart.shape)
    right = apart.argmin(1) == np.arange(len(apart))
    rows = []
    for w in weights:
        pairs = np.outer(w, w)
        np.fill_diagonal(pairs, 0)
        same = _shares(place.diagonal(), w, len(limits))
        other = _shares(place.ravel(), pairs.ravel(), len(limits))
        torn, joined = 1 - same.cumsum(), other.cumsum()
        i = int(np.abs(torn - joined).argmin())
        rows.append((other @ (1 - torn - same / 2), (torn[i] + joined[i]) / 2, w @ right / w.sum()))
    return dict(zip(FIGURES, np.array(rows).T, strict=True))


def _shares(place: NDArray[np.int64], weights: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    return np.bincount(place, weights, count) / weights.sum()


def _spans(own: Mapping[str, NDArray[np.float64]], winner: Mapping[str, NDArray[np.float64]]) -> dict[str, Figure]:
    """Each figure, and by how much it is above the winner's over the same people."""
    spans: dict[str, Figure] = {}
    for name in FIGURES:
        spans[name] = _span(own[name])
        if own is not winner:
            spans[f"{name}, above the {WINNER}'s"] = _span(own[name] - winner[name])
    return spans


def _span(draws: NDArray[np.float64]) -> Figure:
    low, high = np.quantile(draws[1:], [0.025, 0.975])
    return {"mean": float(draws[0]), "low": float(low), "high": float(high)}


def _simulated(shift: float, seed: int) -> Figure:
    rng = np.random.default_rng([seed, round(10 * shift)])
    shared = unit(_gaussian(rng, 1))
    first, second = zip(*_pairs(shared, PEOPLE, shift, rng), strict=True)
    taught = [track for pair in _pairs(shared, TAUGHT, shift, rng) for track in pair]
    return compared(first, second, taught, np.repeat(np.arange(TAUGHT), 2))


def _pairs(shared: Floats, people: int, shift: float, rng: np.random.Generator) -> Iterator[tuple[Crowd, Crowd]]:
    """Two tracks of each of some people: person, shift of the track and noise of the frame, made a unit vector."""
    for person in unit(shared + np.float32(SPREAD) * _gaussian(rng, people)):
        yield _track(person, shift, rng), _track(person, shift, rng)


def _track(person: Floats, shift: float, rng: np.random.Generator) -> Crowd:
    bad = rng.random(FRAMES) < BAD
    noise = (NOISE * shift * np.where(bad, WORSE, 1.0)).astype(np.float32)
    frames = person + np.float32(shift) * _gaussian(rng, 1) + noise[:, None] * _gaussian(rng, FRAMES)
    blurs = np.clip(np.where(bad, LOOKS[1], LOOKS[0]) + DOUBT * rng.standard_normal(FRAMES), 0, 1).astype(np.float32)
    return Crowd(unit(frames), np.zeros(FRAMES, np.int64), np.zeros(FRAMES, np.float32), blurs)


def _gaussian(rng: np.random.Generator, count: int) -> Floats:
    """Directions by chance, of length about one."""
    return (rng.standard_normal((count, WIDTH), np.float32) / np.float32(np.sqrt(WIDTH))).astype(np.float32)
