"""When a photo was taken, as its camera wrote it."""

from __future__ import annotations

import warnings
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

_BLOCK, _ORIGINAL, _DIGITIZED = 0x8769, 0x9003, 0x9004


def taken(path: Path) -> float | None:
    """Seconds since 1970 by the camera's own clock, whose zone nobody knows; None where the photo does not tell.

    A file's date is no substitute: copying changes it, and a wrong year would make a wrong birth year.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with _opened(path) as image:
                notes = image.getexif().get_ifd(_BLOCK)
        said = notes.get(_ORIGINAL) or notes.get(_DIGITIZED)
        return moment(str(said)) if said else None
    except Exception:  # decoders of damaged notes raise nearly anything, and a photo without a date is no error
        return None


def _opened(path: Path) -> Image.Image:
    from PIL import Image, UnidentifiedImageError

    from mien.io.photo import header_only

    try:
        with header_only():
            return Image.open(path)
    except UnidentifiedImageError:  # Pillow alone knows no HEIC
        from pillow_heif import HeifImageFile

        return HeifImageFile(path)


def moment(words: str) -> float | None:
    """`2019:08:30 18:05:00` → seconds since 1970; None for cameras whose clock was never set."""
    try:
        when = datetime.strptime(words.strip("\0 ")[:19], "%Y:%m:%d %H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return when.timestamp() if 1900 < when.year < 2200 else None


def year(seconds: float) -> float:
    """2019.5 for the middle of that year."""
    when = datetime.fromtimestamp(seconds, timezone.utc)
    start = datetime(when.year, 1, 1, tzinfo=timezone.utc)
    length = datetime(when.year + 1, 1, 1, tzinfo=timezone.utc) - start
    return when.year + (when - start) / length
