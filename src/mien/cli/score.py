"""`mien score`: a recipe's rows beside the paper's."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mien.train.course import Scored


def register(app: typer.Typer) -> None:
    """Add `mien score`."""
    app.command()(score)


def score(
    recipe: Annotated[str, typer.Argument(help="a name of `mien recipes`")],
    data: Annotated[Path, typer.Option(help="the data it was trained on", exists=True)],
    out: Annotated[Path, typer.Option(help="the folder of `mien train`", exists=True)],
    result: Annotated[Path | None, typer.Option(help="also write the figures of all seeds to this file")] = None,
    note: Annotated[str, typer.Option(help="what the data is, for the result file")] = "",
    against: Annotated[str | None, typer.Option(help="test against this recipe, trained beside it")] = None,
    answers: Annotated[Path | None, typer.Option(help="also write the first seed's in the organisers' format")] = None,
) -> None:
    """Score every row of a recipe, for each seed that was trained: fitted on tuning videos, and on the scored ones.

    Example: mien score abaw7_mtl --data twin --out run --result results/abaw7_mtl.json
    Example: mien score abaw8_expr --data twin --out run --against abaw6_expr
    """
    from mien.io import whole
    from mien.recipes import named
    from mien.train import course, written
    from mien.train import result as results

    for path in (result, answers):
        if path:
            whole.folder(path.parent)
    begun, chosen, runs = time.monotonic(), named(recipe), _runs(recipe, data, out)
    for seed, run in runs.items():
        print(results.line(f"{recipe}, seed {seed}", chosen, run))
    if against:
        gain, chance = course.versus((chosen, runs), (named(against), _runs(against, data, out)))
        print(f"{recipe} against {against}, last rows: gain {gain:+.4f}, chance {chance:.3f}")
    if answers:
        first = results.kept(out / recipe / str(min(runs)) / "answers.npz")
        typer.echo(f"{written.write(chosen, data, first, answers)} rows in {answers}", err=True)
    if result:
        results.write(result, chosen, runs, note, time.monotonic() - begun)


def _runs(name: str, data: Path, out: Path) -> dict[int, Scored]:
    """The runs of a recipe in a folder of `mien train`, by seed."""
    from mien.errors import InputError
    from mien.recipes import named
    from mien.train import course
    from mien.train import result as results

    kept = {int(p.parent.name): p for p in (out / name).glob("*/answers.npz") if p.parent.name.isdecimal()}
    if not kept:
        raise InputError(f"no answers in {out / name}; make them with `mien train {name} --data {data} --out {out}`")
    runs: dict[int, Scored] = {}
    for seed, path in sorted(kept.items()):
        runs[seed], made_of = course.score(named(name), data, results.kept(path)), path.with_name("made_of.txt")
        if made_of.is_file() and runs[seed].data not in made_of.read_text():
            raise InputError(f"{path} answers other data than {data}; name what it was trained on, or train anew")
    return runs
