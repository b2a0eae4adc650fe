"""A webcam as Frames: always the newest one, so that a slow reader falls behind in number, never in time."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

import av
from av.container import InputContainer
from av.error import FFmpegError

from mien.errors import InputError, Unreadable
from mien.io.video import upright
from mien.types import Frame

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Camera:
    """Iterate it for Frames until you stop; the device is let go when the loop ends. Times count from the first one."""

    index: int = 0
    width: int = 640
    height: int = 480

    def __post_init__(self) -> None:
        if self.index < 0:
            raise InputError(f"a camera's index must be 0 or more, got {self.index}")

    def __iter__(self) -> Iterator[Frame]:
        with _opened(self) as container:
            yield from newest(_frames(container, f"camera {self.index}"))


def only_for_files(*options: str) -> InputError:
    """The error for options that a camera cannot follow, each as whoever asked would write it."""
    *others, last = options
    return InputError(f"a camera is live: {', '.join(others)} and {last} are for files; leave them out")


def newest(items: Iterator[T]) -> Iterator[T]:
    """Items as a background thread gets them; one that nobody took before the next came is dropped."""
    box: Queue[T | Exception | None] = Queue(1)
    done = Event()
    thread = Thread(target=_fill, args=(items, box, done), name="mien-camera", daemon=True)
    thread.start()
    try:
        while (item := box.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        done.set()
        thread.join()


def _fill(items: Iterator[T], box: Queue[T | Exception | None], done: Event) -> None:
    last = None
    try:
        for item in items:
            if done.is_set():
                return
            with suppress(Empty):
                box.get_nowait()
            box.put(item)
    except Exception as error:  # raised again where the items are read
        last = error
    sent = False
    while not (sent or done.is_set()):
        with suppress(Full):
            box.put(last, timeout=0.1)
            sent = True


def _frames(container: InputContainer, name: str) -> Iterator[Frame]:
    first = None
    try:
        for index, image in enumerate(container.decode(video=0)):
            now = time.monotonic()
            first = now if first is None else first
            yield Frame(upright(image), now - first, index, name)
    except FFmpegError as error:
        raise Unreadable(name, f"it stopped ({error.strerror})") from error


@contextmanager
def _opened(camera: Camera) -> Iterator[InputContainer]:
    name = f"camera {camera.index}"
    kind, device = _device(camera.index)
    try:
        container = av.open(device, format=kind, options={"video_size": f"{camera.width}x{camera.height}"})
    except (FFmpegError, ValueError) as error:
        reason = f"no such camera ({kind} {device}: {error}); is it plugged in, free, and allowed to be used?"
        raise Unreadable(name, reason) from error
    with container:
        yield container


def _device(index: int) -> tuple[str, str]:
    """How this system names its cameras: a format and a device."""
    if sys.platform == "darwin":
        return "avfoundation", f"{index}:none"
    if sys.platform == "win32":
        return "dshow", f"video={_windows_name(index)}"
    return "v4l2", f"/dev/video{index}"


def _windows_name(index: int) -> str:
    try:
        from av.device import enumerate_input_devices
    except ImportError:
        raise Unreadable(f"camera {index}", "this version of av cannot list cameras; pip install -U av") from None
    names = [d.description for d in enumerate_input_devices("dshow") if "video" in d.media_types]
    if index >= len(names):
        raise Unreadable(f"camera {index}", f"no such camera; there are {len(names)}: {', '.join(names)}")
    return names[index]
