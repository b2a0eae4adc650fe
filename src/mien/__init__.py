"""mien reads what people show: faces, expressions, valence and arousal, action units, on your own device.

>>> import mien
>>> faces = mien.look("photo.jpg")
>>> faces[mien.EXPRESSION].top()
['happiness']
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from mien.errors import DeviceError, InputError, MienError, MissingExtra, ModelError, StoreError, Unreadable
from mien.heads import (
    ACTION_UNITS,
    AGE,
    ETHNICITY,
    EXPRESSION,
    GENDER,
    IDENTITY,
    POSE,
    QUALITY,
    VALENCE_AROUSAL,
    embedding,
)
from mien.types import Face, Faces, Frame, Head, Labels, Reading, Signal

if TYPE_CHECKING:
    from mien.api import detect, look, perceiver, read, table, watch
    from mien.models.load import load
    from mien.perceive import Perceiver

__version__ = "0.1.0"

_LAZY: dict[str, str] = dict.fromkeys(("detect", "look", "perceiver", "read", "table", "watch"), "mien.api")
_LAZY |= {"load": "mien.models.load", "Perceiver": "mien.perceive"}

__all__ = [
    "ACTION_UNITS",
    "AGE",
    "ETHNICITY",
    "EXPRESSION",
    "GENDER",
    "IDENTITY",
    "POSE",
    "QUALITY",
    "VALENCE_AROUSAL",
    "DeviceError",
    "Face",
    "Faces",
    "Frame",
    "Head",
    "InputError",
    "Labels",
    "MienError",
    "MissingExtra",
    "ModelError",
    "Perceiver",
    "Reading",
    "Signal",
    "StoreError",
    "Unreadable",
    "__version__",
    "detect",
    "embedding",
    "load",
    "look",
    "perceiver",
    "read",
    "table",
    "watch",
]


def __getattr__(name: str) -> object:
    """The calls that need the engines, imported when first asked for, so that `import mien` stays light."""
    if name not in _LAZY:
        raise AttributeError(f"module 'mien' has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    """The same names for completion, in Jupyter and elsewhere, before they are imported."""
    return sorted({*globals(), *__all__})
