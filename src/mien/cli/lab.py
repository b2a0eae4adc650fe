"""`mien lab …`: the authors' other systems, found by their folders."""

from __future__ import annotations

import importlib.util
import pkgutil

import typer


def register(app: typer.Typer) -> None:
    """Add the group with one member per lab folder that has a command line."""
    group = typer.Typer(help="Experiments beside the product.\n\nExample:  mien lab games --help", no_args_is_help=True)
    lab = importlib.import_module("mien.lab")
    for module in sorted(m.name for m in pkgutil.iter_modules(lab.__path__) if m.ispkg):
        if importlib.util.find_spec(f"mien.lab.{module}.cli"):
            group.add_typer(importlib.import_module(f"mien.lab.{module}.cli").app, name=module)
    app.add_typer(group, name="lab")
