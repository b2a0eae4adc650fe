"""`mien group`: what the people of a picture show together."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien import options

if TYPE_CHECKING:
    from mien.types import Faces, Frame


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(group)


def group(
    paths: Annotated[list[str], typer.Argument(metavar="PHOTO...", help="Photos, and folders of photos.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per photo on standard output.")] = False,
    smallest: options.Smallest = 0.0,
    max_pixels: options.MaxPixels = None,
    threads: options.Threads = None,
    device: options.Device = "cpu",
) -> None:
    """Whether the group in a photo looks positive, neutral or negative: the mean over its faces.

    Example:  mien group team.jpg

    A photo without a face has no answer, which is no error. One that cannot be read is named on standard error, the
    others are done, and the exit code is 2.
    """
    from mien import batch
    from mien.io import folder, photo

    inputs = batch.expanded(paths, folder.photos, "photo")
    see = options.perceiver(False, smallest, threads, device)
    outcome = batch.run(inputs, _Groups(see, max_pixels or photo.LIMIT, as_json), "photos")
    raise typer.Exit(outcome.code)


@dataclass(frozen=True, slots=True)
class _Groups:
    """What is done with each photo."""

    see: Callable[[Frame], Faces]
    limit: int
    as_json: bool

    def __call__(self, path: Path) -> None:
        from mien.count import counted
        from mien.group.average import average
        from mien.io import photo
        from mien.report.chart import plain

        faces = self.see(photo.read(path, limit=self.limit))
        answer = average(faces)
        scores = {} if answer is None else {n: round(float(answer[n]), 4) for n in answer.labels}
        label = None if answer is None else answer.top()
        if self.as_json:
            print(json.dumps({"photo": str(path), "faces": len(faces), "group": label, "scores": scores}))
        else:
            words = f"{label}, {counted(len(faces), 'face')}" if label else "no face"
            print(f"{plain(str(path))}  {words}", *(f"{n} {v:.0%}" for n, v in scores.items()), sep="  ")
        sys.stdout.flush()
