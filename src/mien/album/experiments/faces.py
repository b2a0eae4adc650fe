"""LFW crops of people that the network never saw, as vectors: one half of the people to fit on, one to report on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.geometry import brightness
from mien.heads import AGE, IDENTITY
from mien.io import photo
from mien.models.load import load
from mien.quality import SIDE, blur
from mien.train import sources
from mien.train.evaluate import answers, encoded
from mien.types import Floats, Frame

NETWORK = "mien_s"


@dataclass(frozen=True, slots=True)
class Crowd:
    """Vectors (n, d), whose they are (n,) by number, how old they look (n,) and how blurred they are (n,)."""

    vectors: Floats
    owner: NDArray[np.int64]
    ages: Floats
    blurs: Floats

    def pairs(self) -> tuple[Floats, Floats]:
        """Cosine distances of all pairs of one person and of two."""
        apart = 1 - self.vectors @ self.vectors.T
        upper = np.triu(np.ones(apart.shape, bool), 1)
        same = self.owner[:, None] == self.owner
        return apart[upper & same], apart[upper & ~same]

    def often(self, least: int) -> Crowd:
        """Only people with so many photos."""
        counts = np.bincount(self.owner)
        kept = counts[self.owner] >= least
        return self.pick(kept)

    def pick(self, kept: NDArray[np.bool_] | NDArray[np.int64]) -> Crowd:
        """Only these faces, their people numbered anew."""
        owner = np.unique(self.owner[kept], return_inverse=True)[1]
        return Crowd(self.vectors[kept], owner, self.ages[kept], self.blurs[kept])

    def each(self) -> list[Crowd]:
        """One person's faces after the other's."""
        return [self.pick(self.owner == person) for person in np.unique(self.owner)]


def halves(data: Path) -> tuple[Crowd, Crowd]:
    """People to fit on and people to report on, none of whom the network was trained on."""
    _, part = sources.lfw(data)
    pictures = encoded(data / "lfw_crops.parquet", part.names)
    read = answers(load(NETWORK, demographics=True), pictures)
    blurs = np.array([blur(_whole(photo.read(p))) for p in pictures], np.float32)
    crowd = Crowd(read[IDENTITY].values, np.unique(part.groups, return_inverse=True)[1], read[AGE].values[:, 0], blurs)
    first = sources.held_out(part.groups, 0.5, "clusters")
    return crowd.pick(first), crowd.pick(~first)


def _whole(frame: Frame) -> Floats:
    return brightness(frame.pixels, np.array([0, 0, *frame.size], np.float32), SIDE)


def networks(*names: str) -> dict[str, str]:
    """What each network's weights are, to the byte."""
    from mien import store

    return {(card := store.card(name)).name: card.hash for name in names}


def files(data: Path) -> list[Path]:
    """What the numbers hang on beside the code."""
    from mien import store

    return [data / "lfw_crops.parquet", _weights(store.find(store.card(NETWORK)))]


def _weights(path: Path | None) -> Path:
    assert path is not None, "the embedded network ships in the wheel"
    return path
