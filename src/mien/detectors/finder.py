"""Our own detector: anchor-free, three scales, five points; shipped in the wheel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.card import Card
from mien.detectors.judge import Judge
from mien.geometry import halved, luma, nms, normalise, scaled_luma, shrink
from mien.link import logit, sigmoid
from mien.runtime import Runtime
from mien.types import Faces, Floats, Frame, Pixels

STRIDES = (8, 16, 32)
CELLS = 4.0  # a raw box of exp(0) is this many cells wide, so that every scale starts near its own faces
PADDING = 32  # the coarsest stride: sides are filled up to a multiple of it
OVERLAP = 0.4
ENLARGED = 2.25  # small pictures are looked at enlarged so much at most, lest their small faces be too small
COARSE, NEAR = 256, 0.3  # a first small look is for faces that fill three tenths of the long side, or more
DOUBTFUL = 0.3  # finds from this score on go to the judge, where there is one
LARGEST = 2560  # longest side of the second pass; more would only find faces nobody can read


@dataclass(frozen=True, slots=True, eq=False)
class Finder:
    """Looks at the frame at 256 for near faces, then at 640 or below, small ones enlarged; at full size if in vain.

    Beside a near face the others are those of the first look, so that who sits before a camera is found sooner.
    `smallest` asks for faces down to so many pixels: there is a second look then in any case, and where that would see
    them below 16, a third.
    """

    card: Card
    runtime: Runtime
    threshold: float
    smallest: float = 0.0
    longest: int = 640
    judge: Judge | None = None

    def __call__(self, frame: Frame) -> Faces:
        """The faces of one frame, surest first; none is not an error."""
        long = max(frame.size)
        view = _grey(frame, min(self.longest, max(long, 2 * COARSE)) / long)
        half, low = halved(view), min(self.threshold, DOUBTFUL) if self.judge else self.threshold
        first = self.look(frame, _scaled(half, COARSE / max(half.shape)), low)
        sides = _sides(first)
        near = self._judged(first.pick(sides >= NEAR * long))
        if len(near) and not self.smallest:
            return _joined(near, self._judged(first.pick(sides < NEAR * long)))
        view = view if long >= self.longest else _grey(frame, min(self.longest / long, ENLARGED))
        second = self.look(frame, view, low)
        faces = _joined(near, self._judged(second.pick(_sides(second) < 1.2 * NEAR * long)))
        wanted_small = 0 < self.smallest * self.longest / long < 16
        if long > self.longest and (len(faces) == 0 or wanted_small):
            return _joined(near, self._judged(self.look(frame, _grey(frame, min(1.0, LARGEST / long)), low)))
        return faces

    def _judged(self, faces: Faces) -> Faces:
        """Those that are sure enough after the second opinion on what is doubtful."""
        faces = self.judge(faces) if self.judge else faces
        return faces.pick(faces.scores > self.threshold)

    def look(self, frame: Frame, view: Pixels, threshold: float) -> Faces:
        """What the network finds in a smaller or larger grey picture of the frame, in the frame's own pixels."""
        maps = self.runtime.run(normalise(_fill(view)[None, ..., None], self.card.input))
        scores, boxes, points = decode(maps, threshold)
        scale = np.divide(frame.size, view.shape[1::-1]).astype(np.float32)
        boxes, points = boxes * np.concatenate([scale, scale]), (points * scale).astype(np.float32)
        kept = nms(boxes, scores, OVERLAP)
        kept = kept[~np.tril(_within(boxes[kept], boxes[kept]), -1).any(axis=1)]  # a part of a surer one
        inside = kept[(boxes[kept, :2] + boxes[kept, 2:] / 2 < np.array(frame.size)).all(1)]
        return Faces(frame, boxes[inside], points[inside], scores[inside])


def _grey(frame: Frame, scale: float) -> Pixels:
    """The frame's brightness at another size; what gets much smaller does so first, for memory is slower than sums."""
    if scale <= 0.5:
        return luma(_scaled(frame.pixels, scale))
    size = _size(frame.size, scale)
    return luma(frame.pixels) if size == frame.size else scaled_luma(frame.pixels, size)


def _scaled(pixels: Pixels, scale: float) -> Pixels:
    return shrink(pixels, _size(pixels.shape[1::-1], scale), gap=1.0)


def _size(size: Sequence[int], scale: float) -> tuple[int, int]:
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)


def _sides(faces: Faces) -> Floats:
    return np.sqrt(np.maximum(faces.boxes[:, 2:].prod(1), 0))


def _joined(near: Faces, others: Faces) -> Faces:
    """Both looks together, surest first; what lies within a near face is a part of it, not another face."""
    rest = others.pick(np.flatnonzero(~_within(others.boxes, near.boxes).any(axis=1)))
    if not len(rest):
        return near
    boxes, points = np.concatenate([near.boxes, rest.boxes]), np.concatenate([near.points, rest.points])
    scores = np.concatenate([near.scores, rest.scores])
    kept = nms(boxes, scores, OVERLAP)
    return Faces(near.frame, boxes[kept], points[kept], scores[kept])


def _within(boxes: Floats, others: Floats) -> NDArray[np.bool_]:
    """Whether the middle of each box (n, 4) lies in each of the others (m, 4), as (n, m)."""
    middle = boxes[:, None, :2] + boxes[:, None, 2:] / 2
    inside = (middle > others[:, :2]) & (middle < others[:, :2] + others[:, 2:])
    return np.all(inside, axis=-1)


def _fill(pixels: Pixels) -> Pixels:
    height, width = pixels.shape
    return np.pad(pixels, ((0, -height % PADDING), (0, -width % PADDING)))


def decode(maps: Mapping[str, Floats], threshold: float) -> tuple[Floats, Floats, Floats]:
    """Raw maps (1, 15, h, w) by stride → scores (n,), boxes (n, 4), points (n, 5, 2) above the threshold."""
    least, parts = logit(np.float32(threshold)), list[tuple[Floats, NDArray[np.int64], NDArray[np.int64]]]()
    for stride in STRIDES:
        raw = maps[f"maps{stride}"][0]
        y, x = np.nonzero(raw[0] > least)
        parts.append((raw[:, y, x].T, np.stack([x, y], 1), np.full((len(x), 1), stride)))
    cell, place, stride = (np.concatenate(part) for part in zip(*parts, strict=True))
    sides = np.exp(np.clip(cell[:, 3:5], -4, 4)) * (CELLS * stride)
    middle = (place + 0.5 + cell[:, 1:3]) * stride
    points = middle[:, None] + cell[:, 5:].reshape(-1, 5, 2) * sides[:, None]
    boxes = np.hstack([middle - sides / 2, sides])
    return sigmoid(cell[:, 0]), boxes.astype(np.float32), points.astype(np.float32)
