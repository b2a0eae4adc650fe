"""`mien twins`: synthetic data sets in the challenges' own files, with known truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add `mien twins`."""
    app.command()(twins)


def twins(
    kind: Annotated[str, typer.Argument(help="which data set: mtl, affwild2, …")],
    out: Annotated[Path, typer.Option(help="an empty folder for its files")],
    scale: Annotated[float, typer.Option(help="part of the published size", min=0.0001, max=1.0)] = 1.0,
    seed: Annotated[int, typer.Option(help="another seed: other people", min=0)] = 0,
) -> None:
    """Write a synthetic twin of a challenge's data: the same files, features of a latent process, published shares.

    Example: mien twins mtl --scale 0.1 --out twin
    """
    from mien.errors import unknown
    from mien.progress import Progress
    from mien.train.twins import KINDS, write

    if kind not in KINDS:
        raise unknown("twin", kind, KINDS)
    if out.exists() and any(out.iterdir()):
        raise typer.BadParameter(f"{out} is not empty", param_hint="--out")
    with Progress(0, "videos") as bar:
        write(kind, out, seed, scale, lambda rows: bar.step())
