"""docs/failures.jpg: rendered faces that the shipped networks read most wrongly, for the model card.

No photo of a person is shown. Expressions are judged by the prototype that was rendered, finds by the rendered boxes.

python -m mien.train.failures --renders DIR --scenes DIR
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mien.api import perceiver
from mien.detectors import Detector
from mien.geometry import iou
from mien.heads import EXPRESSION
from mien.labels import EXPRESSIONS
from mien.models import Model
from mien.train import sources
from mien.train.embedded import crops
from mien.train.finder import Scenes
from mien.types import Frame

TILE, ACROSS, CAPTION = 112, 8, 28
Tile = tuple[NDArray[np.uint8], str]  # a picture and what is wrong with it


def misread(net: Model, renders: Path, count: int) -> list[Tile]:
    """The expressions that were taken most surely for another, one per pair of shown and read."""
    part = sources.renders(renders)
    shown = part.targets["expression"]
    rows = np.flatnonzero(np.isfinite(shown).all(1))
    read = net.answers(crops(part.images[rows], net.card.input.size))[EXPRESSION].values
    truth, said = shown[rows].argmax(1), read.argmax(1)
    found, pairs = list[Tile](), set[tuple[int, int]]()
    for i in np.argsort(-read.max(1), kind="stable"):
        pair = int(truth[i]), int(said[i])
        if pair[0] == pair[1] or pair in pairs:
            continue
        pairs.add(pair)
        names = EXPRESSIONS.names[pair[0]], EXPRESSIONS.names[pair[1]]
        found.append((part.images[rows[i]], f"{names[0]} read as\n{names[1]} {read[i].max():.2f}"))
    return found[:count]


def misplaced(detector: Detector, scenes: Path, count: int, pictures: int = 200) -> list[Tile]:
    """Half of them the largest faces that were missed, half the surest finds where no face is."""
    held = Scenes(scenes, 0)
    missed, wrong = list[tuple[float, Tile]](), list[tuple[float, Tile]]()
    for index, pixels in enumerate(held.images[:pictures]):
        boxes = held.boxes[held.starts[index] : held.ends[index]]
        faces = detector(Frame(pixels))
        close = iou(faces.boxes, boxes.astype(np.float32))
        for box, hit in zip(boxes, close.max(0, initial=0), strict=True):
            if hit < 0.2:
                missed.append((-float(box[2]), (cut(pixels, box), f"missed at\n{box[2]:.0f} px")))
        for box, score, hit in zip(faces.boxes, faces.scores, close.max(1, initial=0), strict=True):
            if hit < 0.2:
                wrong.append((-float(score), (cut(pixels, box), f"no face,\nscore {score:.2f}")))
    kept = (sorted(part, key=lambda item: item[0])[: count // 2] for part in (missed, wrong))
    return [tile for part in kept for _, tile in part]


def cut(pixels: NDArray[np.uint8], box: NDArray[np.floating]) -> NDArray[np.uint8]:
    """A box with as much again around it."""
    x, y, w, h = (float(v) for v in box)
    area = (x - w / 2, y - h / 2, x + 1.5 * w, y + 1.5 * h)
    return np.asarray(Image.fromarray(pixels).transform((TILE, TILE), Image.Transform.EXTENT, area))


def sheet(tiles: Sequence[Tile]) -> Image.Image:
    """All tiles in rows with their captions below."""
    rows = -(-len(tiles) // ACROSS)
    page = Image.new("L", (ACROSS * (TILE + 8), rows * (TILE + CAPTION + 8)), 255)
    pen = ImageDraw.Draw(page)
    for i, (picture, words) in enumerate(tiles):
        left, top = i % ACROSS * (TILE + 8) + 4, i // ACROSS * (TILE + CAPTION + 8) + 4
        page.paste(Image.fromarray(picture).resize((TILE, TILE)), (left, top))
        pen.multiline_text((left, top + TILE + 2), words, fill=0, spacing=1)
    return page


def main() -> None:
    """Make the picture."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--renders", type=Path, required=True, help="rendered heads never trained on")
    parse.add_argument("--scenes", type=Path, required=True, help="rendered scenes never trained on")
    parse.add_argument("--out", type=Path, default=Path("docs/failures.jpg"))
    given = parse.parse_args()
    see = perceiver(demographics=True, threads=1)
    (net,) = see.models
    tiles = misread(net, given.renders, 2 * ACROSS) + misplaced(see.detector, given.scenes, ACROSS)
    sheet(tiles).save(given.out, quality=88)


if __name__ == "__main__":
    main()
