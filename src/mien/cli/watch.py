"""`mien watch`: videos or a camera in, a table, a timeline and a report out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien import options
from mien.io import table
from mien.options import Shown

if TYPE_CHECKING:
    from mien.batch import Journal
    from mien.identity.cast import People
    from mien.identity.gallery import Gallery
    from mien.io.video import Video
    from mien.report.peaks import Peaks
    from mien.stream import Smoothing, Watch
    from mien.temporal.stride import Stride
    from mien.types import Faces, Frame


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(watch)


def watch(
    paths: Annotated[list[str], typer.Argument(metavar="VIDEO...", help="Videos, folders of videos, or a camera: 0.")],
    out: options.Out = None,
    as_json: options.AsJson = False,
    form: options.Format = None,
    every: Annotated[int, typer.Option(min=1, help="Take each n-th frame.")] = 1,
    fps: Annotated[float | None, typer.Option(help="Take at most this many frames a second.")] = None,
    start: Annotated[float, typer.Option(help="Begin at this second.")] = 0.0,
    stop: Annotated[float | None, typer.Option(help="End before this second.")] = None,
    smooth: Annotated[str, typer.Option(help="default, none, or a half-window in seconds, say 0.5.")] = "default",
    adaptive: Annotated[
        float | None,
        typer.Option(help="Look at each 10th frame, at more only where no expression is more probable than this."),
    ] = None,
    gallery: Annotated[
        Path | None,
        typer.Option(help="Folder of people to know by name: Anna.jpg, or several photos in a folder Anna."),
    ] = None,
    demographics: options.Demographics = False,
    smallest: options.Smallest = 0.0,
    max_pixels: options.MaxPixels = None,
    threads: options.Threads = None,
    device: options.Device = "cpu",
) -> None:
    """Follow people through videos: one row per face and frame, smoothed over time, and a timeline per person.

    Example:  mien watch talk.mp4 --out result     mien watch talk.mp4 --gallery friends/ --out result

    With --out each video gets a folder there with faces.csv, people.json, timeline.png and report.html; a run that was
    stopped continues with the next video when started again. Who is lost and found again is one person in all of them.
    Ctrl-C keeps all frames up to there. A camera's rows on standard output are as measured, for smoothing, and knowing
    somebody again, need what comes after.
    """
    from mien import batch
    from mien.identity.gallery import enrolled
    from mien.io import folder, photo

    how = _How(every, fps, start, stop, max_pixels or photo.LIMIT)
    chosen, strides = _smoothing(smooth), _strides(adaptive)
    with options.shown(as_json, form, out) as show:
        see = options.perceiver(demographics, smallest, threads, device)
        asked = {"command": "watch", **options.version(see), "demographics": demographics, "smallest": smallest}
        asked |= {"every": every, "fps": fps, "start": start, "stop": stop, "smooth": smooth, "adaptive": adaptive}
        known = enrolled(gallery, see) if gallery else None
        asked |= {"gallery": _named(gallery) if gallery else None, "format": form or "csv"}
        with batch.journal(out, asked) as journal:
            work = _Videos(see, how, _Follow(chosen, strides, known), show, journal, out, form or "csv")
            if len(paths) == 1 and paths[0].isdecimal() and not Path(paths[0]).exists():
                raise typer.Exit(work.camera(int(paths[0])))
            outcome = batch.run(batch.expanded(paths, folder.videos, "video"), work, "videos", journal)
        if out:
            sys.stderr.write(batch.told(outcome, out))
    raise typer.Exit(outcome.code)


@dataclass(frozen=True, slots=True)
class _How:
    """Which frames are wanted."""

    every: int
    fps: float | None
    start: float
    stop: float | None
    limit: int

    def video(self, path: Path) -> Video:
        from mien.io.video import Video

        return Video(path, self.every, self.fps, self.start, self.stop, self.limit)


@dataclass(frozen=True, slots=True)
class _Follow:
    """How people are followed."""

    smooth: Smoothing
    strides: Stride | None
    gallery: Gallery | None

    def __call__(self, frames: Iterable[Frame], see: Callable[[Frame], Faces]) -> Watch:
        from mien.stream import Watch

        return Watch(frames, see, smooth=self.smooth, adaptive=self.strides, gallery=self.gallery)


@dataclass(frozen=True, slots=True)
class _Videos:
    """What is done with each video."""

    see: Callable[[Frame], Faces]
    how: _How
    follow: _Follow
    show: Shown
    journal: Journal | None
    out: Path | None
    form: table.Format

    def __call__(self, path: Path) -> None:
        from mien.errors import MienError
        from mien.io.video import Damaged
        from mien.progress import Progress
        from mien.report.peaks import Peaks

        video, peaks = self.how.video(path), Peaks()
        seen = self.follow(video, self.see)
        error: MienError | KeyboardInterrupt | None = None
        try:
            with Progress(video.expected(), "frames") as progress:
                for faces in seen:
                    peaks.see(faces)
                    progress.step()
        except (MienError, KeyboardInterrupt) as raised:
            error = raised
        if seen.frames:
            self._write(path.name, self.journal.name(path) if self.journal else "", seen, peaks)
            self._tell(path, seen)
        if self.journal and seen.frames and (error is None or isinstance(error, Damaged)):  # else it may help to retry
            self.journal.add(path, error=str(error or ""))
        if error:
            raise error

    def camera(self, index: int) -> int:
        """Follow a camera until Ctrl-C or --stop; gives the exit code."""
        from itertools import takewhile

        from mien.io.camera import Camera, only_for_files
        from mien.report.peaks import Peaks

        if (self.how.every, self.how.fps, self.how.start) != (1, None, 0.0):
            raise only_for_files("--every", "--fps", "--start")
        stop = float("inf") if self.how.stop is None else self.how.stop
        frames: Iterable[Frame] = takewhile(lambda f: f.time < stop, Camera(index))
        seen, peaks, said = self.follow(frames, self.see), Peaks(), -1
        try:
            for moment in seen.moments():
                peaks.see(moment.faces)
                second = int(moment.faces.frame.time)
                if not self.show.for_people or second > said:  # people get a line a second
                    for row in seen.layout.rows(moment.faces, moment.absent):
                        self.show(row)
                said = second
        except KeyboardInterrupt:
            sys.stderr.write("mien: stopped\n")
        if seen.frames:
            sys.stderr.writelines(_found_again(seen.people()))
            self._write(f"camera {index}", self._unused(f"camera{index}"), seen, peaks)
        return 0

    def _unused(self, name: str) -> str:
        """A folder's name that no earlier take has: nobody can film it again."""
        take, unused = 1, name
        while self.out and (self.out / unused).exists():
            take += 1
            unused = f"{name}-{take}"
        return unused

    def _tell(self, path: Path, seen: Watch) -> None:
        from mien.report.chart import plain
        from mien.report.text import person

        if not self.show.for_people:
            for row in seen.table() if self.out is None or self.show.as_json else ():
                self.show(row)
            return
        people, names = seen.signals(), seen.people().names
        self.show.line(f"{plain(str(path))}  {_facts(seen)}")
        for number, signals in people.items():
            self.show.line(f"  {person(number, signals, names.get(number, ''))}")

    def _write(self, title: str, name: str, seen: Watch, peaks: Peaks) -> None:
        if self.out is None:
            return
        from mien.io.table import suffix
        from mien.io.whole import folder, whole
        from mien.report import cast, chart, html
        from mien.report.timeline import stacked

        place, people, who = folder(self.out / name), seen.signals(), seen.people()
        members = cast.members(who, people)
        seen.table().write(place / f"faces{suffix(self.form)}", self.form)
        with whole(place / "timeline.png") as part:
            chart.save(stacked(people, html.whole_span(people)), part)
        moments = {p: peaks.of(*who.tracks(p)) for p in people}
        page = html.of_video(title, people, moments, [_facts(seen)], members)
        for file, words in (("people.json", cast.written(members)), ("report.html", page)):
            with whole(place / file) as part:
                part.write_text(words, encoding="utf-8", errors="backslashreplace")  # which JSON reads back


def _facts(seen: Watch) -> str:
    from mien.count import counted

    looked = "" if seen.looked == seen.frames else f", {seen.looked} of them looked at"
    tracks = seen.people().of
    people = len(set(tracks.values()))
    joined = "" if people == len(tracks) else f" from {len(tracks)} tracks"
    return f"{counted(seen.frames, 'frame')}{looked}, {counted(people, 'person')}{joined}"


def _found_again(people: People) -> Iterator[str]:
    """A line for each track that turned out to be somebody seen before, and for each name."""
    from mien.report.chart import plain

    for track, person in people.of.items():
        if track != person:
            yield f"mien: person {track} is person {person}, seen again\n"
    for person, name in people.names.items():
        yield f"mien: person {person} is {plain(name)}\n"


def _named(gallery: Path) -> str:
    """A gallery by its folder and what is in it: who is known changes with its photos and their names."""
    import hashlib
    import os

    from mien.io import folder

    total = hashlib.sha256()
    for photo in folder.photos(gallery):
        total.update(os.fsencode(photo.relative_to(gallery)) + b"\0" + photo.read_bytes())
    return f"{gallery} ({total.hexdigest()[:12]})"


def _smoothing(asked: str) -> Smoothing:
    from mien.temporal.smooth import Smooth

    if asked == "default":
        return "default"
    if asked == "none":
        return None
    try:
        return Smooth("box", seconds=float(asked))
    except ValueError:
        wanted = "smoothing must be default, none or a half-window in seconds"
        raise typer.BadParameter(f"{wanted}, got {asked!r}", param_hint="--smooth") from None


def _strides(sure: float | None) -> Stride | None:
    from mien.temporal.stride import Stride

    return None if sure is None else Stride((10, 5, 1), None, (sure, sure))
