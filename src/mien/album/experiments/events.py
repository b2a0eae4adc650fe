"""Eight real albums shuffled into galleries: where are the borders? Against clustering that ignores order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.album import scene
from mien.album.events import WINDOWS, Borders, border_f1, fit
from mien.album.experiments.faces import NETWORK, networks
from mien.album.experiments.figures import Figures, interval
from mien.identity.compare import euclid
from mien.identity.linkage import cut
from mien.identity.score import rand_index
from mien.io import photo
from mien.models.load import load
from mien.record import Figure
from mien.types import Floats

Ids = NDArray[np.int64]
GALLERIES = 200
TRAINING = 4  # galleries that a threshold is fitted on


@dataclass(frozen=True, slots=True)
class Shots:
    """One album: a description per photo in the order of time, and the number of its upload."""

    scenes: Floats
    numbers: NDArray[np.float64]


def run(data: Path, seed: int) -> Figures:
    """All figures of this measurement."""
    network = scene.of_model(load(NETWORK))
    ways: dict[str, scene.Describe] = {
        "colours and edges (mien)": scene.plain,
        "embedded network on the whole photo": network,
        "both": scene.both(scene.plain, network),
    }
    found: dict[str, Figure] = {name: _measure(_albums(data, way), seed) for name, way in ways.items()}
    plain = _albums(data, scene.plain)
    found["upload numbers alone"] = _gaps(plain, seed)
    whole = [_gallery(plain, np.random.default_rng([seed, i]).permutation(8)) for i in range(20)]
    kept = _fitted(whole, (Borders().window,))
    return {
        **found,
        "threshold fitted on all eight, for use": kept.unlike,
        "galleries": GALLERIES,
        "networks": networks(NETWORK),
    }


def files(data: Path) -> list[Path]:
    """What the numbers hang on beside the code."""
    return sorted((data / "albums").rglob("*.jpg"))


def _albums(data: Path, describe: scene.Describe) -> list[Shots]:
    out = []
    for folder in sorted(p for p in (data / "albums").glob("*/*") if p.is_dir()):
        paths = sorted(folder.glob("*.jpg"), key=lambda p: int(p.stem))
        rows = [describe(photo.read(p)) for p in paths]
        out.append(Shots(np.stack(rows), np.array([int(p.stem) for p in paths], float)))
    return out


def _gallery(albums: Sequence[Shots], order: Sequence[int] | Ids) -> tuple[Floats, Ids]:
    return np.concatenate([albums[i].scenes for i in order]), np.repeat(order, [len(albums[i].scenes) for i in order])


def _measure(albums: Sequence[Shots], seed: int) -> Figure:
    """Four albums at random to fit the threshold on, the other four shuffled to score it, again and again."""
    rules: dict[str, Callable[[list[tuple[Floats, Ids]], tuple[Floats, Ids]], Ids]] = {
        "sequential, fitted window": lambda train, test: _fitted(train, WINDOWS)(test[0]),
        "sequential, photo to photo": lambda train, test: _fitted(train, (1,))(test[0]),
        "agglomerative, average linkage": _clustered,
    }
    scores: dict[str, list[tuple[float, float]]] = {name: [] for name in rules}
    for i in range(GALLERIES):
        rng = np.random.default_rng([seed, i])
        order = rng.permutation(len(albums))
        half = len(order) // 2
        train = [_gallery(albums, rng.permutation(order[:half])) for _ in range(TRAINING)]
        test = _gallery(albums, order[half:])
        for name, rule in rules.items():
            labels = rule(train, test)
            f1 = border_f1(np.diff(test[1]) != 0, np.diff(labels) != 0)
            scores[name].append((f1, rand_index(test[1], labels)))
    return {
        name: {"border F1": interval([f for f, _ in s]), "ARI": interval([a for _, a in s])}
        for name, s in scores.items()
    }


def _fitted(train: Sequence[tuple[Floats, Ids]], windows: Sequence[int]) -> Borders:
    return fit([g for g, _ in train], [t for _, t in train], windows)


def _clustered(train: list[tuple[Floats, Ids]], test: tuple[Floats, Ids]) -> Ids:
    """Its threshold is the one with the best ARI on one training gallery: order means nothing to it."""
    scenes, truth = train[0]
    apart = euclid(scenes, scenes)
    grid = np.quantile(apart, [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    best = max(grid.tolist(), key=lambda t: rand_index(truth, cut(apart, t)))
    return cut(euclid(test[0], test[0]), best)


def _gaps(albums: Sequence[Shots], seed: int) -> Figure:
    """A stand-in for time, as these files tell none: numbers given at upload, nearly without gaps inside an album."""
    scores = []
    for i in range(GALLERIES):
        order = np.random.default_rng([seed, i]).permutation(len(albums))
        half = len(order) // 2
        inside = np.concatenate([np.abs(np.diff(albums[a].numbers)) for a in order[:half]])
        limit = float(np.quantile(inside, 0.99))
        numbers = np.concatenate([albums[a].numbers for a in order[half:]])
        truth = np.repeat(order[half:], [len(albums[a].numbers) for a in order[half:]])
        scores.append(border_f1(np.diff(truth) != 0, np.abs(np.diff(numbers)) > limit))
    return {"border F1": interval(scores)}
