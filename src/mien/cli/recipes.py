"""`mien recipes`: the published numbers that can be run."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add `mien recipes`."""
    app.command()(recipes)


def recipes() -> None:
    """List the recipes with the paper's number and its source.

    Example: mien recipes
    """
    from mien import recipes as folder

    for name in folder.names():
        recipe = folder.named(name)
        print(f"{name:16} {recipe.claim:7.4f}  {recipe.title} ({recipe.source})")
