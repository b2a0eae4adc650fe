"""The command line: one file per command, each with `register(app)`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
from io import TextIOWrapper
from typing import Annotated

import typer

import mien
from mien.errors import MienError, MissingExtra

TRAIN = {"torch", "onnx", "scipy", "sklearn", "numba", "pyarrow"}  # what commands that train, draw or measure import


def _version(wanted: bool) -> None:
    if wanted:
        print(f"mien {mien.__version__}")
        raise typer.Exit


def build() -> typer.Typer:
    """The app with every command of this folder."""
    app = typer.Typer(
        help="Reads what people show in photos and video: faces, expressions, valence and arousal, action units.\n\n"
        "Example:  mien look photo.jpg",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(top)
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        importlib.import_module(f"mien.cli.{module}").register(app)
    for command in app.registered_commands:  # a line of a docstring is no line of a terminal
        command.help = re.sub(r"(?<!\n)\n(?!\n|Example)", " ", inspect.getdoc(command.callback) or "")
    return app


def top(
    version: Annotated[bool, typer.Option("--version", is_eager=True, callback=_version, help="The version.")] = False,
) -> None:
    """What stands before any command."""


def main() -> None:
    """Run the command line; a foreseen error is one line on standard error and exit code 2."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a pipe may know fewer letters than a file's name has
    try:
        build()()
    except MienError as error:
        print(f"mien: {error}", file=sys.stderr)
        sys.exit(2)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in TRAIN:
            raise
        print(f"mien: {MissingExtra(package.replace('sklearn', 'scikit-learn'), 'train')}", file=sys.stderr)
        sys.exit(2)
