"""One file per published number: its `RECIPE` is data, run by `mien.train.course`. The file's name is the recipe's."""

from __future__ import annotations

import importlib
import pkgutil

from mien.errors import unknown
from mien.train.recipe import Recipe

BESIDE = {"clips", "plans", "real", "shift", "shown", "table"}  # no recipes


def names() -> list[str]:
    """Every recipe, by its file."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name not in BESIDE)


def named(name: str) -> Recipe:
    """The recipe of this name."""
    if name not in names():
        raise unknown("recipe", name, names())
    return importlib.import_module(f"{__name__}.{name}").RECIPE
