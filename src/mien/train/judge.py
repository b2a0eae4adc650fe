"""The network that gives a second opinion on the detector's finds.

python -m mien.train.judge --scenes DIR --photos DIR

It learns from what the shipped detector takes for faces, rightly in composed scenes and wrongly there and in pictures
without people, enlarged to one size. What the detector believes most is shown most.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mien import store
from mien.card import Input
from mien.detectors.finder import Finder
from mien.detectors.load import FINDER
from mien.geometry import crop, iou, luma
from mien.runtime.onnx import Onnx
from mien.train import augment, loop
from mien.train.finder import Scenes
from mien.train.nets import Residual, conv
from mien.train.scenes import backdrop, pictures, stored
from mien.types import Floats, Frame, Pixels

FACE, NONE, LOW = 0.4, 0.15, 0.15  # overlap from which a find is right, below which wrong; the least score looked at
SIDE = 72  # stored side; the network sees 64 of it after turning and shifting
INPUT = Input(size=64, crop="square", margin=0.2, mean=(0.5,) * 3, std=(0.25,) * 3)
SMALLEST = 8.0  # pixels of a find's side; smaller ones tell nothing
FACES, OTHERS = 96, 160  # of a batch
HEDGE = 0.02  # no label is surer than this
GREY = 6.0  # mean difference between channels, of 255, below which there is no colour


class JudgeNet(nn.Module):
    """A find in colour (n, 3, 64, 64) → how surely it is a face (n, 1)."""

    def __init__(self, widths: tuple[int, int, int, int] = (24, 48, 96, 128)) -> None:
        super().__init__()
        a, b, c, d = widths
        self.trunk = nn.Sequential(
            *(conv(3, a, 2), nn.ReLU(), Residual(a, b, 2), Residual(b, c, 2), Residual(c, d, 2), nn.Flatten())
        )
        self.drop, self.face = nn.Dropout(0.2), nn.Linear(d * 16, 1)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """The logit under `face`."""
        return {"face": self.face(self.drop(self.trunk(x)))}


class Panel(nn.Module):
    """Several judges of one find: the mean of their logits is their answer."""

    def __init__(self, judges: Sequence[JudgeNet]) -> None:
        super().__init__()
        self.judges = nn.ModuleList(judges)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """The logit under `face`."""
        return {"face": torch.cat([judge(x)["face"] for judge in self.judges], 1).mean(1, keepdim=True)}


@dataclass(frozen=True, slots=True)
class Finds:
    """What the detector took for faces: squares (n, 72, 72, 3), its scores, and whether it was right."""

    images: Pixels
    scores: Floats
    right: NDArray[np.bool_]


def finds(detector: Finder, images: Pixels, boxes: Sequence[Floats]) -> Finds:
    """What the detector finds in pictures whose faces are known; what is half right is left out."""
    how = replace(INPUT, size=SIDE)
    cuts, scores, right = [], [], []
    for image, known in zip(images, boxes, strict=True):
        frame = Frame(image)
        found = detector.look(frame, luma(image), LOW)
        best = iou(found.boxes, known).max(1, initial=0)
        clear = np.flatnonzero(((best >= FACE) | (best < NONE)) & (found.boxes[:, 2:].min(1) >= SMALLEST))
        cuts += [crop(frame.pixels, found.boxes[i], found.points[i], how) for i in clear]
        scores += found.scores[clear].tolist()
        right += (best[clear] >= FACE).tolist()
    return Finds(np.array(cuts, np.uint8), np.array(scores, np.float32), np.array(right, bool))


def collected(scenes: Path, photos: Path, count: int, seed: int) -> Finds:
    """Finds in so many scenes and in as many parts of pictures without people."""
    known, empty = Scenes(scenes, seed), pictures(photos)
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(known.images), size=min(count, len(known.images)), replace=False)
    boxes = [known.boxes[known.starts[row] : known.ends[row]] for row in rows]
    parts = np.stack([np.asarray(stored(backdrop(empty, rng), rng)) for _ in range(count)])
    card = store.card(FINDER)
    detector = Finder(card, Onnx(store.read(card), card, threads=1), LOW)
    both = finds(detector, known.images[rows], boxes), finds(detector, parts, [np.zeros((0, 4), np.float32)] * count)
    images, scores, right = (np.concatenate([getattr(f, n) for f in both]) for n in ("images", "scores", "right"))
    return Finds(images, scores, right)


def colourless(images: Pixels) -> NDArray[np.bool_]:
    """Which finds show a grey face: their middle has no colour, whatever surrounds it."""
    side = images.shape[1] // 4
    middle = images[:, side:-side, side:-side].astype(np.int16)
    return (middle.max(-1) - middle.min(-1)).mean((1, 2)) < GREY


class Batches:
    """Right and wrong finds in fixed shares, the wrong ones by how much the detector believed them, the right ones by
    how little.

    Many of the faces are from grey photos: those are shown in grey altogether, and as large a share of the others.
    """

    def __init__(self, found: Finds, seed: int) -> None:
        self.found, self.seed = found, seed
        self.faces, self.others = np.flatnonzero(found.right), np.flatnonzero(~found.right)
        self.known, self.believed = (_shares(s) for s in (1 - found.scores[self.faces], found.scores[self.others]))
        self.grey = colourless(found.images)
        self.greyed = float(self.grey[self.faces].mean())

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        """The batch of a step: pictures and the wanted probability."""
        draw = np.random.default_rng((self.seed, step))
        rng = torch.Generator().manual_seed(self.seed * 1_000_003 + step)
        rows = np.concatenate(
            [draw.choice(self.faces, FACES, p=self.known), draw.choice(self.others, OTHERS, p=self.believed)]
        )
        grey = self.grey[rows] | (draw.random(len(rows)) < np.where(self.found.right[rows], 0.0, self.greyed))
        images = torch.from_numpy(self.found.images[rows]).permute(0, 3, 1, 2).float() / 255
        images = augment.tint(images, torch.from_numpy(grey), rng)
        flips = torch.rand(len(rows), generator=rng) < 0.5
        batch = augment.changed(images, flips, INPUT.size, augment.Strength(), rng)
        wanted = torch.from_numpy(np.where(self.found.right[rows], 1 - HEDGE, HEDGE).astype(np.float32))
        return batch.contiguous(memory_format=torch.channels_last), wanted


def _shares(weights: Floats) -> NDArray[np.float64]:
    return weights / weights.sum(dtype=np.float64)


def train(found: Finds, plan: loop.Plan, seed: int, checkpoint: Path, start: Path | None = None) -> JudgeNet:
    """Train, from another checkpoint's weights where one is named, and give the averaged network."""
    torch.manual_seed(seed)
    batches = Batches(found, seed)
    net = loop.averaged(JudgeNet(), start) if start else JudgeNet()

    def step(model: nn.Module, now: int) -> loop.Losses:
        images, wanted = batches(now)
        with torch.autocast("cpu", torch.bfloat16):
            said = model(images)["face"][:, 0]
        return {"face": nn.functional.binary_cross_entropy_with_logits(said.float(), wanted)}

    kept = loop.run(net, step, plan, checkpoint)
    assert isinstance(kept, JudgeNet)
    return kept


def main() -> None:
    """Train from the command line."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--scenes", type=Path, required=True, help="folder of scenes made by mien.train.scenes")
    parse.add_argument("--photos", type=Path, required=True, help="folder of pictures without people")
    parse.add_argument("--work", type=Path, default=Path(".cache/train"), help="folder of checkpoints")
    parse.add_argument("--name", default="judge", help="the checkpoint's")
    parse.add_argument("--start", type=Path, help="a checkpoint to go on from, with a fresh schedule")
    parse.add_argument("--count", type=int, default=9000, help="scenes, and parts of pictures, to look at")
    parse.add_argument("--steps", type=int, default=2500)
    parse.add_argument("--seed", type=int, default=1)
    parse.add_argument("--threads", type=int, default=2)
    given = parse.parse_args()
    torch.set_num_threads(given.threads)
    found = collected(given.scenes, given.photos, given.count, given.seed)
    plan = loop.Plan(given.steps, rate=2e-3 if given.start else 3e-3)
    train(found, plan, given.seed, given.work / f"{given.name}.pt", given.start)


if __name__ == "__main__":
    main()
