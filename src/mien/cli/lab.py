"""`mien lab …`: the authors' other systems, found by their folders."""

from __future__ import annotations

import importlib.util
import pkgutil

import typer
from typer.core import TyperGroup

from mien.errors import InputError


class Group(TyperGroup):
    """Commands whose files may lie anywhere: one that cannot be read or written is an error of one line."""

    def invoke(self, ctx: typer.Context) -> object:  # pyright: ignore[reportIncompatibleMethodOverride]  # vendored
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.filename is None:
                raise
            where, why = error.filename2 or error.filename, error.strerror
            raise InputError(f"{where} cannot be read or written ({why}); name another place") from error


def register(app: typer.Typer) -> None:
    """Add the group with one member per lab folder that has a command line."""
    about = "Experiments beside the product.\n\nExample:  mien lab games --help"
    group = typer.Typer(help=about, cls=Group, no_args_is_help=True)
    lab = importlib.import_module("mien.lab")
    for module in sorted(m.name for m in pkgutil.iter_modules(lab.__path__) if m.ispkg):
        if importlib.util.find_spec(f"mien.lab.{module}.cli"):
            group.add_typer(importlib.import_module(f"mien.lab.{module}.cli").app, name=module)
    app.add_typer(group, name="lab")
