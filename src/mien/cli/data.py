"""`mien data`: what is wrong with a challenge's files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add `mien data`."""
    group = typer.Typer(help="Annotations.\n\nExample:  mien data check mtl DIR", no_args_is_help=True)
    group.command()(check)
    group.command()(kinds)
    app.add_typer(group, name="data")


def check(
    kind: Annotated[str, typer.Argument(help="a name of `mien data kinds`")],
    folder: Annotated[Path, typer.Argument(help="the data set's folder", exists=True, file_okay=False)],
) -> None:
    """Name file and line of every fault; exit code 2 where there is one.

    Example: mien data check affwild2-expr ABAW6
    """
    from mien.train import data

    found = data.check(kind, folder)
    for fault in found:
        print(fault)
    if any(not f.note for f in found):
        raise typer.Exit(2)


def kinds() -> None:
    """List the data sets that can be read.

    Example: mien data kinds
    """
    from mien.train import data

    print("\n".join(data.names()))
