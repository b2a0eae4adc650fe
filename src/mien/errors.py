"""What can go wrong, as one tree.

MienError
├── InputError      something from outside is not what was wanted: a file, an array, a name, an option
│   ├── Unreadable  a photo, video or sound that cannot be decoded; carries the source and the reason
│   │   └── Damaged  a video that breaks off; says how many frames were kept (in io/video.py)
│   └── Unwritable  a place where nothing can be written (in io/whole.py)
├── StoreError      weights that are missing, damaged, of another hash, or not to be fetched while offline
├── ModelError      an ONNX file that does not fit its card
├── DeviceError     the asked accelerator is not there
└── MissingExtra    an optional package is not installed; says which extra brings it
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class MienError(Exception):
    """Root of everything this package raises on purpose."""

    def __reduce__(self) -> tuple[object, ...]:
        """To other processes, whole: a pool waits for ever for an error that cannot be made again from its message."""
        return _again, (type(self), self.args), self.__dict__


def _again(kind: type[MienError], args: tuple[object, ...]) -> MienError:
    error = kind.__new__(kind)
    error.args = args
    return error


class InputError(MienError, ValueError):
    """Something from outside is not what was wanted."""


class Unreadable(InputError):
    """A photo, video or sound that cannot be decoded."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"reading {source} failed: {reason}")
        self.source = source
        self.reason = reason


class StoreError(MienError):
    """Weights that are missing, damaged, of another hash, or not to be fetched while offline."""


class ModelError(MienError):
    """An ONNX file that does not fit its card."""


class DeviceError(MienError):
    """The asked accelerator is not there."""


class MissingExtra(MienError, ImportError):
    """An optional package is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"this needs the package {package}; install it with: pip install 'mien[{extra}]'")


def unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    """The error for a name nobody knows, with the nearest one that somebody does."""
    names = sorted(known)
    near = difflib.get_close_matches(str(name), names, n=1)  # a number is a common slip
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
    return InputError(f"no {kind} named {name!r}; {hint}")
