"""Whether weak features gain most from the MAP rule: made-up histograms as strong as each of the paper's features."""

from __future__ import annotations

import warnings
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.album.experiments.figures import Figures, interval
from mien.identity import still_to_video
from mien.identity.still_to_video import People, Rule, divergence, nearest_mean
from mien.record import Figure
from mien.types import Floats

# The paper's logs: features → share right in % by MAP fusion and by the proposed rule.
PAPER = {
    "YTF, ResNet-101 L2": (33.25, 34.30),
    "YTF, ResNet-101 χ²": (34.80, 37.16),
    "YTF, VGG L2": (43.33, 47.30),
    "YTF, VGG χ²": (44.71, 48.67),
    "YTF, VGG colour L2": (47.69, 50.07),
    "YTF, own LCNN L2": (51.06, 54.82),
    "YTF, LCNN-C L2": (65.43, 67.64),
    "IJB-A, LCNN-C L2": (82.23, 83.33),
    "IJB-A, ResNet-101 L2": (85.70, 87.56),
    "IJB-A, ResNet-101 χ²": (86.13, 88.32),
    "IJB-A, VGG L2": (89.26, 90.27),
    "IJB-A, VGG χ²": (89.93, 91.46),
    "IJB-A, VGG2-ResNet L2": (97.80, 97.97),
    "IJB-A, SENet χ²": (98.22, 98.14),
}
EDGES = (30, 40, 60, 75, 95, 100)  # shares right by MAP fusion that part the paper's features into levels
BELOW = 0.2  # a level weaker than any of the paper's, to see what comes then
PEOPLE, BINS, FRAMES, REPEATS = 200, 48, 6, 100
SIZES = np.unique(np.geomspace(20, 1000, 80).astype(int))  # draws of a histogram: the more, the stronger
TRIED = 6  # galleries that say how strong a size is
WEIGHTS, OTHERS = [3.0, 10.0, 30.0, 100.0, 300.0, 1000.0], [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]
RULES = ("mean distance", "MAP fusion", "MAP of all distances", "SVM")
GAIN = "gain over MAP fusion"
Gains = dict[str, NDArray[np.float64]]  # level, from the weakest → gain of each repetition


@dataclass(frozen=True, slots=True)
class Gallery:
    """A photo of everybody, a video of everybody, and the distances of the videos from the photos."""

    people: People
    queries: list[Floats]
    stills: Floats
    frames: list[Floats]

    def fitted(self, others: list[float]) -> Rule:
        """The rule that names most of these videos."""
        return still_to_video.fit(self.queries, np.arange(PEOPLE), self.people.between, WEIGHTS, others)

    def right(self, rule: Rule) -> float:
        """The share of the videos that a rule names rightly."""
        return _share([rule.decide(q, self.people.between) for q in self.queries])


def run(data: Path, seed: int) -> Figures:
    """All figures of this measurement; no data is read. A repetition is of the same people at every level."""
    sizes = {_said(share): _size(share, seed) for share in (BELOW, *wanted())}
    rows = {name: [_judged(size, seed, i) for i in range(REPEATS)] for name, size in sizes.items()}
    columns = {name: {rule: np.array([r[rule] for r in rs]) for rule in (*RULES, GAIN)} for name, rs in rows.items()}
    return {
        "levels": {
            name: {"draws": sizes[name], **{rule: interval(v) for rule, v in column.items()}}
            for name, column in columns.items()
        },
        "order": order({name: column[GAIN] for name, column in columns.items()}, 1 + peak()),
        "people": PEOPLE,
        "repetitions": REPEATS,
    }


def files(data: Path) -> list[Path]:
    """None."""
    return []


def grouped() -> list[list[str]]:
    """The paper's features, level by level from the weakest."""
    return [[n for n, (fused, _) in PAPER.items() if low <= fused < high] for low, high in pairwise(EDGES)]


def wanted() -> list[float]:
    """What MAP fusion names rightly at each level: the mean over the paper's features there."""
    return [float(np.mean([PAPER[n][0] for n in names])) / 100 for names in grouped()]


def peak() -> int:
    """The level at which the paper itself gains most."""
    return int(np.argmax([np.mean([PAPER[n][1] - PAPER[n][0] for n in names]) for names in grouped()]))


def order(gains: Gains, first: int) -> Figure:
    """By how much a level gains more than the next stronger one, over the same people.

    Beside it Page's test of gains that rise towards weak features, over the levels from the `first` on, and over all
    but the weakest, which the paper has not.
    """
    pairs = pairwise(gains.items())
    return {
        "steps": {f"{weak}, above {strong}": interval(a - b) for (weak, a), (strong, b) in pairs},
        "trend, from the paper's highest gain on": _trend(gains, first),
        "trend, all of the paper's range": _trend(gains, 1),
    }


def _trend(gains: Gains, first: int) -> Figure:
    from scipy.stats import page_trend_test

    names = list(gains)[first:]
    found = page_trend_test(np.stack([gains[name] for name in reversed(names)], 1), method="asymptotic")
    return {"levels": names, "p": float(found.pvalue)}


def _said(share: float) -> str:
    return f"{100 * share:.0f} %"


def _size(share: float, seed: int) -> int:
    """The draws with which MAP fusion names such a share rightly, on galleries that nothing is reported on."""

    def strength(size: int) -> float:
        taught, *others = (gallery(size, [seed, REPEATS + i]) for i in range(TRIED + 1))
        rule = taught.fitted([0.0])
        return float(np.mean([g.right(rule) for g in others]))

    return int(SIZES[min(bisect_left(SIZES.tolist(), share, key=strength), len(SIZES) - 1)])


def _judged(size: int, seed: int, repeat: int) -> dict[str, float]:
    """The share that each rule names rightly; what it fits, it fits on other people."""
    other, own = gallery(size, [seed, repeat, 1]), gallery(size, [seed, repeat])
    plain, proposed = (own.right(other.fitted(others)) for others in ([0.0], OTHERS))
    found = (
        _share([nearest_mean(q) for q in own.queries]),
        plain,
        proposed,
        _share(svm(own.stills * BINS, [f * BINS for f in own.frames])),
    )
    return {**dict(zip(RULES, found, strict=True)), GAIN: proposed - plain}


def gallery(size: int, seed: Sequence[int]) -> Gallery:
    """Persons are distributions over bins, the same ones for one seed; photos and frames are so many draws of them."""
    who, seen = np.random.default_rng(seed), np.random.default_rng([*seed, size])
    base = who.dirichlet(np.full(BINS, 4.0))
    models = who.dirichlet(base * BINS * 6, PEOPLE)

    def drawn(count: int) -> list[Floats]:
        made = (seen.multinomial(size, p, size=count) + 0.5 for p in models)
        return [(m / (size + 0.5 * BINS)).astype(np.float32) for m in made]

    stills, frames = np.concatenate(drawn(1)), drawn(FRAMES)
    people = People.of(stills, np.arange(PEOPLE), divergence)
    return Gallery(people, [people.distances(f) for f in frames], stills, frames)


def svm(stills: Floats, frames: Sequence[Floats]) -> list[int]:
    """The person of each track by a linear machine taught one photo a person, its scores summed over frames."""
    from sklearn.svm import LinearSVC

    machine = LinearSVC(C=10, max_iter=300, tol=1e-2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an SVM that has not quite settled is still the baseline
        machine.fit(stills, np.arange(len(stills)))
    return [int(machine.decision_function(f).sum(0).argmax()) for f in frames]


def _share(named: Sequence[int]) -> float:
    return float(np.mean(np.asarray(named) == np.arange(len(named))))
