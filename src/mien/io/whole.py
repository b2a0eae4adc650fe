"""Files that are there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mien.errors import InputError


class Unwritable(InputError):
    """A place that takes no (more) bytes; unlike a bad input it stops the whole run."""


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A name to write to beside `path`; it takes the path's place when the block ends well and is removed when not."""
    part = path.with_name(f".{path.name.encode(errors='ignore')[:200].decode(errors='ignore')}.part")
    try:
        yield part
        part.replace(path)
    except BaseException as error:
        with suppress(OSError):  # which would hide why it was not written
            part.unlink()
        if isinstance(error, OSError):
            raise refused(path, error) from error
        raise


def folder(path: Path) -> Path:
    """The folder, made where it is missing; an error that says what to do where it cannot be written to."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".writable.part"
        probe.touch()
        probe.unlink(missing_ok=True)  # another run may probe, too
    except OSError as error:
        raise refused(path, error) from error
    return path


def refused(path: Path, error: OSError) -> Unwritable:
    """The error for a place that takes no (more) bytes."""
    reason = error.strerror or str(error)
    return Unwritable(
        f"writing {path} failed: {reason}; free some space, choose another folder with --out, or name another file"
    )
