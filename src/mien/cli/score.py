"""`mien score`: a recipe's rows beside the paper's."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add `mien score`."""
    app.command()(score)


def score(
    recipe: Annotated[str, typer.Argument(help="a name of `mien recipes`")],
    data: Annotated[Path, typer.Option(help="the data it was trained on", exists=True)],
    out: Annotated[Path, typer.Option(help="the folder of `mien train`", exists=True)],
    result: Annotated[Path | None, typer.Option(help="also write the figures of all seeds to this file")] = None,
    note: Annotated[str, typer.Option(help="what the data is, for the result file")] = "",
) -> None:
    """Score every row of a recipe, for each seed that was trained: fitted on tuning videos, and on the scored ones.

    Example: mien score abaw7_mtl --data twin --out run --result results/abaw7_mtl.json
    """
    from mien.recipes import named
    from mien.train import course
    from mien.train import result as results

    begun, chosen = time.monotonic(), named(recipe)
    seeds = sorted(int(p.parent.name) for p in (out / recipe).glob("*/answers.npz"))
    runs = {s: course.score(chosen, data, results.kept(out / recipe / str(s) / "answers.npz")) for s in seeds}
    for seed, run in runs.items():
        print(results.line(f"{recipe}, seed {seed}", chosen, run))
    if not runs:
        results.kept(out / recipe / "0" / "answers.npz")
    if result:
        results.write(result, chosen, runs, note, time.monotonic() - begun)
