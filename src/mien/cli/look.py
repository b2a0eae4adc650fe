"""`mien look`: photos in, a table out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien import options
from mien.io import table

if TYPE_CHECKING:
    from mien.batch import Entry, Journal
    from mien.io.table import Row
    from mien.report.html import Photo
    from mien.types import Faces, Frame


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(look)


def look(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Photos, and folders of photos.")],
    out: options.Out = None,
    as_json: options.AsJson = False,
    form: options.Format = None,
    demographics: options.Demographics = False,
    smallest: options.Smallest = 0.0,
    max_pixels: options.MaxPixels = None,
    pictures: Annotated[bool, typer.Option(help="With --out, also write photos with boxes, and the report.")] = True,
    threads: options.Threads = None,
    device: options.Device = "cpu",
) -> None:
    """Read the faces of photos: expression, valence and arousal, action units; one row per face.

    Example:  mien look photo.jpg holidays/ --out result

    With --out the rows go to faces.csv, and a run that was stopped continues where it was when started again. A photo
    that cannot be read is named on standard error, the others are done, and the exit code is 2.
    """
    from mien import batch
    from mien.io import folder, photo

    inputs = batch.expanded(paths, folder.photos, "photo")
    with options.shown(as_json, form, out) as show:
        see = options.perceiver(demographics, smallest, threads, device)
        asked = {"command": "look", **options.version(see), "demographics": demographics, "smallest": smallest}
        asked["pictures"] = pictures  # else the report would lack those of an earlier run
        with batch.journal(out, asked) as journal:
            work = _Photos(see, max_pixels or photo.LIMIT, show, journal, out if pictures else None)
            listed = show.for_people and sys.stdout.isatty()  # then the rows themselves tell how far it is
            outcome = batch.run(inputs, work, "photos", journal, silent=listed)
            if journal and out:
                _finish(journal, inputs, out, form or "csv", pictures)
        if out:
            sys.stderr.write(batch.told(outcome, out))
    raise typer.Exit(outcome.code)


@dataclass(frozen=True, slots=True)
class _Photos:
    """What is done with each photo."""

    see: Callable[[Frame], Faces]
    limit: int
    show: Callable[[Row], None]
    journal: Journal | None
    pictures: Path | None

    def __call__(self, path: Path) -> None:
        from mien.io import photo
        from mien.io.table import Layout
        from mien.quality import measure

        faces = measure(self.see(photo.read(path, limit=self.limit)))
        rows = list(Layout.of(faces.readings).rows(faces))
        if self.journal and self.pictures:
            _picture(faces, self.pictures / "annotated" / f"{self.journal.name(path)}.jpg")
        if self.journal:
            self.journal.add(path, rows)
        for row in rows:
            self.show(row)


def _picture(faces: Faces, path: Path) -> None:
    from mien.io.whole import folder, whole
    from mien.report.draw import draw
    from mien.report.peaks import jpeg

    folder(path.parent)
    with whole(path) as part:
        part.write_bytes(jpeg(draw(faces)))


def _finish(journal: Journal, inputs: Sequence[Path], out: Path, form: table.Format, pictures: bool) -> None:
    """The table of all that is done, and the report."""
    from mien.count import counted
    from mien.io.table import Layout, Table, suffix
    from mien.io.whole import whole
    from mien.report import html

    first = next((row for entry in journal.entries() for row in entry.rows), None)
    rows = Table(
        tuple(first) if first else Layout().columns, lambda: (r for e in journal.entries(inputs) for r in e.rows)
    )
    rows.write(out / f"faces{suffix(form)}", form)
    if pictures:
        total = sum(1 for _ in journal.entries())
        faces = sum(row["face"] is not None for row in rows)
        facts = [f"{counted(total, 'photo')}, {counted(faces, 'face')}"]
        page = html.of_photos("Photos", _photos(journal, inputs, out), total, facts)
        with whole(out / "report.html") as part:
            part.write_text(page, encoding="utf-8")


def _photos(journal: Journal, inputs: Sequence[Path], out: Path) -> Iterator[Photo]:
    from itertools import islice

    from mien.io import photo
    from mien.report.html import PHOTOS, Photo
    from mien.report.peaks import jpeg

    for entry in islice(journal.entries(inputs), PHOTOS):
        picture = out / "annotated" / f"{entry.name}.jpg"
        if picture.exists():
            drawn = photo.read(picture, limit=sys.maxsize)  # by us, of a photo that was within the limit
            yield Photo(Path(entry.input).name, jpeg(drawn.pixels, 600), _captions(entry))


def _captions(entry: Entry) -> list[str]:
    from mien.report.text import answers

    return [answers(row) for row in entry.rows]
