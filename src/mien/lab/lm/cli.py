"""`mien lab lm …`: train, compress, score, export, pace, report, complete."""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from mien.errors import InputError, MissingExtra

app = typer.Typer(
    help="Small recurrent language models for next-word suggestions on a device.\n\n"
    "Example:  mien lab lm train lstm200 --data ptb.zip --out models",
    no_args_is_help=True,
)

Data = Annotated[Path, typer.Option(help="zip or folder with …train.txt, …valid.txt, …test.txt, or one text file")]
Out = Annotated[Path, typer.Option(help="folder of models and checkpoints")]
Minutes = Annotated[float, typer.Option(help="stop after so long; the same command then goes on from there")]
Result = Annotated[Path | None, typer.Option(help="folder for a JSON file with the numbers")]
Device = Annotated[str, typer.Option(help="where to train: cpu, or cuda where there is one")]
UNFINISHED = 3  # exit code: nothing failed, call again


@app.callback()
def _need() -> None:
    """Every command here computes with torch or writes ONNX."""
    for package in ("torch", "onnx"):
        if find_spec(package) is None:
            raise MissingExtra(package, "train")


@app.command()
def train(
    recipe: str, data: Data, out: Out = Path("models"), minutes: Minutes = float("inf"), device: Device = "cpu"
) -> None:
    """Train a model by its recipe, or go on where it stopped.

    Example:  mien lab lm train lstm650 --data ptb.zip --out models --device cuda --minutes 10
    """
    _make(recipe, data, out, minutes, device)


@app.command()
def compress(
    recipe: Annotated[str, typer.Argument(help="a recipe, or with --steps a name for the new model")],
    data: Data,
    out: Out = Path("models"),
    minutes: Minutes = float("inf"),
    device: Device = "cpu",
    of: Annotated[str, typer.Option(help="the model to compress, by name")] = "lstm200",
    steps: Annotated[str, typer.Option(help="a pipeline of your own: 'whiten(64) | tune | quantize(8)'")] = "",
) -> None:
    """Make a smaller model of a trained one, by recipe or by a pipeline of steps.

    Steps: lowrank(rank), whiten(rank), tt(rank), prune(share), thin(share), units(share), quantize(bits), tune, and
    gradual(share), which prunes while it tunes; all but units, quantize and tune take parts too, as in
    prune(0.9, output).

    Example:  mien lab lm compress tiny --steps 'whiten(64) | tune | quantize(8)' --data ptb.zip
    """
    _make(recipe, data, out, minutes, device, of, steps)


@app.command()
def score(models: list[Path], data: Data, results: Result = None) -> None:
    """Perplexity, size and number of weights of stored models.

    Example:  mien lab lm score models/lstm200.mlm models/int8.mlm --data ptb.zip --results results
    """
    from mien.lab.lm import corpus, report

    text = corpus.read(data)
    for model in models:
        one = report.score(model, text)
        print(f"{one.recipe}\ttest {one.test:.3f}\tvalid {one.valid:.3f}\t{one.parameters} weights\t{one.bytes} bytes")
        if results:
            report.write(one, results / f"lm_{Path(one.recipe).name}.json")  # a name that a file brought along


@app.command()
def export(
    model: Path,
    out: Annotated[Path | None, typer.Option(help="the ONNX file; by default beside the model")] = None,
    int8: Annotated[bool, typer.Option(help="compute in 8 bits as well")] = False,
) -> None:
    """Write a model as ONNX: one word and the state in, the next word's probabilities and the state out.

    Example:  mien lab lm export models/white64.mlm --int8
    """
    from mien.lab.lm.export import export as write
    from mien.lab.lm.storage import load

    path = out or model.with_suffix(".int8.onnx" if int8 else ".onnx")
    write(load(model), path, int8)
    print(path)


@app.command()
def pace(
    files: list[Path],
    data: Data,
    results: Result = None,
    rounds: Annotated[int, typer.Option(min=2, help="turns of all files; quartiles need two")] = 21,
) -> None:
    """Time per word, memory and perplexity of exported models, side by side on one thread.

    Example:  mien lab lm pace models/*.onnx --data ptb.zip --results results
    """
    from mien.lab.lm import corpus, report

    measured = report.pace(files, corpus.read(data), rounds)
    for one in measured.paces:
        spread = f"{one.median:.3f} ms ({one.lower:.3f}–{one.upper:.3f})"
        print(f"{one.name}\t{spread}\t{one.memory:.1f} MB\ttest {one.test:.2f}")
    if results:
        report.write(measured, results / "lm_pace.json")


@app.command(name="report")
def report_(
    results: Annotated[Path, typer.Argument(help="folder of the JSON files")] = Path("results"),
    picture: Annotated[Path | None, typer.Option(help="also draw it: size and time against perplexity")] = None,
) -> None:
    """The page of all results beside the published rows, as Markdown.

    Example:  mien lab lm report results --picture docs/lm.svg > docs/lm.md
    """
    from mien.lab.lm import report

    print(report.page(results, picture), end="")
    if picture:
        report.picture(results, picture)


@app.command()
def complete(model: Path, text: str, count: Annotated[int, typer.Option(min=1)] = 3) -> None:
    """The likeliest next words after a text, from an exported model.

    Example:  mien lab lm complete models/white64.int8.onnx "the company said it" --count 5
    """
    from mien.lab.lm.export import Keyboard

    for word, chance in Keyboard(model).suggest(text, count):
        print(f"{word}\t{chance:.3f}")


def _make(name: str, data: Path, out: Path, minutes: float, device: str, of: str = "", steps: str = "") -> None:
    from mien.lab.lm import corpus, recipes

    if steps and name in (of, *(one.name for one in recipes.RECIPES)):
        raise InputError(f"{name!r} is the name of another model or recipe; give the new model one of its own")
    chosen = recipes.Recipe(name, recipes.TAUGHT, of=of, steps=steps) if steps else recipes.recipe(name)
    text = corpus.read(data)
    try:
        path = recipes.make(
            chosen, text, out, minutes, lambda line: print(line, file=sys.stderr, flush=True), device=device
        )
    except recipes.Unfinished as unfinished:
        print(unfinished, file=sys.stderr)
        raise typer.Exit(UNFINISHED) from unfinished
    print(path)
