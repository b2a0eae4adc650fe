"""Command-line options that mean the same in every command, and where rows go that are shown."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.io import table

if TYPE_CHECKING:
    from mien.io.table import Row
    from mien.types import Faces, Frame

    See = Callable[[Frame], Faces]


Out = Annotated[Path | None, typer.Option(help="Folder for table, pictures and report; a killed run goes on there.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per row on standard output.")]
Format = Annotated[
    table.Format | None, typer.Option("--format", help="The table's format and columns; csv, if nothing is said.")
]
Demographics = Annotated[bool, typer.Option("--demographics", help="Also read age, gender and ethnicity.")]
Smallest = Annotated[float, typer.Option(min=0, help="Find faces down to so many pixels, which takes longer.")]
MaxPixels = Annotated[int | None, typer.Option(min=1, help="The most pixels a picture may have.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Processor threads for the networks.")]
Device = Annotated[str, typer.Option(help="cpu, or an accelerator that must then be there, such as cuda.")]


def perceiver(demographics: bool, smallest: float, threads: int | None, device: str) -> See:
    """The default detector and networks."""
    import mien

    return mien.perceiver(demographics=demographics, smallest=smallest, threads=threads, device=device)


def version(see: See) -> dict[str, str]:
    """What rows depend on beside the options: they must not be mixed with those of another version or network."""
    import mien
    from mien.perceive import Perceiver

    networks = [m.card.name for m in see.models] if isinstance(see, Perceiver) else []
    return {"mien": mien.__version__, "networks": " ".join(networks)}


class Shown:
    """Takes rows for standard output: as JSON lines, as a table of some format, or as lines for people."""

    def __init__(self, as_json: bool, form: table.Format | None, stack: ExitStack) -> None:
        self.as_json = as_json
        self._form: table.Format | None = "jsonl" if as_json else form
        self._stack = stack
        self._write: Callable[[Row], None] | None = None

    @property
    def for_people(self) -> bool:
        """Whether a person reads along."""
        return self._form is None

    def __call__(self, row: Row) -> None:
        """One more row; the first one names the columns."""
        if self._write is None:
            self._write = self._opened(row)
        self._write(row)

    def line(self, words: str) -> None:
        """Words for people; nothing where a machine reads."""
        if self.for_people:
            sys.stdout.write(words + "\n")

    def _opened(self, row: Row) -> Callable[[Row], None]:
        from mien.report.text import line

        if self._form is None:
            return lambda r: self.line(line(r))
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        return self._stack.enter_context(table.opened(sys.stdout, self._form, tuple(row)))


@contextmanager
def shown(as_json: bool, form: table.Format | None, out: Path | None) -> Iterator[Shown]:
    """Rows to standard output; with a folder the format is the folder's, and people still see lines.

    Where the reader of a pipe has left (`mien … | head`) the run ends quietly.
    """
    if as_json and out is None and form not in (None, "jsonl"):
        raise typer.BadParameter(
            f"rows on standard output are JSON or {form}, not both: leave one out, or add --out", param_hint="--json"
        )
    if form == "parquet" and out is None:
        raise typer.BadParameter("a Parquet table needs a folder: add --out", param_hint="--format")
    table.ready(form)
    try:
        with ExitStack() as stack:
            yield Shown(as_json, None if out else form, stack)
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
