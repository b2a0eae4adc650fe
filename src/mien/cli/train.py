"""`mien train`: the heads of a recipe, or the network that ships."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add `mien train`."""
    app.command()(train)


def train(
    recipe: Annotated[str, typer.Argument(help="a name of `mien recipes`; or faces, mien_s, echo, clean")],
    data: Annotated[Path, typer.Option(help="the annotations, with a folder of features", exists=True)],
    out: Annotated[Path, typer.Option(help="folder for heads and answers; a killed run goes on there")],
    seed: Annotated[int, typer.Option(help="seed of all that is drawn", min=0, max=2**32 - 1)] = 0,
    threads: Annotated[
        int, typer.Option(help="processor threads; another number may change the last digits", min=1)
    ] = 1,
    renders: Annotated[Path | None, typer.Option(help="for the network: folder of `mien synth faces`")] = None,
    teacher: Annotated[Path | None, typer.Option(help="for the network: folder of identity vectors")] = None,
) -> None:
    """Train a recipe's heads on the learning videos and answer the tuning and the scored ones.

    Example: mien train abaw7_mtl --data twin --out run
    Example: mien train mien_s --data faces --renders renders --out work
    """
    import torch

    from mien.recipes import named
    from mien.train import course, embedded, result

    if recipe in embedded.STAGES:
        embedded.run(recipe, embedded.Sources(data, renders, teacher), out, seed, threads)
        return
    torch.set_num_threads(threads)
    result.keep(course.train(named(recipe), data, out / recipe / str(seed), seed), _answers(out, recipe, seed))


def _answers(out: Path, recipe: str, seed: int) -> Path:
    return out / recipe / str(seed) / "answers.npz"
