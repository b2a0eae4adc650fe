"""One pass of a network over the cropped faces of a data set, into a store that goes on where a kill left it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.geometry import shrink
from mien.heads import EXPRESSION, VALENCE_AROUSAL
from mien.io import photo
from mien.io.folder import photos
from mien.labels import AFFECTNET8
from mien.models import Model
from mien.train import data
from mien.train.data import Ints
from mien.train.features import Writer
from mien.types import Floats, Head, Pixels, Reading

ENDS = (".jpg", ".jpeg", ".png")
CHUNK = 512  # faces held in memory at once


def run(model: Model, kind: str, folder: Path, out: Path, pictures: Path, told: Callable[[], None]) -> int:
    """Features of every annotated row whose face is in `pictures/<video>/<frame>.jpg`; returns the number of rows."""
    rows = [*data.read(kind, folder).values()]
    frames: dict[str, Ints] = {}
    for split in rows:
        for i, video in enumerate(split.videos):
            frames[video] = np.unique(split.frame[split.video == i])
    names, head = [*frames], embedding(model)
    writer = Writer(out, names, len(head.labels), len(AFFECTNET8) + 2)
    before = 0
    for place, video in enumerate(names):
        for start in range(0, len(frames[video]), CHUNK):
            chunk = frames[video][start : start + CHUNK]
            before += len(chunk)
            if before > writer.done:
                _chunk(model, head, writer, place, pictures / video, chunk)
            told()
    return writer.done


def folder(model: Model, pictures: Path, out: Path, told: Callable[[], None]) -> int:
    """Features of every picture below a folder, each cropped to a face; its path there, less the ending, names it."""
    files = photos(pictures) if pictures.is_dir() else []
    if not files:
        raise InputError(f"{pictures} must be a folder with pictures in it, each cropped to the face")
    names = [p.relative_to(pictures).with_suffix("").as_posix() for p in files]
    head, side = embedding(model), model.card.input.size
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"pictures need names that differ before the ending, got {twice[0]} twice")
    writer = Writer(out, names, len(head.labels), len(AFFECTNET8) + 2)
    for start in range(writer.done, len(files), CHUNK):
        place = np.arange(start, min(start + CHUNK, len(files)))
        answers = model.answers(shrink(photo.read(files[i]).pixels, (side, side)) for i in place)
        still, seen = np.zeros(len(place), np.int64), np.ones(len(place), bool)
        writer.add(place, still, seen, answers[head].values, affect(answers))
        told()
    return writer.done


def embedding(model: Model) -> Head:
    """The head under which a model answers with its features."""
    found = [h for h in model.heads if h.name.startswith("embedding")]
    if not found:
        raise InputError(f"{model.card.name} gives no embedding; choose a model that does, as mien_s.default")
    return found[0]


def _chunk(model: Model, head: Head, writer: Writer, place: int, folder: Path, frames: Ints) -> None:
    paths = [_face(folder, int(f)) for f in frames]
    seen = np.array([p is not None for p in paths])
    side = model.card.input.size
    crops: list[Pixels] = [shrink(photo.read(p).pixels, (side, side)) for p in paths if p is not None]
    answers = model.answers(crops)
    features = np.zeros((len(frames), len(head.labels)), np.float32)
    logits = np.zeros((len(frames), len(AFFECTNET8) + 2), np.float32)
    features[seen] = answers[head].values
    logits[seen] = affect(answers)
    writer.add(np.full(len(frames), place), frames, seen, features, logits)


def affect(answers: Mapping[Head, Reading]) -> Floats:
    """The eight expressions' log-probabilities in AffectNet's order, valence, arousal."""
    logs = np.log(np.maximum(answers[EXPRESSION].to(AFFECTNET8).values, 1e-6))
    return np.hstack([logs, answers[VALENCE_AROUSAL].values]).astype(np.float32)


def _face(folder: Path, frame: int) -> Path | None:
    """The picture of a frame; a still that is its own video has no frame number."""
    names = [folder / f"{frame:05d}{end}" for end in ENDS] + [folder.with_name(folder.name + end) for end in ENDS]
    return next((p for p in names if p.is_file()), None)
