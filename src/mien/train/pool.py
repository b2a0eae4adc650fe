"""Real faces to paste into the detector's mosaics, with the teacher's boxes and points.

python -m mien.train.pool --data DIR --out DIR

What the teacher does not see in a set that is cut to faces gets that set's usual box and no points: the hard ones.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from PIL import Image

from mien.detectors import Detector
from mien.train import london
from mien.train.mtcnn import Mtcnn
from mien.train.sources import held_out
from mien.types import Floats, Frame, Pixels

SURE, SMALLEST = 0.95, 40  # the teacher's score, and a face's side in pixels
SIDES = {"utkface": 112, "lfw_crops": 112, "ferplus": 112, "london": 360}
COUNTS = {"utkface": 10_000, "lfw_crops": 5_000, "ferplus": 10_000}


@dataclass(frozen=True, slots=True)
class Seen:
    """One square picture of a face, with box (4,) and points (5, 2); NaN where the teacher saw none."""

    pixels: Pixels
    box: Floats
    points: Floats


def see(teacher: Detector, picture: Image.Image, side: int) -> Seen:
    """The teacher's widest sure find in the picture, resized to a square and shown with a border around it."""
    pixels = np.asarray(picture.convert("RGB").resize((side, side), Image.Resampling.BILINEAR))
    border = side // 4
    faces = teacher(Frame(np.pad(pixels, ((border, border), (border, border), (0, 0)), mode="edge")))
    faces = faces.pick(faces.scores >= SURE)
    if not len(faces):
        return Seen(pixels, np.full(4, np.nan, np.float32), np.full((5, 2), np.nan, np.float32))
    widest = int(faces.boxes[:, 2].argmax())
    box = faces.boxes[widest] - np.array([border, border, 0, 0], np.float32)
    return Seen(pixels, box, faces.points[widest] - np.float32(border))


def boxed(seen: list[Seen]) -> tuple[Pixels, Floats, Floats]:
    """Pictures, boxes and points; what was not seen gets the median box."""
    boxes = np.stack([one.box for one in seen])
    boxes = np.where(np.isfinite(boxes), boxes, np.nanmedian(boxes, axis=0)).astype(np.float32)
    return np.stack([one.pixels for one in seen]), boxes, np.stack([one.points for one in seen])


def cuts(data: Path, name: str, count: int) -> Iterator[Image.Image]:
    """So many pictures of a set's training part, in an order of their own."""
    rows = pq.read_table(data / f"{name}.parquet")
    names = rows["person" if name == "lfw_crops" else "name"].to_numpy(zero_copy_only=False).astype(str)
    if name == "ferplus":
        faces = rows["NF"].to_numpy() == 0
        taken = faces & (rows["split"].to_numpy(zero_copy_only=False) == "train")
    else:
        taken = ~held_out(names, 0.25 if name == "lfw_crops" else 0.1)
    for row in np.random.default_rng(0).permutation(np.flatnonzero(taken))[:count]:
        with Image.open(io.BytesIO(rows["image"][int(row)].as_py())) as picture:
            yield picture


def portraits(data: Path) -> Iterator[Image.Image]:
    """The London photos of people who do not validate."""
    for one in london.photos(data):
        if one.fifth in london.FIFTHS["london"]:
            with Image.open(one.path) as picture:
                yield picture


def main() -> None:
    """Make the pool from the command line."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--data", type=Path, required=True)
    parse.add_argument("--out", type=Path, required=True)
    given = parse.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    teacher = Mtcnn(SMALLEST)
    for name, side in SIDES.items():
        pictures = portraits(given.data) if name == "london" else cuts(given.data, name, COUNTS[name])
        seen = [see(teacher, picture, side) for picture in pictures]
        images, boxes, points = boxed(seen)
        np.savez(given.out / f"{name}.npz", images=images, boxes=boxes, points=points)
        sys.stderr.write(f"{name}: {len(seen)} faces, {int(np.isfinite(points[:, 0, 0]).sum())} seen by the teacher\n")


if __name__ == "__main__":
    main()
