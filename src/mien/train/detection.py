"""How well the shipped detector finds faces in real photos none of which it was trained on: results/<name>.json.

Nobody has drawn these faces by hand: the teacher's sure finds are taken as truth, its doubtful ones are left out of the
count on both sides. A figure near one therefore says "as good as the teacher", not "perfect". The teacher misses faces
from aside and once took a drum for one: what a person looked at and corrected is in reviewed.json, and `reviewed`
leaves that, too, out.

python -m mien.train.detection --data DIR --labels labels.json
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien import record
from mien.detectors import Detector
from mien.detectors.finder import Finder
from mien.detectors.load import load
from mien.errors import InputError
from mien.geometry import iou, shrink
from mien.io import folder, photo
from mien.types import Faces, Floats, Frame

SURE, SMALLEST, OVERLAP = 0.98, 24.0, 0.4
TRIED = (0.45, 0.5, 0.55, 0.575, 0.6, 0.625, 0.65, 0.675, 0.7, 0.75, 0.8)  # thresholds
LOOK_TWICE = 2  # the teacher sees small photos enlarged, so that its small finds are trustworthy


@dataclass(frozen=True, slots=True)
class Truth:
    """The teacher's faces of one photo: boxes (n, 4) and scores (n,)."""

    boxes: Floats
    scores: Floats


def photos(data: Path) -> list[Path]:
    """The photos that count: albums and a group. Portraits would be found by any detector."""
    return [*folder.photos(data / "albums"), data / "video" / "multi_face.jpg"]


def teach(data: Path, labels: Path) -> dict[str, Truth]:
    """The teacher's finds by path, read from the labels file or found and written there."""
    paths = {p.relative_to(data).as_posix(): p for p in photos(data)}
    if labels.is_file():
        kept = json.loads(labels.read_text())
    else:
        from mien.train.mtcnn import Mtcnn

        teacher = Mtcnn(20)
        kept = {name: _finds(teacher, photo.read(path)) for name, path in paths.items()}
        labels.write_text(json.dumps(kept))
    if unknown := sorted({*paths} - {*kept}):
        raise InputError(f"{labels} tells nothing of {unknown[0]}; delete it, and the teacher is asked anew")
    told = {name: (np.array(kept[name]["boxes"], np.float32), kept[name]["scores"]) for name in paths}
    return {name: Truth(boxes.reshape(-1, 4), np.array(scores, np.float32)) for name, (boxes, scores) in told.items()}


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


def tally(detector: Detector, truths: Mapping[str, Truth], base: Path) -> NDArray[np.int64]:
    """Faces found and missed, right and wrong finds, over all photos."""
    counts = [compare(detector(photo.read(base / name)), truth) for name, truth in truths.items()]
    return np.array(counts, np.int64).reshape(-1, 4).sum(0)


def shown(counts: NDArray[np.int64]) -> dict[str, record.Figure]:
    """Counts as recall and precision."""
    hit, missed, right, wrong = counts.tolist()
    return {
        "faces": hit + missed,
        "recall": round(hit / max(hit + missed, 1), 4),
        "precision": round(right / max(right + wrong, 1), 4),
        "wrong": wrong,
    }


def reviewed(truths: dict[str, Truth]) -> dict[str, Truth]:
    """The truths with what a person corrected as doubtful, so that it counts on neither side: faces that the teacher
    missed, and what it wrongly took for one.

    The file knows photos by the hash of their path alone: whose album it was is nobody's business.
    """
    known = json.loads(files("mien.train").joinpath("reviewed.json").read_text("utf-8"))
    added = dict[str, Truth]()
    for name, truth in truths.items():
        boxes = known.get(hashlib.sha256(name.encode()).hexdigest()[:16], [])
        more = np.array(boxes, np.float32).reshape(-1, 4)
        wrong = iou(truth.boxes, more).max(1, initial=0) >= OVERLAP
        scores = np.concatenate([np.where(wrong, 0, truth.scores), np.zeros(len(more), np.float32)])
        added[name] = Truth(np.concatenate([truth.boxes, more]), scores)
    return added


def counted(detector: Finder, truths: Mapping[str, Truth], base: Path) -> NDArray[np.int64]:
    """The tally of each threshold tried and each album: (thresholds, albums, 4)."""
    albums = sorted({Path(name).parent for name in truths})
    counts = np.zeros((len(TRIED), len(albums), 4), np.int64)
    for i, threshold in enumerate(TRIED):
        for j, album in enumerate(albums):
            part = {name: truth for name, truth in truths.items() if Path(name).parent == album}
            counts[i, j] = tally(replace(detector, threshold=threshold), part, base)
    return counts


def crossed(counts: NDArray[np.int64]) -> dict[str, record.Figure]:
    """Recall and precision with each album at the threshold that does best, by F1, on all others."""
    rest = counts.sum(1, keepdims=True) - counts  # by threshold: all albums but this one
    best = [max(range(len(TRIED)), key=lambda i, j=j: _f1(rest[i, j])) for j in range(counts.shape[1])]
    scored = np.sum([counts[i, j] for j, i in enumerate(best)], axis=0)
    return shown(scored) | {"thresholds": sorted(TRIED[i] for i in best)}


def _f1(counts: NDArray[np.int64]) -> float:
    hit, missed, right, wrong = counts.tolist()
    return (hit + right) / max(hit + missed + right + wrong, 1)


def main() -> None:
    """Evaluate from the command line."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--data", type=Path, required=True, help="holds albums/ and video/")
    parse.add_argument("--labels", type=Path, required=True, help="the teacher's finds; made where the file is absent")
    parse.add_argument("--results", type=Path, default=Path("results"))
    given = parse.parse_args()
    began = time.monotonic()
    truths = teach(given.data, given.labels)
    detector, known = load(threads=1), reviewed(truths)
    counts = counted(detector, known, given.data)
    sweep = {f"{t:.3f}": shown(count) for t, count in zip(TRIED, counts.sum(1), strict=True)}
    card = detector.card
    found: dict[str, record.Figure] = {"card": card.name, "hash": card.hash, "threshold": detector.threshold}
    found |= {"judge": detector.judge.card.hash if detector.judge else "", "photos": len(truths)}
    found |= {"at": shown(tally(detector, truths, given.data)), "by_threshold": sweep}
    found |= {
        "reviewed": shown(tally(detector, known, given.data)),
        "crossed": crossed(counts),
    }
    found |= {"without_judge": shown(tally(replace(detector, judge=None, threshold=0.7), known, given.data))}
    data = [given.data / name for name in truths]
    record.write(given.results / f"{card.name}.json", found, seed=0, data=data, seconds=time.monotonic() - began)


if __name__ == "__main__":
    main()
