"""`mien trial`: recipes on their synthetic twins, over several seeds."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add `mien trial`."""
    app.command()(trial)


def trial(
    recipes: Annotated[list[str], typer.Argument(help="names of `mien recipes`")],
    results: Annotated[Path, typer.Option(help="folder for the result files")] = Path("results"),
    seeds: Annotated[int, typer.Option(help="how many; each draws another twin and other weights", min=1)] = 5,
    scale: Annotated[float, typer.Option(help="part of the published size", min=0.0001, max=1.0)] = 0.01,
) -> None:
    """Draw a twin, train and score, for each recipe and seed; one result file per recipe.

    Example: mien trial abaw3_expr abaw7_mtl --seeds 5 --scale 0.01
    """
    import torch

    from mien.io import whole
    from mien.recipes import named
    from mien.train import course, result, twins

    whole.folder(results)  # what cannot be written there at the end need not be run
    torch.set_num_threads(1)
    chosen = {name: named(name) for name in recipes}
    for name, recipe in chosen.items():
        begun, runs = time.monotonic(), {}
        for seed in range(seeds):
            with tempfile.TemporaryDirectory() as folder:
                twin = Path(folder) / "twin"
                twins.write(twins.kind_of(recipe.data), twin, seed, scale)
                answers = course.train(recipe, twin, Path(folder) / "run", seed)
                runs[seed] = course.score(recipe, twin, answers)
            print(result.line(f"{name}, seed {seed}", recipe, runs[seed]), flush=True)
        note = f"synthetic twins of seeds 0 to {seeds - 1} at {scale:g} of the published size"
        result.write(results / f"{name}.json", recipe, runs, note, time.monotonic() - begun)
