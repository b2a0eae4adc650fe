"""The command line: one file per command, each with `register(app)`."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import typer

from mien.errors import MienError


def build() -> typer.Typer:
    """The app with every command of this folder."""
    app = typer.Typer(
        help="Reads what people show in photos and video: faces, expressions, valence and arousal, action units.\n\n"
        "Example:  mien look photo.jpg",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        importlib.import_module(f"mien.cli.{module}").register(app)
    return app


def main() -> None:
    """Run the command line; a foreseen error is one line on standard error and exit code 2."""
    try:
        build()()
    except MienError as error:
        print(f"mien: {error}", file=sys.stderr)
        sys.exit(2)
