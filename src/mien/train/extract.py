"""One pass of a network over the cropped faces of a data set, into a store that goes on where a kill left it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.fusion.pool import Statistic, stat
from mien.geometry import shrink
from mien.heads import EXPRESSION, VALENCE_AROUSAL
from mien.io import photo
from mien.io.folder import photos
from mien.labels import AFFECTNET8
from mien.models import Model
from mien.train import data
from mien.train.data import Ints
from mien.train.features import Writer
from mien.types import Floats, Head, Reading

ENDS = (".jpg", ".jpeg", ".png")
CHUNK = 512  # faces held in memory at once


@dataclass(frozen=True, slots=True)
class Faces:
    """A network, and the folder of cropped faces `<video>/<frame>.jpg` it looks at; clips of one row are pooled."""

    model: Model
    pictures: Path
    pool: tuple[Statistic, ...] = ("mean",)


def annotated(kind: str, folder: Path) -> dict[str, Ints]:
    """The annotated frames of each video, each once, of all splits together."""
    frames: dict[str, Ints] = {}
    for split in data.read(kind, folder).values():
        for i, video in enumerate(split.videos):
            frames[video] = np.union1d(frames.get(video, np.zeros(0, np.int64)), split.frame[split.video == i])
    return frames


def run(faces: Faces, kind: str, folder: Path, out: Path, told: Callable[[], None]) -> int:
    """Features of every annotated row whose face is there; returns the number of rows."""
    frames, head = annotated(kind, folder), embedding(faces.model)
    clips = not any(at.any() for at in frames.values())
    pooled = clips and any((faces.pictures / video).is_dir() for video in frames)
    if not pooled and not any(_face(faces.pictures / video, int(f)) for video, at in frames.items() for f in at):
        wanted = f"a folder or picture called {next(iter(frames))}"
        raise InputError(f"{faces.pictures} holds no picture of an annotated row; wanted {wanted}, and the like")
    many = len(faces.pool) if pooled else 1
    writer = Writer(out, [*frames], len(head.labels) * many, len(AFFECTNET8) + 2, faces.model.card.hash)
    before = 0
    for place, (video, at) in enumerate(frames.items()):
        for start in range(0, len(at), CHUNK):
            chunk = at[start : start + CHUNK]
            before += len(chunk)
            if before > writer.done:
                add = _clip if pooled else _chunk
                add(faces, writer, place, video, chunk)
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
    writer = Writer(out, names, len(head.labels), len(AFFECTNET8) + 2, model.card.hash)
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


def _chunk(faces: Faces, writer: Writer, place: int, video: str, frames: Ints) -> None:
    paths = [_face(faces.pictures / video, int(f)) for f in frames]
    seen = np.array([p is not None for p in paths])
    features, logits = _seen(faces.model, [p for p in paths if p is not None])
    wide, sure = (np.zeros((len(frames), a.shape[1]), np.float32) for a in (features, logits))
    wide[seen], sure[seen] = features, logits
    writer.add(np.full(len(frames), place), frames, seen, wide, sure)


def _clip(faces: Faces, writer: Writer, place: int, video: str, frames: Ints) -> None:
    """All pictures of a clip as one row."""
    folder = faces.pictures / video
    features, logits = _seen(faces.model, photos(folder) if folder.is_dir() else [])
    row, mean = stat(features, faces.pool)[None], stat(logits, ("mean",))[None]
    writer.add(np.array([place]), frames, np.array([len(features) > 0]), row, mean)


def _seen(model: Model, files: Sequence[Path]) -> tuple[Floats, Floats]:
    """Embedding and logits of cropped faces."""
    side = model.card.input.size
    answers = model.answers([shrink(photo.read(p).pixels, (side, side)) for p in files])
    return answers[embedding(model)].values, affect(answers)


def affect(answers: Mapping[Head, Reading]) -> Floats:
    """The eight expressions' log-probabilities in AffectNet's order, valence, arousal."""
    logs = np.log(np.maximum(answers[EXPRESSION].to(AFFECTNET8).values, 1e-6))
    return np.hstack([logs, answers[VALENCE_AROUSAL].values]).astype(np.float32)


def _face(folder: Path, frame: int) -> Path | None:
    """The picture of a frame; a still that is its own video has no frame number, and may be named in full."""
    numbers = (f"{frame:05d}", f"frame-{frame}")
    names = [folder / f"{n}{end}" for n in numbers for end in ENDS]
    names += [folder.with_name(folder.name + end) for end in ENDS] + [folder] * (folder.suffix.lower() in ENDS)
    return next((p for p in names if p.is_file()), None)
