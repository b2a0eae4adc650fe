"""The detector's network, targets and training: `python -m mien.train.finder --scenes DIR`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as nnf

from mien.detectors.finder import CELLS, STRIDES
from mien.errors import InputError
from mien.geometry import luma
from mien.train import loop
from mien.train.nets import Residual, conv
from mien.types import Floats

REACH = {
    8: (0.0, 44.0),
    16: (32.0, 110.0),
    32: (80.0, 4000.0),
}  # face sides in pixels that a scale answers for; overlapping
RAW = 15  # score, centre x y, log width height, five points


class FinderNet(nn.Module):
    """Grey picture (n, 1, H, W) → raw maps (n, 15, H/s, W/s) at strides 8, 16, 32."""

    def __init__(self, wide: int = 32) -> None:
        super().__init__()
        first = nn.Conv2d(1, 24, 6, 4, 2, bias=False)  # one wide step down: full size costs most of the time
        self.stem = nn.Sequential(nn.Sequential(first, nn.BatchNorm2d(24)), nn.ReLU())
        self.fine = nn.Sequential(conv(24, 32, 2), nn.ReLU(), Residual(32, 32))
        self.middle = nn.Sequential(Residual(32, 64, 2), Residual(64, 64))
        self.coarse = nn.Sequential(Residual(64, 80, 2), Residual(80, 80))
        self.mix = nn.ModuleList([nn.Conv2d(c, wide, 1) for c in (32, 64, 80)])
        self.read = nn.ModuleList(
            [nn.Sequential(conv(wide, wide), nn.ReLU(), nn.Conv2d(wide, RAW, 1)) for _ in STRIDES]
        )
        rare = torch.tensor([-4.5] + [0.0] * (RAW - 1))  # faces are rare: the score starts low
        for last in [m for m in self.read.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (1, 1)]:
            nn.init.normal_(last.weight, std=0.01)
            last.bias = nn.Parameter(rare.clone())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Raw maps, finest first."""
        fine = self.fine(self.stem(x))
        middle = self.middle(fine)
        coarse = self.mix[2](self.coarse(middle))
        middle = self.mix[1](middle) + nnf.interpolate(coarse, scale_factor=2.0, mode="nearest")
        fine = self.mix[0](fine) + nnf.interpolate(middle, scale_factor=2.0, mode="nearest")
        return self.read[0](fine), self.read[1](middle), self.read[2](coarse)


@dataclass(frozen=True, slots=True)
class Target:
    """What one scale should say: values (15, h, w), where faces are (h, w), and where nothing is asked (h, w)."""

    values: Floats
    face: NDArray[np.bool_]
    ignore: NDArray[np.bool_]


def target(boxes: Floats, points: Floats, size: tuple[int, int], stride: int) -> Target:
    """The wanted maps of one picture (width, height): the cells around each face's centre carry it."""
    width, height = size[0] // stride, size[1] // stride
    values = np.zeros((RAW, height, width), np.float32)
    face, ignore = np.zeros((height, width), bool), np.zeros((height, width), bool)
    x, y = np.meshgrid((np.arange(width) + 0.5) * stride, (np.arange(height) + 0.5) * stride)
    low, high = REACH[stride]
    for box, five in sorted(zip(boxes, points, strict=True), key=lambda pair: -float(pair[0][2] * pair[0][3])):
        side = float(np.sqrt(box[2] * box[3]))
        off_x, off_y = box[0] + box[2] / 2 - x, box[1] + box[3] / 2 - y
        ignore |= (np.abs(off_x) < 0.3 * box[2]) & (np.abs(off_y) < 0.3 * box[3])
        if not low <= side < high:
            continue
        reach = min(max(1.0 * stride, 0.15 * side), 2.0 * stride)
        here = (np.abs(off_x) <= reach) & (np.abs(off_y) <= reach)
        face |= here
        middle = box[:2] + box[2:] / 2
        shape = ((five - middle) / box[2:]).reshape(10)
        stack = [np.ones_like(x), off_x / stride, off_y / stride]
        stack += [np.full_like(x, np.log(side / (CELLS * stride))) for side in box[2:]]
        stack += [np.full_like(x, v) for v in shape]
        values[:, here] = np.stack(stack)[:, here]
    return Target(values, face, ignore & ~face)


def losses(maps: tuple[Tensor, ...], wanted: list[list[Target]]) -> loop.Losses:
    """Focal loss on the score, smooth L1 on box and points; summed over scales, per face cell."""
    score, box, point = [], [], []
    faces = 0
    for raw, targets in zip(maps, wanted, strict=True):
        raw = raw.float()
        values = torch.from_numpy(np.stack([t.values for t in targets]))
        face = torch.from_numpy(np.stack([t.face for t in targets]))
        asked = ~torch.from_numpy(np.stack([t.ignore for t in targets]))
        faces += int(face.sum())
        p = raw[:, 0].sigmoid()
        away = torch.where(face, 1 - p, p)
        score.append(
            (away**2 * nnf.binary_cross_entropy_with_logits(raw[:, 0], face.float(), reduction="none"))[asked].sum()
        )
        place = face[:, None].expand(-1, 4, -1, -1)
        box.append(nnf.smooth_l1_loss(raw[:, 1:5][place], values[:, 1:5][place], reduction="sum", beta=0.1))
        known = face[:, None].expand(-1, 10, -1, -1) & values[:, 5:].isfinite()
        point.append(nnf.smooth_l1_loss(raw[:, 5:][known], values[:, 5:][known], reduction="sum", beta=0.02))
    count = max(faces, 1)
    return {
        "score": sum(score, torch.zeros(())) / count,
        "box": 0.5 * sum(box, torch.zeros(())) / count,
        "points": 0.5 * sum(point, torch.zeros(())) / count,
    }


class Scenes:
    """Rendered and composed scenes from .npz shards: pictures with their boxes and points."""

    def __init__(self, folder: Path, seed: int) -> None:
        shards = sorted(folder.glob("*.npz"))
        if not shards:
            raise InputError(
                f"no scenes (*.npz) in {folder}; make them with: python -m mien.train.scenes --out {folder}"
            )
        loaded = [np.load(s, allow_pickle=False) for s in shards]
        self.images = np.concatenate([s["images"] for s in loaded])
        self.boxes = np.concatenate([s["boxes"] for s in loaded])
        self.points = np.concatenate([s["points"] for s in loaded])
        counts = np.concatenate([s["counts"] for s in loaded])
        self.ends = np.cumsum(counts)
        self.starts = self.ends - counts
        self.seed = seed

    def batch(self, step: int, count: int) -> tuple[Tensor, list[list[Target]]]:
        """Grey pictures (n, 1, S, S), normalised as the card says, and per scale the wanted maps."""
        draw = np.random.default_rng((self.seed, step))
        rows = draw.integers(len(self.images), size=count)
        size = self.images.shape[2], self.images.shape[1]
        images, wanted = [], [[] for _ in STRIDES]
        for row in rows:
            image = luma(self.images[row])
            boxes = self.boxes[self.starts[row] : self.ends[row]]
            points = self.points[self.starts[row] : self.ends[row]]
            if draw.random() < 0.5:
                image, boxes, points = mirror(image, boxes, points)
            images.append(relight(image, draw))
            for place, stride in zip(wanted, STRIDES, strict=True):
                place.append(target(boxes, points, size, stride))
        batch = torch.from_numpy(np.stack(images))[:, None]
        return ((batch - 0.5) / 0.25).contiguous(memory_format=torch.channels_last), wanted


def mirror(image: NDArray[np.uint8], boxes: Floats, points: Floats) -> tuple[NDArray[np.uint8], Floats, Floats]:
    """Left and right exchanged, the points' order too."""
    width = image.shape[1]
    boxes, points = boxes.copy(), points[:, [1, 0, 2, 4, 3]].copy()
    boxes[:, 0] = width - boxes[:, 0] - boxes[:, 2]
    points[..., 0] = width - points[..., 0]
    return image[:, ::-1], boxes, points


def relight(image: NDArray[np.uint8], draw: np.random.Generator) -> Floats:
    """Another gamma, contrast and brightness, and some noise."""
    value = (image.astype(np.float32) / 255) ** np.float32(np.exp(draw.normal(0, 0.25)))
    value = (value - 0.5) * np.float32(np.exp(draw.normal(0, 0.25))) + np.float32(0.5 + draw.normal(0, 0.08))
    if draw.random() < 0.3:
        value = value + draw.normal(0, 0.05 * draw.random(), value.shape).astype(np.float32)
    return np.clip(value, 0, 1).astype(np.float32)


def main() -> None:
    """Train from the command line."""
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--scenes", type=Path, required=True)
    parse.add_argument("--work", type=Path, default=Path(".cache/train"))
    parse.add_argument("--name", default="finder", help="the checkpoint's")
    parse.add_argument("--start", type=Path, help="a checkpoint to go on from, with a fresh schedule")
    parse.add_argument("--steps", type=int, default=4000)
    parse.add_argument("--batch", type=int, default=32)
    parse.add_argument("--seed", type=int, default=1)
    parse.add_argument("--threads", type=int, default=2)
    given = parse.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    scenes = Scenes(given.scenes, given.seed)

    def step(model: nn.Module, now: int) -> loop.Losses:
        images, wanted = scenes.batch(now, given.batch)
        with torch.autocast("cpu", torch.bfloat16):
            maps = model(images)
        return losses(maps, wanted)

    net = loop.averaged(FinderNet(), given.start) if given.start else FinderNet()
    loop.run(net, step, loop.Plan(given.steps, rate=3e-3), given.work / f"{given.name}.pt")


if __name__ == "__main__":
    main()
