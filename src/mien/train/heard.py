"""Sound and words of a data set as features: a file for each video → a row for each annotated one.

Without a network sound is 64 mel bands and words are hashed; with one it is wav2vec2's, Whisper's, RoBERTa's rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.fusion import pretrained, sound, words
from mien.fusion.pool import Statistic, between, stat
from mien.io import audio
from mien.train import extract
from mien.train.data import Ints
from mien.train.data.affwild2 import people
from mien.train.features import Writer
from mien.types import Floats

MEDIA = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".wav", ".mp3", ".m4a", ".flac", ".ogg")


@dataclass(frozen=True, slots=True)
class Source:
    """Files called after the videos, and what is read from one: rows in the order of time (n, width)."""

    folder: Path
    ends: tuple[str, ...]
    width: int
    read: Callable[[Path], Floats]
    network: str

    def __call__(self, video: str) -> Floats:
        """A video's rows; those of the film for its two persons, none where there is no file."""
        file = self.file(video)
        return np.zeros((0, self.width), np.float32) if file is None else self.read(file)

    def file(self, video: str) -> Path | None:
        """A video's file, or its film's."""
        files = (self.folder / f"{name}{end}" for name in (video, people(video)[0]) for end in self.ends)
        return next((f for f in files if f.is_file()), None)


def sounds(folder: Path, network: str | None) -> Source:
    """The sound of films or of sound files."""
    if network is None:
        return Source(folder, MEDIA, sound.BANDS, lambda file: sound.frames(*audio.read(file)), "bands")
    ear = pretrained.Listener(network)
    return Source(folder, MEDIA, ear.width, lambda file: ear.frames(*audio.read(file)), Path(network).name)


def said(folder: Path, network: str | None) -> Source:
    """What text files say."""
    if network is None:
        return Source(folder, (".txt",), words.BINS, lambda file: words.clip(_text(file))[None], "bins")
    reader = pretrained.Reader(network)
    return Source(folder, (".txt",), reader.width, lambda file: reader.tokens(_text(file)), Path(network).name)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{file} must be UTF-8 text, got byte {error.object[error.start]:#04x}") from None


def run(
    source: Source, kind: str, folder: Path, out: Path, pool: tuple[Statistic, ...], told: Callable[[], None]
) -> int:
    """Features of every annotated row, drawn linearly over the frames; a clip that is one row is pooled."""
    frames = extract.annotated(kind, folder)
    if not any(source.file(video) for video in frames):
        wanted = f"{next(iter(frames))}{source.ends[0]}"
        raise InputError(f"{source.folder} holds no file of an annotated video; wanted {wanted} and the like")
    clips = all(not f.any() for f in frames.values())
    writer = Writer(out, [*frames], source.width * (len(pool) if clips else 1), 0, source.network)
    before = 0
    for place, (video, at) in enumerate(frames.items()):
        before += len(at)
        if before > writer.done:
            rows = source(video)
            seen = np.full(len(at), bool(len(rows)))
            values = stat(rows, pool)[None] if clips else _spread(rows, at)
            writer.add(np.full(len(at), place), at, seen, values, np.zeros((len(at), 0), np.float32))
        told()
    return writer.done


def _spread(rows: Floats, frames: Ints) -> Floats:
    if not len(rows):
        return np.zeros((len(frames), rows.shape[1]), np.float32)
    return between(rows, int(frames[-1] - frames[0]) + 1)[frames - frames[0]]
