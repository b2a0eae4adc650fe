"""How well the shipped detector finds faces in real photos none of which it was trained on: results/<name>.json.

Nobody has drawn these faces by hand: the teacher's sure finds are taken as truth, its doubtful ones are left out of the
count on both sides. A figure near one therefore says "as good as the teacher", not "perfect". The teacher misses faces
from aside: finds that a person looked at and called faces are in reviewed.json, and `reviewed` leaves those, too, out.

python -m mien.train.detection --name finder.default --photos DIR --labels labels.json
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from mien import record
from mien.card import Card
from mien.detectors import Detector
from mien.detectors.finder import Finder
from mien.geometry import iou, shrink
from mien.io import folder, photo
from mien.runtime.onnx import Onnx
from mien.train.ship import WEIGHTS
from mien.types import Faces, Floats, Frame

SURE, SMALLEST, OVERLAP = 0.98, 24.0, 0.4
LOOK_TWICE = 2  # the teacher sees small photos enlarged, so that its small finds are trustworthy


@dataclass(frozen=True, slots=True)
class Truth:
    """The teacher's faces of one photo: boxes (n, 4) and scores (n,)."""

    boxes: Floats
    scores: Floats


def teach(photos: Sequence[Path], base: Path, labels: Path) -> dict[str, Truth]:
    """The teacher's finds by path, read from the labels file or found and written there."""
    if labels.is_file():
        kept = json.loads(labels.read_text())
    else:
        from mien.train.mtcnn import Mtcnn

        teacher = Mtcnn(20)
        kept = {p.relative_to(base).as_posix(): _finds(teacher, photo.read(p)) for p in photos}
        labels.write_text(json.dumps(kept))
    return {
        name: Truth(np.array(v["boxes"], np.float32).reshape(-1, 4), np.array(v["scores"], np.float32))
        for name, v in kept.items()
    }


def _finds(teacher: Detector, frame: Frame) -> Mapping[str, list[list[float]] | list[float]]:
    scale = LOOK_TWICE if max(frame.size) < 400 else 1
    faces = teacher(Frame(shrink(frame.pixels, (frame.size[0] * scale, frame.size[1] * scale))))
    return {"boxes": (faces.boxes / scale).tolist(), "scores": faces.scores.tolist()}


def compare(found: Faces, truth: Truth) -> tuple[int, int, int, int]:
    """Of one photo: faces found and missed, right and wrong finds; small or doubtful ones count on neither side."""
    asked = (truth.scores >= SURE) & (np.sqrt(truth.boxes[:, 2] * truth.boxes[:, 3]) >= SMALLEST)
    close = np.greater_equal(iou(found.boxes, truth.boxes), OVERLAP)
    hit = close[:, asked].any(axis=0)
    counted = np.sqrt(found.boxes[:, 2] * found.boxes[:, 3]) >= SMALLEST
    right = close[:, asked].any(1) & counted
    wrong = counted & ~close.any(1)
    return int(hit.sum()), int((~hit).sum()), int(right.sum()), int(wrong.sum())


def figures(detector: Detector, truths: dict[str, Truth], base: Path) -> dict[str, record.Figure]:
    """Recall and precision over all photos."""
    counts = np.zeros(4, int)
    for name, truth in truths.items():
        counts += compare(detector(photo.read(base / name)), truth)
    hit, missed, right, wrong = counts.tolist()
    return {
        "photos": len(truths),
        "faces": hit + missed,
        "recall": round(hit / max(hit + missed, 1), 4),
        "precision": round(right / max(right + wrong, 1), 4),
        "wrong": wrong,
    }


def reviewed(truths: dict[str, Truth]) -> dict[str, Truth]:
    """The truths with what a person called a face added as doubtful, so that it counts on neither side.

    The file knows photos by the hash of their path alone: whose album it was is nobody's business.
    """
    known = json.loads(files("mien.train").joinpath("reviewed.json").read_text("utf-8"))
    added = dict[str, Truth]()
    for name, truth in truths.items():
        boxes = known.get(hashlib.sha256(name.encode()).hexdigest()[:16], [])
        more = np.array(boxes, np.float32).reshape(-1, 4)
        scores = np.concatenate([truth.scores, np.zeros(len(more), np.float32)])
        added[name] = Truth(np.concatenate([truth.boxes, more]), scores)
    return added


def main() -> None:
    """Evaluate from the command line."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--name", default="finder.default")
    parse.add_argument("--photos", type=Path, required=True)
    parse.add_argument("--labels", type=Path, required=True, help="the teacher's finds; made where the file is absent")
    parse.add_argument("--results", type=Path, default=Path("results"))
    given = parse.parse_args()
    cards = {c.name: c for c in (Card.from_json(p.read_text()) for p in WEIGHTS.glob("*.json"))}
    card, began = cards[given.name], time.monotonic()
    photos = folder.photos(given.photos)
    truths = teach(photos, given.photos, given.labels)
    detector = Finder(card, Onnx(WEIGHTS / card.file, threads=1), card.post["threshold"])
    sweep = {
        f"{t:.2f}": figures(Finder(card, detector.runtime, t), truths, given.photos) for t in (0.5, 0.6, 0.7, 0.75, 0.8)
    }
    found: dict[str, record.Figure] = {"card": card.name, "hash": card.hash, "threshold": detector.threshold}
    found |= {"at": figures(detector, truths, given.photos), "by_threshold": sweep}
    found |= {"reviewed": figures(detector, reviewed(truths), given.photos)}
    data = [given.photos / name for name in truths]
    record.write(given.results / f"{card.name}.json", found, seed=0, data=data, seconds=time.monotonic() - began)


if __name__ == "__main__":
    main()
