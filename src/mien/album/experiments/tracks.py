"""Tracks of people never trained on: ways to compare two of them, and one photo against a track."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.album.experiments import rules
from mien.album.experiments.faces import Crowd, files, halves
from mien.album.experiments.figures import Figures
from mien.album.experiments.identity import WAYS, scored
from mien.album.experiments.still import svm
from mien.identity import descriptor, still_to_video
from mien.identity.compare import euclid
from mien.identity.still_to_video import People, Rule, nearest_mean
from mien.link import unit
from mien.record import Figure
from mien.types import Floats

Ids = NDArray[np.int64]
FRAMES = 8  # of a made-up track: some photos, each seen again with a little noise
JITTER = 0.03  # standard deviation of that noise per number of a unit vector of 128


def run(data: Path, seed: int) -> Figures:
    """All figures of this measurement."""
    fit, report = halves(data)
    return {
        "track against track": _tracks(fit.often(4), report.often(4), seed),
        "tracks into people": _people(fit.often(4), report.often(4), seed),
        "one photo against a track": _stills(fit.often(3), report.often(3), seed),
        "people with four photos": int(report.often(4).owner.max()) + 1,
        "people with three photos": int(report.often(3).owner.max()) + 1,
    }


def _made(person: Crowd, rng: np.random.Generator) -> Crowd:
    """Some photos of one person again and again, each time a little different."""
    track = person.pick(rng.integers(0, len(person.owner), FRAMES))
    noise = np.float32(JITTER) * rng.standard_normal(track.vectors.shape, np.float32)
    return replace(track, vectors=unit(track.vectors + noise))


def _pairs(crowd: Crowd, rng: np.random.Generator) -> list[tuple[Crowd, Crowd]]:
    """Two tracks of each person, of different photos."""
    places = [np.arange(len(p.owner)) for p in crowd.each()]
    return [
        (_made(person.pick(place[::2]), rng), _made(person.pick(place[1::2]), rng))
        for person, place in zip(crowd.each(), places, strict=True)
    ]


def _tracks(fit: Crowd, report: Crowd, seed: int) -> Figure:
    """Every first track against every second."""
    rng = np.random.default_rng(seed)
    first, second = zip(*_pairs(report, rng), strict=True)
    people = fit.each()
    taught = [_made(p, rng) for p in people for _ in range(2)]
    return rules.compared(first, second, taught, np.repeat(np.arange(len(people)), 2))


def _people(fit: Crowd, report: Crowd, seed: int) -> Figure:
    """Both tracks of everybody, clustered by their normalised means; parameters fitted on other people."""
    rng = np.random.default_rng([seed, 1])
    described = [_described([t for pair in _pairs(crowd, rng) for t in pair]) for crowd in (fit, report)]
    return {name: scored(way, grid, *described) for name, (way, grid) in WAYS.items()}


def _described(tracks: list[Crowd]) -> Crowd:
    """A face per track: the mean vector, the median age."""
    return Crowd(
        np.stack([descriptor.mean(t.vectors) for t in tracks]),
        np.arange(len(tracks)) // 2,
        np.array([np.median(t.ages) for t in tracks], np.float32),
        np.array([t.blurs.min() for t in tracks], np.float32),
    )


def _stills(fit: Crowd, report: Crowd, seed: int) -> Figure:
    """One photo of each person enrolled, the others a track; weights fitted on the other half of the people."""
    people, queries, _ = _enrolled(fit, seed)
    truth = np.arange(len(people))
    scales, others = [0.3, 1.0, 3.0, 10.0, 30.0, 100.0], [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0]
    plain = still_to_video.fit(queries, truth, people.between, scales, [0.0])
    proposed = still_to_video.fit(queries, truth, people.between, scales, others)
    people, queries, frames = _enrolled(report, seed)
    truth = np.arange(len(people))

    def right(rule: Rule) -> float:
        return float(np.mean([rule.decide(q, people.between) == t for q, t in zip(queries, truth, strict=True)]))

    return {
        "mean distance": float(np.mean([nearest_mean(q) == t for q, t in zip(queries, truth, strict=True)])),
        "MAP fusion": right(plain),
        "MAP of all distances": right(proposed),
        "SVM": float(np.mean(np.array(svm(people.stills, frames)) == truth)),
        "fitted": {"weight": proposed.weight, "others": proposed.others},
    }


def _enrolled(crowd: Crowd, seed: int) -> tuple[People, list[Floats], list[Floats]]:
    """One photo of everybody, and of everybody a track of the others: its distances and its vectors."""
    rng = np.random.default_rng(seed)
    own = crowd.each()
    people = People.of(np.stack([p.vectors[0] for p in own]), np.arange(len(own)), euclid)
    frames = [_made(p.pick(np.arange(1, len(p.owner))), rng).vectors for p in own]
    return people, [people.distances(f) for f in frames], frames


__all__ = ["files", "run"]
