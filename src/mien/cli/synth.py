"""mien synth: rendered faces with exact labels, and twins of the challenges' data sets."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add `mien synth`."""
    group = typer.Typer(help="Faces, scenes and data sets whose labels are known exactly.", no_args_is_help=True)
    group.command()(faces)
    group.command()(scenes)
    group.command()(examples)
    for kind in TWINS:
        group.command(kind)(twin(kind))
    app.add_typer(group, name="synth")


TWINS = ("affectnet", "affwild2", "afew", "bah", "cexpr", "dvd", "emi", "lsd", "mtl", "vgaf")


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


def twin(kind: str) -> Callable[..., None]:
    """The command that writes this data set's twin."""

    def command(
        out: Annotated[Path, typer.Option(help="an empty folder for its files", file_okay=False)],
        features: Annotated[bool, typer.Option("--features", help="features of a latent process, no pictures")] = False,
        assets: Annotated[Path | None, typer.Option(help="for pictures: ICT-FaceKit head as .npz", exists=True)] = None,
        scale: Annotated[float, typer.Option(help="part of the published size", min=0.0001, max=1.0)] = 1.0,
        seed: Annotated[int, typer.Option(help="another seed: other people", min=0)] = 0,
        size: Annotated[int, typer.Option(help="side of a picture in pixels", min=16, max=1024)] = 112,
    ) -> None:
        if out.exists() and any(out.iterdir()) and features:
            raise typer.BadParameter(f"{out} is not empty", param_hint="--out")
        if features == (assets is not None):
            raise typer.BadParameter("pictures need --assets, features alone take none", param_hint="--features")
        if assets is None:
            _features(kind, out, seed, scale)
        else:
            _pictures(kind, out, assets, (seed, size, scale))

    command.__doc__ = f"""Write a synthetic twin: the data set's own files, with features or with rendered faces.

    Example: mien synth {kind} --features --scale 0.1 --out twin
    Example: mien synth {kind} --assets ict_facekit.npz --scale 0.001 --out twin
    """
    return command


def _features(kind: str, out: Path, seed: int, scale: float) -> None:
    from mien.progress import Progress
    from mien.train import twins

    with Progress(0, "videos") as bar:
        twins.write(kind, out, seed, scale, lambda rows: bar.step())


def _pictures(kind: str, out: Path, assets: Path, how: tuple[int, int, float]) -> None:
    """Annotations first, whole or not at all; a run that was stopped while rendering goes on."""
    from mien.progress import Progress
    from mien.synth.assets import load
    from mien.train import drawn

    seed, size, scale = how
    drawn.laid_out(kind, out, seed, scale)
    with Progress(0, "pictures") as bar:
        count = drawn.pictures(kind, out, load(assets), seed, size, bar.step)
    typer.echo(f"{count} pictures in {drawn.place(kind, out)}", err=True)


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
