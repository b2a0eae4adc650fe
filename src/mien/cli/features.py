"""`mien features`: what a network says of every face of a data set, or of every picture of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add `mien features`."""
    app.command()(features)


def features(
    kind: Annotated[str, typer.Argument(help="a name of `mien data kinds`, or pictures")],
    folder: Annotated[Path, typer.Argument(help="of the data set, or of the pictures", exists=True, file_okay=False)],
    pictures: Annotated[Path | None, typer.Option(help="cropped faces: <video>/<frame>.jpg", exists=True)] = None,
    model: Annotated[str, typer.Option(help="a name of `mien models`")] = "mien_s.default",
    name: Annotated[str | None, typer.Option(help="what recipes call it; the model's name, if nothing is said")] = None,
    threads: Annotated[int, typer.Option(help="processor threads", min=1)] = 1,
) -> None:
    """Run a network once over all annotated faces; a stopped run goes on where it was.

    With `pictures` for a kind, every picture below the folder is a face of its own, already cropped.

    Example: mien features mtl ABAW7 --pictures ABAW7/cropped_aligned --model mien_s.default
    Example: mien features pictures faces
    """
    from mien.errors import InputError
    from mien.models.load import load
    from mien.progress import Progress
    from mien.train import extract

    network, out = load(model, threads=threads), folder / "features" / (name or model)
    with Progress(0, "chunks") as bar:
        if kind == "pictures":
            rows = extract.folder(network, folder, out, bar.step)
        elif pictures is None:
            raise InputError(f"the faces of {kind} must be cropped before: name their folder with --pictures")
        else:
            rows = extract.run(network, kind, folder, out, pictures, bar.step)
    typer.echo(f"{rows} rows", err=True)
