"""The photos and videos below a folder, in the order a person would count them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from mien.errors import InputError

PHOTOS = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".avif", ".bmp", ".tif", ".tiff", ".gif", ".heic", ".heif"}
)
VIDEOS = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv", ".3gp"}
)
# Bins, a network drive's thumbnails, and what only the system may open, on drives that people keep photos on.
SYSTEMS = frozenset({"$recycle.bin", "system volume information", "lost+found", "@eadir"})
OURS = {"journal.jsonl": "annotated", "people.json": "timeline.png"}  # what runs draw, and what they put beside it


def photos(path: str | os.PathLike[str]) -> list[Path]:
    """Photos below a folder, or the path itself where it is a file."""
    return _listed(Path(path), PHOTOS)


def videos(path: str | os.PathLike[str]) -> list[Path]:
    """Videos below a folder, or the path itself where it is a file."""
    return _listed(Path(path), VIDEOS)


def is_folder(path: Path) -> bool:
    """Whether a folder is there; where even that cannot be asked (a name too long, no right to look) there is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _listed(path: Path, kinds: frozenset[str]) -> list[Path]:
    """A named file is taken at its word, whatever its ending: reading it says what is wrong with it."""
    if not is_folder(path):
        return [path]
    return sorted((p for p in _files(path) if p.suffix.lower() in kinds), key=lambda p: _natural(p.relative_to(path)))


def _files(folder: Path) -> Iterator[Path]:
    """Every file that is not hidden, a system's, nor drawn by a run; links to folders are not followed: circles."""
    for root, folders, files in os.walk(folder, onerror=_refuse):
        ours = {made for beside, made in OURS.items() if beside in files}
        kept = (name for name in folders if not name.startswith(".") and name.casefold() not in SYSTEMS)
        folders[:] = [name for name in kept if name not in ours]
        yield from (Path(root, name) for name in files if not name.startswith(".") and name not in ours)


def _refuse(error: OSError) -> None:
    raise InputError(f"listing {error.filename} failed: {error.strerror}; check its drive and rights, or name others")


def _natural(path: Path) -> list[list[tuple[int, int, str]]]:
    """photo2 before photo10, folder by folder, upper and lower case alike."""
    return [[_piece(p) for p in re.split(r"(\d+)", part.casefold()) if p] for part in path.parts]


def _piece(text: str) -> tuple[int, int, str]:
    return (0, int(text), text) if text.isdecimal() else (1, 0, text)
