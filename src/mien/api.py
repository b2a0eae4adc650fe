"""The few calls that most people need, with the networks that ship."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from mien.detectors import load as detectors
from mien.errors import InputError
from mien.geometry import shrink
from mien.identity.gallery import Gallery
from mien.io import camera, photo, video
from mien.io.table import of as table
from mien.models import load as models
from mien.perceive import Perceiver
from mien.quality import measure
from mien.stream import Smoothing, Watch
from mien.temporal.smooth import Smooth
from mien.temporal.stride import Stride
from mien.types import Faces, Frame, Pixels

__all__ = ["detect", "look", "perceiver", "read", "table", "watch"]
NETWORK = "mien_s"


@lru_cache(maxsize=4)
def perceiver(
    *, demographics: bool = False, threads: int | None = None, device: str = "cpu", smallest: float = 0.0
) -> Perceiver:
    """The detector and the network that ship, loaded once; `smallest` asks for faces down to so many pixels."""
    finder = detectors.load(device=device, threads=threads, smallest=smallest)
    return Perceiver(finder, (models.load(NETWORK, demographics=demographics, device=device, threads=threads),))


def look(source: photo.Source, *, demographics: bool = False, bgr: bool = False) -> Faces:
    """The faces of a photo with all answers: a path, bytes, an open file, a PIL image or an RGB array.

    Arrays of OpenCV are BGR: pass `bgr=True`. Age, gender and ethnicity are read only with `demographics=True`.
    """
    return measure(perceiver(demographics=demographics)(photo.read(source, bgr=bgr)))


def detect(source: photo.Source, *, bgr: bool = False, smallest: float = 0.0) -> Faces:
    """The faces of a photo: boxes, five points and scores only; `smallest` as in `perceiver`."""
    return perceiver(smallest=smallest).detector(photo.read(source, bgr=bgr))


def read(crops: Sequence[Pixels], *, demographics: bool = False, bgr: bool = False) -> Faces:
    """Answers for face crops you already have: each RGB array (H, W, 3) is one face, tightly cut, of any size.

    Box i is the whole of crop i, in that crop's own pixels; there is no common frame, and the points are unknown.
    """
    if isinstance(crops, np.ndarray) and crops.ndim in (2, 3):
        raise InputError(f"read wants a list of crops, got one array {crops.shape}; wrap it: mien.read([crop])")
    if isinstance(crops, str | bytes | bytearray | memoryview) or not isinstance(crops, Iterable):
        raise InputError(f"read wants a list of crops, got {type(crops).__name__}; wrap a crop: mien.read([crop])")
    (model,) = perceiver(demographics=demographics).models
    pictures = [photo.read(crop, bgr=bgr).pixels for crop in crops]
    size, how = model.card.input.size, model.card.input.resize
    answers = model.answers(shrink(picture, (size, size), how) for picture in pictures)
    n = len(pictures)
    boxes = np.array([[0, 0, p.shape[1], p.shape[0]] for p in pictures], np.float32).reshape(n, 4)
    blank = Frame(np.zeros((1, 1, 3), np.uint8), source="crops")
    faces = Faces(blank, boxes, np.full((n, 5, 2), np.nan, np.float32), np.ones(n, np.float32))
    return replace(faces, readings=answers)


def watch(
    source: str | Path | int,
    *,
    every: int = 1,
    fps: float | None = None,
    start: float = 0.0,
    stop: float | None = None,
    smooth: Smoothing = "default",
    adaptive: Stride | None = None,
    gallery: Gallery | None = None,
    demographics: bool = False,
) -> Watch:
    """A video file, or a webcam by its number: iterate for the `Faces` of each frame, then `.table()`, `.signals()`.

    `smooth=None` leaves table and signals as measured; with `adaptive` only as many frames are looked at as are needed;
    `gallery` names the people it knows.
    """
    if isinstance(source, bool) or not isinstance(source, str | os.PathLike | int):
        kind = type(source).__name__
        raise InputError(f"a video must be a path or a camera's number, got {kind}; write it to a file first")
    smoothing = None if smooth == "default" else smooth
    _made("smooth", smoothing, Smooth, "Smooth('box', seconds=0.5) of mien.temporal.smooth")
    _made("adaptive", adaptive, Stride, "Stride((10, 5, 1), None, (0.8, 0.8)) of mien.temporal.stride")
    _made("gallery", gallery, Gallery, "enrolled(folder, mien.perceiver()) of mien.identity.gallery")
    if isinstance(source, int) and (every, fps, start, stop) != (1, None, 0.0, None):
        raise camera.only_for_files("every", "fps", "start", "stop")
    see = perceiver(demographics=demographics)
    if isinstance(source, int):
        return Watch(camera.Camera(source), see, smooth=smooth, adaptive=adaptive, gallery=gallery)
    frames = video.Video(source, every=every, fps=fps, start=start, stop=stop)
    return Watch(frames, see, smooth=smooth, adaptive=adaptive, gallery=gallery)


def _made(name: str, given: object, kind: type, how: str) -> None:
    if given is not None and not isinstance(given, kind):
        raise InputError(f"{name} must be a {kind.__name__}, got {given!r}; make one: {how}")
