"""Boxes, overlap, and crops: everything between a frame's pixels and a network's square of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from PIL import Image

from mien.card import Input
from mien.types import Floats, Pixels

# Where the eyes, nose tip and mouth corners lie in an aligned crop of margin 0, in units of its side:
# the medians over FER+ faces, so that aligned photos look to the network as its largest training set does.
TEMPLATE = np.array([[0.315, 0.386], [0.688, 0.386], [0.503, 0.602], [0.345, 0.78], [0.668, 0.78]], np.float32)

Pairs = Sequence[Sequence[float]]  # points in plain numbers

_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def iou(a: Floats, b: Floats) -> Floats:
    """Overlap of every box of a (n, 4) with every box of b (m, 4), as intersection over union (n, m)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, :2] + a[:, None, 2:], b[None, :, :2] + b[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    union = np.prod(a[:, 2:], axis=1)[:, None] + np.prod(b[:, 2:], axis=1)[None] - shared
    return (shared / np.maximum(union, 1e-9)).astype(np.float32)


def nms(boxes: Floats, scores: Floats, overlap: float) -> np.ndarray:
    """Places of the boxes that stay when each, from the surest down, removes those it overlaps more than this."""
    order, kept = np.argsort(-scores, kind="stable"), []
    while len(order):
        kept.append(order[0])
        order = order[1:][iou(boxes[order[:1]], boxes[order[1:]])[0] <= overlap]
    return np.array(kept, np.int64)


def similarity(points: Pairs, template: Pairs) -> tuple[float, float, float, float]:
    """(a, b, right, down) of the turn and scale [[a, -b], [b, a]] and the shift that bring points nearest to template.

    In least squares; in plain numbers, for with five points most of the time goes into calling NumPy.
    """
    count, size, a, b = len(points), 0.0, 0.0, 0.0
    x0, y0 = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    u0, v0 = sum(u for u, _ in template) / count, sum(v for _, v in template) / count
    for (x, y), (u, v) in zip(points, template, strict=True):
        size += (x - x0) ** 2 + (y - y0) ** 2
        a += (x - x0) * (u - u0) + (y - y0) * (v - v0)
        b += (x - x0) * (v - v0) - (y - y0) * (u - u0)
    a, b = a / max(size, 1e-9), b / max(size, 1e-9)
    return a, b, u0 - a * x0 + b * y0, v0 - b * x0 - a * y0


def widen(boxes: Floats, margin: float, square: bool) -> Floats:
    """Boxes grown by a share of each side, about their centres; made square by their longer side on request."""
    centre = boxes[:, :2] + boxes[:, 2:] / 2
    sides = np.repeat(boxes[:, 2:].max(1, keepdims=True), 2, 1) if square else boxes[:, 2:]
    sides = sides * (1 + 2 * margin)
    return np.hstack([centre - sides / 2, sides]).astype(np.float32)


def crop(pixels: Pixels, box: Floats, points: Floats, how: Input) -> Pixels:
    """One face as the square its card wants: (size, size, channels); what lies outside the picture is black."""
    five: Pairs = points.tolist()
    if how.crop == "aligned" and _spread(five) >= 1:
        square = _aligned(pixels, five, how)
    else:
        whole = box if _empty(box.tolist()) else widen(box[None], how.margin, how.crop != "stretch")[0]
        square = _upright(pixels, whole.tolist(), how.size, how)
    return np.asarray(square).reshape(how.size, how.size, -1)


def shrink(pixels: Pixels, size: tuple[int, int], how: str = "bilinear", gap: float = 2.0) -> Pixels:
    """The whole picture at another (width, height), antialiased.

    One more than `gap` times as large is averaged by whole pixels first: 1 is fastest, from 2 on nobody sees it.
    """
    if (pixels.shape[1], pixels.shape[0]) == size:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size, _FILTERS[how], reducing_gap=gap))


def halved(pixels: Pixels) -> Pixels:
    """The whole picture at half its size, every four pixels averaged: the fastest way to make it smaller."""
    return np.asarray(Image.fromarray(pixels).reduce(2))


def luma(pixels: Pixels) -> Pixels:
    """The brightness of an RGB picture, (h, w)."""
    return np.asarray(Image.fromarray(pixels).convert("L"))


def scaled_luma(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """The brightness of an RGB picture at another (width, height): both in one step, four times as fast as two."""
    import av

    rows = np.ascontiguousarray(pixels).reshape(len(pixels), -1)  # in one column NumPy allows any stride, av does not
    frame = av.VideoFrame.from_numpy_buffer(rows.reshape(pixels.shape), format="rgb24")
    small = frame.reformat(*size, "gray", interpolation="BILINEAR", dst_color_range="JPEG", threads=1)
    return np.asarray(small.to_ndarray(), np.uint8)


def _spread(points: Pairs) -> float:
    """How far apart they lie; nothing where one is unknown, as on one spot: both tell neither size nor turn."""
    if not all(math.isfinite(value) for point in points for value in point):
        return 0.0
    return max(max(values) - min(values) for values in zip(*points, strict=True))


def _empty(box: Sequence[float]) -> bool:
    return not all(map(math.isfinite, box)) or min(box[2:]) < 1


def brightness(pixels: Pixels, box: Floats, size: int) -> Floats:
    """What lies in the box as a grey square (size, size), not rounded to whole numbers: what is smooth stays smooth."""
    part = _part(pixels, box.tolist(), size, "bilinear")
    if part is None:
        return np.zeros((size, size), np.float32)
    picture, inside = part
    grey = picture.convert("L").convert("F")
    return np.asarray(grey.resize((size, size), _FILTERS["bilinear"], box=inside, reducing_gap=2.0))


def _upright(pixels: Pixels, box: Sequence[float], side: int, how: Input) -> Image.Image:
    """The box as a square, in as many channels as the card wants."""
    mode = "L" if len(how.mean) == 1 else "RGB"
    part = _part(pixels, box, side, how.resize)
    if part is None:
        return Image.new(mode, (side, side))
    picture, inside = part
    return picture.convert(mode).resize((side, side), _FILTERS[how.resize], box=inside, reducing_gap=2.0)


def _part(
    pixels: Pixels, box: Sequence[float], size: int, how: str
) -> tuple[Image.Image, tuple[float, float, float, float]] | None:
    """The whole pixels that the box touches, black outside the picture, and where in them it lies."""
    if _empty(box):
        return None
    x, y, w, h = box
    height, width = pixels.shape[:2]
    if max(w, h) > 4 * max(size, height, width):  # a box that would be nearly all padding, and giant
        scale = 2 * size / max(w, h)
        small = max(round(width * scale), 1), max(round(height * scale), 1)
        return _part(shrink(pixels, small, how), [value * scale for value in box], size, how)
    x0, y0, x1, y1 = math.floor(x), math.floor(y), math.ceil(x + w), math.ceil(y + h)
    left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    if left >= right or top >= bottom:
        return None
    cut = pixels[top:bottom, left:right]
    if (left, top, right, bottom) != (x0, y0, x1, y1):
        cut = np.pad(cut, ((top - y0, y1 - bottom), (left - x0, x1 - right), (0, 0)))
    x, y = x - x0, y - y0
    return Image.fromarray(cut), (x, y, min(x + w, x1 - x0), min(y + h, y1 - y0))  # sums are rounded, not by much


def _aligned(pixels: Pixels, points: Pairs, how: Input) -> Image.Image:
    """Shrink the face's surroundings to the wanted scale first, antialiased, then turn them: never the other way."""
    a, b, right, down = similarity(points, _target(how.size, how.margin))
    scale = math.hypot(a, b)
    a, b = a / scale**2, b / scale**2  # of the way back
    side = max(how.size * (abs(a) + abs(b)), 1.0)
    small = max(round(side * min(scale, 1.0)), 1)
    x, y = how.size / 2 - right, how.size / 2 - down
    left, top = a * x + b * y - side / 2, a * y - b * x - side / 2
    patch = _upright(pixels, (left, top, side, side), small, how)
    a, b, left, top = (value * small / side for value in (a, b, left, top))
    back = (a, b, -a * right - b * down - left, -b, a, b * right - a * down - top)
    return patch.transform((how.size, how.size), Image.Transform.AFFINE, back, Image.Resampling.BILINEAR)


@cache
def _target(size: int, margin: float) -> Pairs:
    """Where the five points go in an aligned crop."""
    return (((TEMPLATE - 0.5) / (1 + 2 * margin) + 0.5) * size).tolist()


def normalise(crops: list[Pixels] | Pixels, how: Input) -> Floats:
    """One or more crops (n, h, w, 3) uint8 → the network's batch (n, c, h, w) float32; grey ones (n, h, w, 1) stay."""
    channels = len(how.mean)
    scale = (1.0 / (255.0 * np.array(how.std, np.float32))).astype(np.float32)
    shift = (-np.array(how.mean, np.float32) / np.array(how.std, np.float32)).astype(np.float32)
    batch = np.empty((len(crops), channels, *crops[0].shape[:2]), np.float32)
    for place, pixels in zip(batch, crops, strict=True):
        place[...] = pixels.transpose(2, 0, 1) if pixels.shape[2] == channels else luma(pixels)
    batch *= scale[:, None, None]
    batch += shift[:, None, None]
    return batch
