"""Synthetic twins of the sets of single pictures: AffectNet, and LSD with its synthetic training faces.

Counts are published; the gains are round guesses made before any recipe ran, with the published scores in mind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.labels import AFFECTNET8, EXPRESSIONS
from mien.train import latent
from mien.train.clips import FAINT, Told
from mien.train.data import affectnet, folders
from mien.train.features import Writer

NETWORK = "enet_b0_8_va_mtl"
WIDTH = 1280
ALIKE = 1.0  # how far synthetic faces lie from real ones, in the noise's standard deviations, along an identity axis
# Train counts of AffectNet, anger to surprise; the validation part has 500 of each
COUNTS = (24_882, 3_750, 3_803, 6_378, 134_415, 74_874, 25_459, 14_090)
AFFECTNET_GAIN = 1.75  # eight classes, read with an accuracy of 0.62
# Synthetic training pictures of LSD, anger to surprise; 4,670 real ones to validate on, their shares unpublished
LSD_COUNTS = (18_286, 15_150, 10_923, 73_285, 144_631, 14_976)
LSD_REAL, LSD_GAIN = 4_670, 1.6  # six classes, read with a macro-F1 of 0.61


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A network that was trained on real faces, as it sees some: a map to its embedding, and sure logits."""

    gain: float
    mixing: NDArray[np.float32]

    @classmethod
    def of(cls, gain: float) -> Look:
        """The same map for every picture."""
        size = len(AFFECTNET8) + latent.IDENTITY
        mixing = np.random.default_rng(1280).standard_normal((size, WIDTH)) / size**0.5
        return cls(gain, mixing.astype(np.float32))

    def __call__(self, draw: np.random.Generator, classes: NDArray[np.int64], strange: bool, out: Writer) -> None:
        """Write embedding and logits of pictures that show these classes of AFFECTNET8."""
        n, at = len(classes), out.done
        state = draw.standard_normal((n, len(self.mixing))).astype(np.float32)
        state[np.arange(n), classes] += self.gain * (0.7 if strange else 1.0)
        state[:, -1] += ALIKE * strange
        embedding = state @ self.mixing + FAINT * draw.standard_normal((n, WIDTH)).astype(np.float32)
        raw = np.hstack([self.gain * state[:, : len(AFFECTNET8)], np.zeros((n, 2), np.float32)])
        zero = np.zeros(n, np.int64)
        out.add(np.arange(at, at + n), zero, np.ones(n, bool), embedding.astype(np.float32), raw.astype(np.float32))


def _drawn(draw: np.random.Generator, counts: Sequence[int], scale: float) -> NDArray[np.int64]:
    sizes = [max(round(c * scale), 12) for c in counts]
    return draw.permutation(np.repeat(np.arange(len(counts)), sizes))


def _affectnet(out: Path, seed: int, scale: float, told: Told) -> None:
    draw, look = np.random.default_rng(seed), Look.of(AFFECTNET_GAIN)
    splits = {"train": _drawn(draw, COUNTS, scale), "validation": _drawn(draw, (500,) * 8, max(scale, 0.03))}
    names = {s: [f"{s}/{i}.jpg" for i in range(len(c))] for s, c in splits.items()}
    out.mkdir(parents=True, exist_ok=True)
    writer = Writer(out / "features" / NETWORK, [n for split in names.values() for n in split], WIDTH, 10)
    for split, classes in splits.items():
        look(draw, classes, False, writer)
        own = [EXPRESSIONS.index(AFFECTNET8.names[c]) for c in classes]
        rows = [f"{n},0,0,224,224,,{c},-2,-2" for n, c in zip(names[split], own, strict=True)]
        head = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"
        (out / affectnet.FILES[split]).write_text("\n".join([head, *rows]) + "\n")
        told(len(classes))


def _lsd(out: Path, seed: int, scale: float, told: Told) -> None:
    draw, look, tree = np.random.default_rng(seed), Look.of(LSD_GAIN), folders.LSD
    own = np.array([0, 2, 3, 4, 6, 7])  # the six among AFFECTNET8
    counts: Mapping[str, Sequence[int]] = {"train": LSD_COUNTS, "validation": (LSD_REAL // 6,) * 6}
    splits = {s: _drawn(draw, c, scale if s == "train" else max(scale, 0.05)) for s, c in counts.items()}
    names: list[str] = []
    for split, classes in splits.items():
        for i, c in enumerate(classes):
            place = out / tree.splits[split] / tree.classes[c]
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{i:06d}.jpg").touch()  # stands for the picture itself
            names.append(f"{tree.splits[split]}/{tree.classes[c]}/{i:06d}")
    writer = Writer(out / "features" / NETWORK, names, WIDTH, 10)
    for split, classes in splits.items():
        look(draw, own[classes], split == "train", writer)
        told(len(classes))


KINDS: dict[str, Callable[[Path, int, float, Told], None]] = {"affectnet": _affectnet, "lsd": _lsd}
