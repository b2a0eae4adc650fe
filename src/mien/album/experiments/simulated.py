"""Events from noisy scores and made-up captions, where the truth is known because it was made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mien.album.captions import Kinds, ensemble
from mien.album.events import dissimilarity, peaks, pooled
from mien.album.experiments.figures import Figures, interval
from mien.identity import attention
from mien.identity.linkage import cut
from mien.link import softmax
from mien.record import Figure
from mien.types import Floats

Ids = NDArray[np.int64]
Made: TypeAlias = tuple[Floats, Ids, Ids]  # scores, classes, albums
CLASSES, ALBUMS = 14, 30
TAUGHT = (300, 1507)  # albums that attention learns from, the latter as in ML-CUFED; the words learn from the former
WORDS, SHARES = 8, (0.2, 0.35, 0.5, 0.65, 0.8)  # of a caption; weights of the photos' scores beside it
RAW = "mean of raw scores"
GRID = np.linspace(0.5, 0.999, 30)


def run(data: Path, seed: int) -> Figures:
    """All figures of this measurement; no data is read."""
    return {"events": _events(seed)}


def files(data: Path) -> list[Path]:
    """None."""
    return []


def _events(seed: int) -> Figure:
    """Errors of a noisy classifier: photo by photo, over groups found in three ways, and over true albums."""
    rows: dict[str, list[float]] = {}
    for repeat in range(20):
        rng = np.random.default_rng([seed, repeat])
        train, test = _gallery(rng), _gallery(rng)
        few, many = _gallery(rng, TAUGHT[0]), _gallery(np.random.default_rng([seed, repeat, 2]), TAUGHT[1])
        worded = np.random.default_rng([seed, repeat, 1])
        told = _by_captions([_captions(made, worded) for made in (few, train, test)], few, train)
        for name, guess in (_guesses(train, test, (few, many)) | _ensembles(train, test, *told)).items():
            rows.setdefault(name, []).append(float(np.mean(guess != test[1])))
    single = np.array(rows["single photos"])
    figures: dict[str, Figure] = {f"error, {name}": interval(values) for name, values in rows.items()}
    gains = {n: interval((single - np.array(v)) / single) for n, v in rows.items() if n != "single photos"}
    raw, attended = (np.array(rows[f"true albums, {how}"]) for how in (RAW, f"attention of {TAUGHT[1]} albums"))
    in_groups, clustered = (np.array(rows[name]) for name in ("sequential groups, mean", "agglomerative groups, mean"))
    return {
        **figures,
        "share of the single photos' error that goes": gains,
        "more photos right by attention than by the mean of raw scores": interval(raw - attended),
        "more photos right by sequential groups": interval(single - in_groups),
        "share of the agglomerative groups' error that goes": interval((clustered - in_groups) / clustered),
    }


def _gallery(rng: np.random.Generator, count: int = ALBUMS) -> Made:
    """Scores (n, classes), classes and albums; photos of one album err alike in part, and some say more than others."""
    scores, classes, albums = [], [], []
    for album in range(count):
        label, photos = int(rng.integers(CLASSES)), int(rng.integers(15, 50))
        shared = 0.9 * rng.standard_normal(CLASSES)
        telling = rng.uniform(0.2, 2.6, (photos, 1))
        own = telling * np.eye(CLASSES)[label] * 1.6 + shared + 1.1 * rng.standard_normal((photos, CLASSES))
        scores.append(own)
        classes += [label] * photos
        albums += [album] * photos
    return np.concatenate(scores).astype(np.float32), np.array(classes), np.array(albums)


def _guesses(train: Made, test: Made, taught: Sequence[Made]) -> dict[str, Ids]:
    """Both ways of grouping take the parameter with the fewest wrong photos on the training gallery."""
    sure = softmax(test[0])
    found = _fitted(_sequential, GRID, train)(sure)
    clustered = _fitted(_agglomerative, np.linspace(0.02, 0.5, 7), train)(sure)
    attend = {f"attention of {count} albums": _attention(made) for count, made in zip(TAUGHT, taught, strict=True)}
    ways = {"mean": (sure, _mean), RAW: (test[0], _mean), **{name: (test[0], rule) for name, rule in attend.items()}}
    groups = {"sequential groups": found, "true albums": test[2]}
    return {
        "single photos": sure.argmax(1),
        "sequential groups, mean, half a photo's own": pooled(sure, found).argmax(1),
        "agglomerative groups, mean": _spread(sure, clustered, _mean),
        **{f"{g}, {w}": _spread(scores, own, rule) for g, own in groups.items() for w, (scores, rule) in ways.items()},
    }


def _attention(taught: Made) -> Callable[[Floats], int]:
    """Attention and classifier learnt from whole albums, on raw scores as on any features."""
    albums = range(int(taught[2].max()) + 1)
    sets, labels = [taught[0][taught[2] == a] for a in albums], [taught[1][taught[2] == a][0] for a in albums]
    model = attention.fit(sets, np.array(labels), classes=CLASSES, steps=200)
    return lambda members: int(model(members).argmax())


def _captions(made: Made, rng: np.random.Generator) -> list[str]:
    """Eight words a photo: some tell the class, or another one, and most say nothing."""
    classes, shape = made[1], (len(made[1]), WORDS)
    own = np.where(rng.random(shape) < 0.45, classes[:, None], rng.integers(CLASSES, size=shape))
    telling = rng.random(shape) < 0.2
    drawn = np.where(telling, rng.integers(12, size=shape), rng.integers(300, size=shape))
    return [
        " ".join(f"kind{c}x{w}" if t else f"word{w}" for c, w, t in zip(cs, ws, ts, strict=True))
        for cs, ws, ts in zip(own.tolist(), drawn.tolist(), telling.tolist(), strict=True)
    ]


def _by_captions(captions: Sequence[list[str]], taught: Made, train: Made) -> tuple[Floats, Floats, float]:
    """A classifier of bags of words, from the first captions: scores of the others, and the weight of the photos'."""
    kinds = Kinds.of(captions[0], [str(c) for c in taught[1]], [str(c) for c in range(CLASSES)])
    on_train, on_test = (kinds(c) for c in captions[1:])
    sure = softmax(train[0])
    weight = max(SHARES, key=lambda w: float(np.mean(ensemble(sure, on_train, w).argmax(1) == train[1])))
    return on_train, on_test, weight


def _ensembles(train: Made, test: Made, on_train: Floats, on_test: Floats, weight: float) -> dict[str, Ids]:
    """Captions alone and beside the photos' scores; the groups are found in what both say together."""
    both, taught = ensemble(softmax(test[0]), on_test, weight), ensemble(softmax(train[0]), on_train, weight)
    groups = _fitted(_sequential, GRID, train, taught)(both)
    return {
        "single captions": on_test.argmax(1),
        "single photos with captions": both.argmax(1),
        "sequential groups of photos with captions, mean": _spread(both, groups, _mean),
    }


def _fitted(
    group: Callable[[Floats, float], Ids], grid: NDArray[np.float64], train: Made, scores: Floats | None = None
) -> Callable[[Floats], Ids]:
    sure = softmax(train[0]) if scores is None else scores
    best = min(grid.tolist(), key=lambda t: float(np.mean(_spread(sure, group(sure, t), _mean) != train[1])))
    return lambda scores: group(scores, best)


def _sequential(scores: Floats, share: float) -> Ids:
    steps = dissimilarity(scores, 3)
    return np.concatenate([[0], np.cumsum(peaks(steps, float(np.quantile(steps, share))))])


def _agglomerative(scores: Floats, share: float) -> Ids:
    apart = _lengths(scores, scores)
    return cut(apart, float(np.quantile(apart, share)))


def _lengths(a: Floats, b: Floats) -> Floats:
    """Plain distances of rows: scores are no directions."""
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
    return np.sqrt(np.maximum(squares, 0)).astype(np.float32)


def _mean(scores: Floats) -> int:
    return int(scores.mean(0).argmax())


def _spread(scores: Floats, groups: Ids, decide: Callable[[Floats], int]) -> Ids:
    out = np.zeros(len(scores), np.int64)
    for group in np.unique(groups):
        out[groups == group] = decide(scores[groups == group])
    return out
