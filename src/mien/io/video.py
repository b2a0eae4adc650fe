"""A video file as Frames, one after another, in flat memory: nothing is read that is not asked for."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from mien.count import counted
from mien.errors import InputError, Unreadable
from mien.io.photo import LIMIT, refuse_giant
from mien.types import Frame, Pixels

T = TypeVar("T")
BACK = 1.0  # seconds that times fall where recordings were put end to end; the later one then goes on from there


class Damaged(Unreadable):
    """A video that broke off or lost frames; its `kept` good frames were given before this was raised."""

    def __init__(self, source: str, reason: str, kept: int) -> None:
        super().__init__(source, f"{reason}; {counted(kept, 'frame was', 'frames were')} kept")
        self.kept = kept


@dataclass(frozen=True, slots=True)
class Header:
    """What a video says of itself; 0 where it does not say."""

    width: int
    height: int
    rate: float  # frames a second, on average
    seconds: float
    frames: int  # about


@dataclass(frozen=True, slots=True)
class Video:
    """Iterate it for its Frames, RGB, upright and in square pixels, each decoded in the background ahead of its use.

    Times are the file's own, from 0 at its first frame, so that a variable frame rate is kept. `every=3` takes each
    third frame, `fps=5` at most five a second; `start` and `stop` are seconds. After a `start` the index is reckoned
    from the time, which is exact where the frame rate is constant. Frames before any damage come first, then `Damaged`.
    """

    path: str | os.PathLike[str]
    every: int = 1
    fps: float | None = None
    start: float = 0.0
    stop: float | None = None
    limit: int = LIMIT  # pixels of one frame

    def __post_init__(self) -> None:
        if self.every < 1:
            raise InputError(f"every must be 1 or more, got {self.every}")
        if self.fps is not None and not 0 < self.fps < math.inf:
            raise InputError(f"fps must be more than 0, got {self.fps}")
        if self.fps is not None and self.every != 1:
            raise InputError("every and fps both thin out the frames; give one of them")
        if not 0 <= self.start < (math.inf if self.stop is None else self.stop):
            raise InputError(f"start must be 0 or more and before stop, got start={self.start}, stop={self.stop}")

    def header(self) -> Header:
        """Size, rate and length as the file states them, without decoding."""
        with _open(self.path) as (container, stream):
            rate = float(stream.average_rate or 0)
            seconds = (container.duration or 0) / av.time_base
            frames = stream.frames or round(seconds * rate)
            return Header(stream.width, stream.height, rate, seconds, frames)

    def expected(self) -> int:
        """About how many frames iterating gives, for a progress bar; 0 where the file does not say."""
        header = self.header()
        seconds = max(min(self.stop or header.seconds, header.seconds) - self.start, 0.0)
        frames = header.frames * seconds / header.seconds if header.seconds else header.frames
        return round(min(frames, seconds * self.fps) if self.fps else frames / self.every)

    def __iter__(self) -> Iterator[Frame]:
        yield from ahead(self._frames())

    def _frames(self) -> Generator[Frame, None, None]:
        name, wanted, kept = str(self.path), self._thinning(), 0
        with _open(self.path) as (container, stream):
            stretch = _Stretch(name, container, stream, self.start)
            # as declared, before a giant is decoded at all; and each as it is, for declarations lie and sizes change
            refuse_giant(name, max(round(stream.width * stretch.wide), 1), stream.height, self.limit)
            for image, time in stretch:
                if self.stop is not None and time >= self.stop:
                    if not kept:
                        between = f"no frame between {self.start} and {self.stop} s"
                        raise Unreadable(name, f"{between}; ask for a longer stretch")
                    return
                if time < self.start or not wanted(time):
                    continue
                width = max(round(image.width * stretch.wide), 1)
                refuse_giant(name, width, image.height, self.limit)
                yield Frame(upright(image, width), time, stretch.index, name)
                kept += 1
            if stretch.damage:
                if stretch.cut and not _reachable(name):  # by what it is next time, it may be sound
                    raise Unreadable(name, "it went out of reach while it was read; check its drive and try again")
                raise Damaged(name, stretch.damage, kept)
            if not kept:
                late = f"no frame at or after {self.start} s; begin earlier"
                raise Unreadable(name, late if self.start else "it holds no frame; copy or record it again")

    def _thinning(self) -> Callable[[float], bool]:
        """Says of each frame in turn, by its time, whether it is wanted."""
        seen, slot = -1, -1

        def wanted(time: float) -> bool:
            nonlocal seen, slot
            if self.fps is None:
                seen += 1
                return seen % self.every == 0
            place = int((time - self.start) * self.fps + 1e-6)  # a frame a hair before its slot is in it
            fresh, slot = place > slot, max(place, slot)
            return fresh

        return wanted


class _Stretch:
    """Decoded images with their times from near a start to the end; `damage` then says what was lost on the way."""

    def __init__(self, name: str, container: InputContainer, stream: VideoStream, start: float) -> None:
        self.name = name
        self.container = container
        self.stream = stream
        self.base = float(stream.time_base or 0)
        self.rate = float(stream.average_rate or stream.guessed_rate or 25)
        self.first = (stream.start_time or 0) * self.base
        self.wide = float(stream.sample_aspect_ratio or 1)  # of one pixel: tapes and discs have no square ones
        self.index = -1
        self.lost = 0  # packets and frames that could not be decoded
        self.cut = False
        self.end = 0.0  # seconds reached by any stream
        if start > 0:
            self._seek(start)

    def __iter__(self) -> Iterator[tuple[VideoFrame, float]]:
        time = -1 / self.rate
        for image in self._images():
            following = time + 1 / self.rate
            told = following if image.pts is None else image.pts * self.base - self.first
            if told < time - BACK:
                self.first, told = self.first + told - following, following
            time = max(told, time, 0.0)  # a time never falls
            self.index = round(time * self.rate) if self.index < 0 else self.index + 1
            yield image, time

    @property
    def damage(self) -> str:
        """Empty where all was well; asked after the last frame."""
        if self.cut or self._short():
            return f"it breaks off after frame {self.index} (truncated file)"
        places = counted(self.lost, "damaged place was", "damaged places were")
        return f"{places} skipped" if self.lost else ""

    def _seek(self, start: float) -> None:
        try:
            self.container.seek(int((start + self.first) / self.base), stream=self.stream)
        except (FFmpegError, ZeroDivisionError):  # not every format can; then all before the start is decoded
            return

    def _images(self) -> Iterator[VideoFrame]:
        packets = self.container.demux()
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except FFmpegError:
                self.cut = True
                return
            if packet.pts is not None and packet.time_base is not None:
                self.end = max(self.end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            if packet.stream.index != self.stream.index:  # not stream_index, which the last, empty packets lack
                continue
            try:
                images = self.stream.decode(packet)
            except FFmpegError:
                self.lost += self.index >= 0  # a recording may begin between key frames: no damage
                continue
            whole = [image for image in images if not image.is_corrupt]
            self.lost += len(images) - len(whole)
            yield from whole

    def _short(self) -> bool:
        """Whether the packets end well before the header says; only where headers state, not guess, the length."""
        mov, matroska = (kind in self.container.format.name for kind in ("mov", "matroska"))
        if not (mov or matroska) or not self.container.duration:
            return False
        late = (self.container.start_time or 0) if mov else 0  # what Matroska calls its length may begin at zero
        promised = (self.container.duration + late) / av.time_base
        return self.end < promised - max(0.5, 0.02 * promised)


def _reachable(name: str) -> bool:
    try:
        Path(name).stat()
    except OSError:
        return False
    return True


def notes(path: str | os.PathLike[str]) -> dict[str, str]:
    """What a media file says of itself beside its streams, under the names that FFmpeg gives."""
    with opened(path) as container:
        return dict(container.metadata)


@contextmanager
def _open(path: str | os.PathLike[str]) -> Iterator[tuple[InputContainer, VideoStream]]:
    name = str(path)
    with opened(path) as container:
        streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
        if not streams:
            has = "it has sound but no picture" if container.streams.audio else "it has no picture"
            raise Unreadable(name, f"{has}; name a video")
        stream = streams[0]
        stream.codec_context.thread_count = 1  # decoding is not the slow part, and threads hold frames in memory
        yield container, stream


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[InputContainer]:
    """A media file's container; opened as `file:`, a path can mean no address, and FFmpeg lets a list name none."""
    name, file = str(path), Path(path)
    try:
        size = file.stat().st_size
    except (FileNotFoundError, ValueError):  # no file has a zero byte in its name
        raise Unreadable(name, "no such file; check its name and folder") from None
    except OSError as error:
        raise Unreadable(name, error.strerror or str(error)) from error
    if file.is_dir():
        raise Unreadable(name, "it is a folder; name a file in it")
    if file.is_file() and size == 0:
        raise Unreadable(name, "the file is empty; copy it again from where it came")
    try:
        container = av.open(f"file:{file.absolute()}", metadata_errors="ignore")
    except PermissionError as error:
        raise Unreadable(name, error.strerror or str(error)) from error
    except (FFmpegError, ValueError) as error:
        what = "not a video or sound of a known format, or cut off before its index was written"
        reason = f"{what}; copy or convert it again"
        raise Unreadable(name, reason) from error
    with container:
        yield container


def ahead(frames: Generator[T, None, None]) -> Iterator[T]:
    """The same items; each is made in a background thread while the one before is used, never more than one."""
    with closing(frames), ThreadPoolExecutor(1, thread_name_prefix="mien-decode") as pool:
        coming = pool.submit(next, frames, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, frames, None)
            yield item


def upright(image: VideoFrame, width: int | None = None) -> Pixels:
    """RGB pixels, as wide as they are to be shown, turned as the file's display matrix says."""
    pixels = image.to_ndarray(format="rgb24", width=width).astype(np.uint8, copy=False)
    quarters = round(image.rotation / 90) % 4  # the matrix counts counter-clockwise, as rot90 does
    return np.ascontiguousarray(np.rot90(pixels, quarters)) if quarters else pixels
