"""`mien bench`: speed and memory, measured here and now."""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.errors import MienError, unknown

if TYPE_CHECKING:
    from mien.bench import Answer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(bench)


def bench(
    questions: Annotated[
        list[str] | None,
        typer.Argument(metavar="[QUESTION]...", help="Such as start, weights, photo; else all but course."),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Processor threads for every network.")] = 1,
    quick: Annotated[bool, typer.Option(help="Few rounds, to try it; nothing is written.")] = False,
    examples: Annotated[Path, typer.Option(help="Folder of the example photos and film.")] = Path("examples"),
    peers: Annotated[Path, typer.Option(help="Folder of the other packages' environments.")] = Path("bench/peers"),
    out: Annotated[Path, typer.Option(help="Folder for bench_<question>.json.")] = Path("results"),
) -> None:
    """Measure what mien costs: beside bare onnxruntime, beside its parts, beside other packages.

    Example:  mien bench overhead clip --threads 2

    The questions network, photo and memory need other packages, each in an environment of its own below bench/peers;
    where one is missing the error says how to make it.
    """
    from mien import bench as folder

    setup = folder.Setup(threads, examples, peers, quick)
    failed = False
    asked, known = questions or folder.QUESTIONS, (*folder.QUESTIONS, *folder.SLOW)
    for name in asked:
        if name not in known:
            raise unknown("question", name, known)
    for name in asked:
        begin = time.perf_counter()
        try:
            answer = importlib.import_module(f"mien.bench.{name}").measure(setup)
        except MienError as error:
            failed = True
            print(f"mien: {name}: {error}", file=sys.stderr)
            continue
        for claim in answer.claims:
            print(f"{name}: {claim}")
        if not quick:
            _write(out / f"bench_{name}.json", answer, time.perf_counter() - begin)
    if failed:
        raise typer.Exit(2)


def _write(path: Path, answer: Answer, seconds: float) -> None:
    from mien import record
    from mien.bench import SEED

    claims = {c.what: {"value": round(c.value, 3), "limit": c.limit, "met": c.met} for c in answer.claims}
    figures = {"claims": claims, **answer.figures}
    record.write(path, figures, seed=SEED, data=answer.data, seconds=seconds)
