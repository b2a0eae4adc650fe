"""`mien recipes`: the published numbers that can be run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add `mien recipes`."""
    app.command()(recipes)


def recipes(
    table: Annotated[
        Path | None,
        typer.Option(help="instead: all results of this folder as a Markdown page", exists=True, file_okay=False),
    ] = None,
) -> None:
    """List the recipes with the paper's number and its source.

    Example: mien recipes
    """
    from mien import recipes as folder
    from mien.recipes.table import markdown

    if table is not None:
        print(markdown(table), end="")
        return
    for name in folder.names():
        recipe = folder.named(name)
        claim = "      –" if recipe.claim is None else f"{recipe.claim:7.4f}"
        print(f"{name:16} {claim}  {recipe.title} ({recipe.source})")
