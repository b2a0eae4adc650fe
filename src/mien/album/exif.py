"""When a photo or a video was taken, as its camera wrote it."""

from __future__ import annotations

import re
import time
import warnings
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from mien.errors import Unreadable
from mien.io import video

if TYPE_CHECKING:
    from PIL import Image

_BLOCK, _ORIGINAL, _DIGITIZED = 0x8769, 0x9003, 0x9004
_APPLE, _CREATED = "com.apple.quicktime.creationdate", "creation_time"
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,]\d+)?\s*(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE)
_SET = 1971  # the first year of a clock that was set: unset ones begin in 1904 or 1970, give or take their zone
_DAY = 86400.0


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


def filmed(path: Path) -> float | None:
    """When a video was filmed, as `taken` tells it: by the clock on the wall; None where it does not tell.

    Apple's own note has that clock's time, and a zone beside it. `creation_time` is UTC and says not where it was
    filmed: it is taken for this computer's zone (with its summer time), where most photos in it will be from, too.
    A camera that wrote the wall's time there as if it were UTC is off by the zone; no file tells which did.
    """
    try:
        notes = {name.casefold(): words for name, words in video.notes(path).items()}  # Matroska shouts some
    except (Unreadable, OSError):
        return None
    stamps = (wall(notes.get(_APPLE, "")), wall(notes.get(_CREATED, ""), here=True))
    return next((stamp for stamp in stamps if stamp is not None), None)


def wall(words: str, *, here: bool = False) -> float | None:
    """`2019-08-30T18:05:00+0200` → what the clock on the wall there (or here) showed, in seconds since 1970.

    None for clocks that were never set, and for times to come: a day is left to zones and to clocks that are fast.
    """
    if not (found := _STAMP.match(words.strip())):
        return None
    try:
        when = datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=timezone.utc)
        if here and found[3]:
            when = when.astimezone().replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError, OSError):  # no such day, or none that this system's clock can show
        return None
    seconds = when.timestamp()
    return seconds if when.year >= _SET and seconds < time.time() + _DAY else None


def year(seconds: float) -> float:
    """2019.5 for the middle of that year."""
    when = datetime.fromtimestamp(seconds, timezone.utc)
    start = datetime(when.year, 1, 1, tzinfo=timezone.utc)
    length = datetime(when.year + 1, 1, 1, tzinfo=timezone.utc) - start
    return when.year + (when - start) / length
