"""`mien features`: what a network says of every face of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add `mien features`."""
    app.command()(features)


def features(
    kind: Annotated[str, typer.Argument(help="a name of `mien data kinds`")],
    folder: Annotated[Path, typer.Argument(help="the data set's folder", exists=True, file_okay=False)],
    pictures: Annotated[Path, typer.Option(help="cropped faces: <video>/<frame>.jpg", exists=True)],
    model: Annotated[str, typer.Option(help="a name of `mien models`")] = "mien_s.default",
    name: Annotated[str | None, typer.Option(help="what recipes call it; the model's name, if nothing is said")] = None,
    threads: Annotated[int, typer.Option(help="processor threads", min=1)] = 1,
) -> None:
    """Run a network once over all annotated faces; a stopped run goes on where it was.

    Example: mien features mtl ABAW7 --pictures ABAW7/cropped_aligned --model mien_s.default
    """
    from mien.models.load import load
    from mien.progress import Progress
    from mien.train import extract

    with Progress(0, "chunks") as bar:
        rows = extract.run(load(model, threads=threads), kind, folder, folder / "features" / (name or model), pictures,
                           bar.step)  # fmt: skip
    typer.echo(f"{rows} rows", err=True)
