"""`mien lab tables …`: solve, bench."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from mien.errors import MissingExtra

app = typer.Typer(
    help='From a table and a sentence to a model.\n\nExample:  mien lab tables solve train.csv --task "predict y" '
    "--out run",
    no_args_is_help=True,
)


@app.callback()
def group() -> None:
    """From a table and a sentence to a trained model."""
    for package, name in (("pandas", "pandas"), ("sklearn", "scikit-learn")):
        if find_spec(package) is None:
            raise MissingExtra(name, "lab")


@app.command("solve")
def solve_table(
    train: Annotated[Path, typer.Argument(help="A table with a header line.")],
    task: Annotated[str, typer.Option(help='What to guess and how it is scored, e.g. "predict Survived, accuracy".')],
    out: Annotated[
        Path, typer.Option(file_okay=False, help="The folder for result.json, scripts, report and submission.")
    ],
    test: Annotated[Path | None, typer.Option(help="A table without the target, to be answered.")] = None,
    seconds: Annotated[float, typer.Option(min=5, help="Time for all of it.")] = 300.0,
    header: Annotated[bool, typer.Option(help="Whether the first line names the columns.")] = True,
    tools: Annotated[str, typer.Option(help="AutoML tools to ask before the rules, e.g. flaml,lightautoml.")] = "",
    server: Annotated[str, typer.Option(help="Base URL of an OpenAI-compatible server that plans.")] = "",
    model: Annotated[str, typer.Option(help="The model to ask for; the key is read from OPENAI_API_KEY.")] = "default",
    record: Annotated[Path | None, typer.Option(help="Also write every reply to this file.")] = None,
    replay: Annotated[Path | None, typer.Option(help="Take the replies from such a file instead of a server.")] = None,
    seed: Annotated[int, typer.Option(help="Of the held-out rows.")] = 0,
) -> None:
    """Learn a table: model, scripts that run alone, a score on rows that no script saw, a report.

    Example:  mien lab tables solve train.csv --test test.csv --task "predict Survived, accuracy" --out run
    """
    from tempfile import TemporaryFile

    from mien.lab.chat import Chat, Recorder, Replay, Server
    from mien.lab.tables.agent import Settings
    from mien.lab.tables.solve import chain, open_test, solve, write
    from mien.lab.tables.table import read

    chat: Chat | None = Replay.load(replay) if replay else Server(server, model) if server else None
    if chat and record:
        chat = Recorder(chat, record)
    asked = open_test(test) if test else None
    planners = chain(chat, [name.strip() for name in tools.split(",") if name.strip()])
    table = read(train, header)
    out.mkdir(parents=True, exist_ok=True)
    TemporaryFile(dir=out).close()  # a place that takes nothing is told of before the work, not after it
    solved = solve(table, task, planners, Settings(seconds), test=asked, seed=seed)
    write(solved, out, asked)
    answer = solved.answer
    typer.echo(f"planner: {answer.planner}, tool: {answer.tool}, {answer.seconds:.0f} s", err=True)
    typer.echo(f"{solved.case.task.metric} {answer.value:.4f} (dummy {answer.dummy:.4f}) in {out}")


@app.command()
def bench(
    results: Annotated[Path, typer.Argument(help="The folder for tables_bench.json.")],
    data: Annotated[Path | None, typer.Option(help="The folder with adult-train.csv and kaggle/.")] = None,
    tables: Annotated[str, typer.Option(help="Tables, separated by commas; all ten if empty.")] = "",
    seconds: Annotated[float, typer.Option(min=5, help="Time of each way for one table, all folds together.")] = 60.0,
    folds: Annotated[int, typer.Option(min=1, help="Of tables below 5,000 rows; 1 for one held-out part.")] = 5,
    threads: Annotated[int, typer.Option(min=1, help="Of each way.")] = 2,
    name: Annotated[str, typer.Option(help="Of the file.")] = "tables_bench",
) -> None:
    """Compare the dummy, boosting with defaults, installed AutoML tools and the agent on public tables.

    Each fit is kept in NAME.jsonl beside the results as soon as it is done; the same command goes on from there.

    Example:  mien lab tables bench results --tables iris,wine --seconds 60
    """
    import time

    from mien.lab.tables import bench as ten
    from mien.record import write

    names = [part.strip() for part in tables.split(",") if part.strip()] or list(ten.TABLES)
    start = time.perf_counter()
    path = results / f"{name}.json"
    results.mkdir(parents=True, exist_ok=True)
    figures = ten.bench(names, data, ten.Effort(seconds, folds, threads), path.with_suffix(".jsonl"))
    write(path, figures, seed=0, data=(), seconds=time.perf_counter() - start)
    typer.echo(path)
