"""mien synth: rendered faces with exact labels."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add `mien synth`."""
    group = typer.Typer(help="Render faces and scenes whose labels are known exactly.", no_args_is_help=True)
    group.command()(faces)
    group.command()(scenes)
    group.command()(examples)
    app.add_typer(group, name="synth")


def faces(
    assets: Annotated[Path, typer.Option(help="ICT-FaceKit head as .npz", exists=True, dir_okay=False)],
    count: Annotated[int, typer.Option(help="how many pictures")],
    out: Annotated[Path, typer.Option(help="folder for the .npz shards")],
    seed: Annotated[int, typer.Option(help="another seed: other people")] = 1,
    size: Annotated[int, typer.Option(help="side of a picture in pixels")] = 112,
    workers: Annotated[int, typer.Option(help="processes", min=1)] = 2,
) -> None:
    """Render faces into shards of at most 4,096; a stopped run goes on where it was.

    Example: mien synth faces --assets ict_facekit.npz --count 4096 --out valid --seed 2
    """
    from mien.synth.faces import Order, write

    write(Order(assets, count, seed, size), out, workers, _Bar(count))


def scenes(
    assets: Annotated[Path, typer.Option(help="ICT-FaceKit head as .npz", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option(help="the .npz file of heads to compose scenes from")],
    count: Annotated[int, typer.Option(help="how many heads", min=1)] = 1000,
    seed: Annotated[int, typer.Option(help="another seed: other people", min=0)] = 1,
    size: Annotated[int, typer.Option(help="side of a head's picture in pixels", min=48, max=512)] = 160,
) -> None:
    """Render the heads that whole scenes are composed from while a detector trains.

    Example: mien synth scenes --assets ict_facekit.npz --count 1000 --out heads.npz
    """
    from mien.synth.assets import load
    from mien.synth.scene import heads, keep

    keep(heads(load(assets), count, seed, size, report=_Bar(count)), out)


def examples(
    assets: Annotated[Path, typer.Option(help="ICT-FaceKit head as .npz", exists=True, dir_okay=False)],
    licence: Annotated[Path, typer.Option(help="its licence", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option(help="folder for the pictures and the film")] = Path("examples"),
) -> None:
    """Render the example portraits, group picture and film.

    Example: mien synth examples --assets ict_facekit.npz --licence ict_facekit.LICENSE --out examples
    """
    from mien.synth.assets import load
    from mien.synth.examples import make

    for path in make(load(assets), licence.read_text(), out):
        print(path)


class _Bar:
    """A line on the error stream: pictures done, pictures per second, time left."""

    def __init__(self, count: int) -> None:
        self.count, self.first, self.start, self.shown = count, -1, 0.0, 0.0

    def __call__(self, done: int) -> None:
        now = time.monotonic()
        if self.first < 0:
            self.first, self.start = done, now
        if now - self.shown < 0.5 and done < self.count:
            return
        self.shown = now
        pace = (done - self.first) / max(now - self.start, 1e-6)
        left = (self.count - done) / pace if pace else 0.0
        end = "\n" if done >= self.count else ""
        print(f"\r{done}/{self.count}  {pace:.0f}/s  {left / 60:.1f} min left ", end=end, file=sys.stderr, flush=True)
