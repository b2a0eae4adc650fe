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
    sound: Annotated[Path | None, typer.Option(help="instead: films or sound files, <video>.mp4", exists=True)] = None,
    words: Annotated[Path | None, typer.Option(help="instead: what was said, <video>.txt", exists=True)] = None,
    model: Annotated[
        str | None, typer.Option(help="a name of `mien models`; for sound and words a network of transformers, or none")
    ] = None,
    name: Annotated[str | None, typer.Option(help="what recipes call it; the model's name, if nothing is said")] = None,
    pool: Annotated[str, typer.Option(help="of a clip that is one row: mean or stat (mean, std, min, max)")] = "mean",
    threads: Annotated[int, typer.Option(help="processor threads", min=1)] = 1,
) -> None:
    """Run a network once over all annotated faces, or over sound or words; a stopped run goes on where it was.

    With `pictures` for a kind, every picture below the folder is a face of its own, already cropped.

    Example: mien features mtl ABAW7 --pictures ABAW7/cropped_aligned --model mien_s.default
    Example: mien features emi EMI --sound EMI/clips --pool stat --name wav2vec2-stat
    Example: mien features pictures faces
    """
    from mien.errors import InputError, unknown
    from mien.fusion.pool import STAT
    from mien.models.load import load
    from mien.progress import Progress
    from mien.train import extract, heard

    pools = {"mean": STAT[:1], "stat": STAT}
    if pool not in pools:
        raise unknown("pool", pool, pools)
    given = [n for n, p in (("pictures", pictures), ("sound", sound), ("words", words)) if p]
    if len(given) != (kind != "pictures"):
        raise InputError("name one folder of cropped faces, sound or words: --pictures, --sound or --words, "
                         "and none where every picture of the folder itself is a face")  # fmt: skip
    ours = model or "mien_s.default"
    called = name or (Path(model or given[0]).name if sound or words else ours)
    out = folder / "features" / called
    with Progress(0, "chunks") as bar:
        if sound or words:
            source = heard.sounds(sound, model) if sound else heard.said(words or folder, model)
            rows = heard.run(source, kind, folder, out, pools[pool], bar.step)
        elif pictures:
            faces = extract.Faces(load(ours, threads=threads), pictures, pools[pool])
            rows = extract.run(faces, kind, folder, out, bar.step)
        else:
            rows = extract.folder(load(ours, threads=threads), folder, out, bar.step)
    typer.echo(f"{rows} rows", err=True)
