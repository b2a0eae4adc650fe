"""Synthetic twins of the affect challenges: the same files, with features of a known latent process.

All figures of `STATISTICS` are published with the data sets or as plain per-frame scores of the papers' heads.
The gains were set, before any recipe ran, so that plain heads on a tenth of the multi-task twin score about what
ABAW-7 gives for them (0.34, 0.48, 0.49); the uni-task twin has the same, for the same networks look at such faces.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.errors import unknown
from mien.labels import AFFECTNET8, AFFWILD2
from mien.train import clips, latent, stills
from mien.train.data import FPS, Ints, Rows, Target, affwild2, mtl
from mien.train.features import Writer
from mien.types import Floats

RATES = (0.18, 0.08, 0.20, 0.30, 0.40, 0.37, 0.26, 0.02, 0.03, 0.03, 0.68, 0.10)  # share of each unit's ones
GAINS = {"expression": 1.95, "valence_arousal": 2.0, "action_units": 1.7}  # signal against a noise of variance one
FAINT = 0.3  # noise of each embedding column of its own, beside the latent's
ALIKE = 0.5  # share of the noise that two networks have in common: they look at the same pixels


@dataclass(frozen=True, slots=True)
class Split:
    """Published size and class shares of a split, and the share of rows in which each question has an answer."""

    rows: int
    videos: int
    shares: tuple[float, ...]
    known: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Statistics:
    """A data set's splits, frames from one row to the next, share of frames without a face, gains of the features."""

    splits: Mapping[str, Split]
    stride: int
    lost: float
    gains: Mapping[str, float]


TRAIN_SHARES = (0.26, 0.05, 0.03, 0.03, 0.20, 0.08, 0.06, 0.27)
VALID_SHARES = (0.12, 0.03, 0.04, 0.08, 0.24, 0.12, 0.06, 0.30)
UNI_COUNTS = (177_198, 16_573, 10_771, 9_080, 95_463, 78_751, 31_615, 165_866)
QUESTIONS = ("expression", "valence_arousal", "action_units")

MTL = Statistics(
    {
        "train": Split(
            142_333,
            257,
            TRAIN_SHARES,
            {"expression": 90_645 / 142_333, "valence_arousal": 103_917 / 142_333, "action_units": 103_316 / 142_333},
        ),
        "validation": Split(
            26_876, 50, VALID_SHARES, {"expression": 15_440 / 26_876, "valence_arousal": 1.0, "action_units": 1.0}
        ),
    },
    stride=13,  # 221 thousand rows were taken from 2.99 million frames
    lost=0.0,
    gains=GAINS,
)


def _uni(train: tuple[int, int], valid: tuple[int, int], known: float) -> Statistics:
    shares = tuple(c / sum(UNI_COUNTS) for c in UNI_COUNTS)
    every: Mapping[str, float] = dict.fromkeys(QUESTIONS, known)
    return Statistics(
        {"train": Split(*train, shares, every), "validation": Split(*valid, shares, every)},
        stride=1,
        lost=0.015,  # 2,942,996 pictures of 2.99 million frames
        gains=GAINS,
    )


UNI = _uni((1_653_757, 356), (376_323, 76), 0.9)
NETWORKS = {"ddamfn_mtl": 512, "enet_b0_8_va_mtl": 1280, "enet_b0_8_best_vgaf": 1280, "wav2vec2": 768}


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """One video of a twin: frames, truth by question, what every network could see of it."""

    frame: Ints
    targets: Mapping[str, Target]
    signal: Floats  # (n, 22) expressions, valence and arousal, units, times their gains
    noise: Floats  # (n, 38) what two networks have in common
    seen: NDArray[np.bool_]


def film(draw: np.random.Generator, n: int, stats: Statistics, split: Split) -> Film:
    """A video of n rows."""
    step = stats.stride / FPS
    mood = latent.moods(draw, n, step, split.shares)
    feeling = latent.affect(draw, mood, step)
    units = latent.switches(draw, n, step, RATES)
    label = latent.mislabelled(draw, mood, split.shares)
    truths = {
        "expression": np.eye(len(AFFWILD2), dtype=np.float32)[label],
        "valence_arousal": np.round(feeling, 3),
        "action_units": units.astype(np.float32),
    }
    known = {q: ~latent.bursts(draw, n, 1 - split.known[q]) for q in QUESTIONS}
    targets = {q: Target(truths[q] * known[q][:, None], known[q]) for q in QUESTIONS}
    gains = [stats.gains[q] for q in QUESTIONS]
    signal = np.hstack([latent.shown(draw, mood) * gains[0], feeling * gains[1], units * gains[2]]).astype(np.float32)
    noise = latent.noise(draw, n, signal.shape[1] + latent.IDENTITY, step)
    frame = np.arange(1, n + 1, dtype=np.int64) * stats.stride
    return Film(frame, targets, signal, noise, ~latent.bursts(draw, n, stats.lost))


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """How a network's embedding mixes the latent: the same map for every picture it sees."""

    width: int
    mixing: Floats
    gains: tuple[float, float]

    @classmethod
    def of(cls, name: str, stats: Statistics) -> Network:
        """The network of this name; its map depends on the name alone."""
        size = 22 + latent.IDENTITY
        draw = np.random.default_rng(zlib.crc32(name.encode()))
        mixing = draw.standard_normal((size, NETWORKS[name])) / size**0.5
        return cls(
            NETWORKS[name], mixing.astype(np.float32), (stats.gains["expression"], stats.gains["valence_arousal"])
        )

    def look(self, draw: np.random.Generator, film: Film, step: float) -> tuple[Floats, Floats]:
        """Embedding (n, width) and ten logits: the eight of AffectNet, sure as the noise allows, valence, arousal."""
        own = latent.noise(draw, len(film.frame), film.noise.shape[1], step)
        state = film.noise * np.float32(ALIKE**0.5) + own * np.float32((1 - ALIKE) ** 0.5)
        state[:, : film.signal.shape[1]] += film.signal
        embedding = (state @ self.mixing).astype(np.float32, copy=False)
        embedding += draw.standard_normal(embedding.shape, np.float32) * np.float32(FAINT)
        gain, affect_gain = self.gains
        scores = np.zeros((len(state), 10), np.float32)
        for i, name in enumerate(AFFECTNET8):
            if name in AFFWILD2.names:
                scores[:, i] = gain * state[:, AFFWILD2.index(name)]
        scores[:, 8:] = state[:, 8:10] / affect_gain
        return embedding, scores


def lengths(draw: np.random.Generator, rows: int, videos: int) -> Ints:
    """Rows of each video: uneven, and exactly as many in all."""
    weights = draw.gamma(2.0, size=videos)
    ends = np.round(np.cumsum(weights) / weights.sum() * (rows - videos)).astype(np.int64)
    return np.diff(ends, prepend=0) + 1


Told = Callable[[int], None]
Make = Callable[[Path, int, float, Told], None]


def write(kind: str, out: Path, seed: int = 0, scale: float = 1.0, told: Told = lambda rows: None) -> None:
    """The files of a twin and the features its recipes read.

    A part of the size keeps all shares; its videos are both fewer and shorter.
    """
    KINDS[kind](out, seed, scale, told)


def _films(
    stats: Statistics, out: Path, seed: int, scale: float, networks: Sequence[str], told: Told
) -> dict[str, Rows]:
    """Draw every film, write its features, keep its truth."""
    part = scale**0.5
    sizes = {s: (max(round(p.rows * scale), 360), max(round(p.videos * part), 6)) for s, p in stats.splits.items()}
    names = [f"{split}{i:03d}" for split, (_, videos) in sizes.items() for i in range(videos)]
    eyes = {n: Network.of(n, stats) for n in networks}
    writers = {n: Writer(out / "features" / n, names, NETWORKS[n], 10) for n in networks}
    kept: dict[str, Rows] = {}
    at = 0
    for which, (split, (rows, videos)) in enumerate(sizes.items()):
        parts: list[Film] = []
        for i, n in enumerate(lengths(np.random.default_rng((seed, which)), rows, videos).tolist()):
            draw = np.random.default_rng((seed, which, i))
            one = film(draw, n, stats, stats.splits[split])
            for name in networks:
                embedding, scores = eyes[name].look(draw, one, stats.stride / FPS)
                writers[name].add(np.full(n, at), one.frame, one.seen, embedding, scores)
            parts.append(one)
            at += 1
            told(n)
        kept[split] = _rows([n for n in names if n.startswith(split)], parts)
    return kept


def _rows(names: Sequence[str], films: Sequence[Film]) -> Rows:
    video = np.repeat(np.arange(len(films)), [len(f.frame) for f in films]).astype(np.int64)
    targets = {
        q: Target(
            np.concatenate([f.targets[q].values for f in films]), np.concatenate([f.targets[q].known for f in films])
        )
        for q in films[0].targets
    }
    return Rows(tuple(names), video, np.concatenate([f.frame for f in films]), targets)


def _mtl(out: Path, seed: int, scale: float, told: Told) -> None:
    for split, rows in _films(MTL, out, seed, scale, ("ddamfn_mtl", "enet_b0_8_va_mtl"), told).items():
        mtl.write(rows, out / mtl.FILES[split][0])


def _affwild2(out: Path, seed: int, scale: float, told: Told) -> None:
    networks = ("enet_b0_8_best_vgaf", "ddamfn_mtl", "wav2vec2")
    for split, rows in _films(UNI, out, seed, scale, networks, told).items():
        for task in (affwild2.EXPR, affwild2.VA, affwild2.AU):
            affwild2.write_tree(task, rows, out / f"{task.prefix}_Challenge" / affwild2.FOLDERS[split])


KINDS: dict[str, Make] = {"affwild2": _affwild2, "mtl": _mtl, **clips.KINDS, **stills.KINDS}


def kind_of(reader: str) -> str:
    """The twin whose files a reader reads: affwild2 for affwild2-expr, and so on."""
    if reader.split("-")[0] not in KINDS:
        raise unknown("twin for the reader", reader, KINDS)
    return reader.split("-")[0]
