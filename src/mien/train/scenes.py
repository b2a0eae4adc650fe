"""Pictures for the detector to learn from: rendered scenes, and mosaics of real faces on pictures without people.

python -m mien.train.scenes --mine --photos DIR --out mined.npz   what the shipped detector mistakes for faces
python -m mien.train.scenes --pool DIR --photos DIR --mined mined.npz --assets ict_facekit.npz --count 12000 --out DIR
python -m mien.train.scenes --assets ict_facekit.npz --count 4000 --out DIR
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mien.detectors.finder import Finder
from mien.errors import InputError
from mien.synth import scene
from mien.synth.assets import load
from mien.synth.scene import Cutout
from mien.types import Floats, Frame, Pixels

SIZE = 320
SHARD = 1000
HEADS = 900  # rendered heads to draw scenes from
SCRAP = 96  # side of a mined mistake, with surroundings
LARGEST = 290.0  # face side in pixels
HARD, TURNED = 2, 4  # how often once more: faces that the teacher did not see, and those from aside or bowed
APART = 0.6  # of two faces' sides together: neighbours in a crowd hide a little of each other
Picture = tuple[Pixels, Floats, Floats]  # with boxes and points
Make = Callable[[np.random.Generator], Picture]


@dataclass(frozen=True, slots=True)
class Cut:
    """A picture of one face to be pasted: pixels, how much of each shows, its box and points."""

    pixels: Pixels
    alpha: NDArray[np.uint8]
    box: Floats
    points: Floats


def soft(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.uint8]:
    """An opaque middle with a border of random softness: a rectangle, a rounded one, or an ellipse."""
    height, width = shape
    power = rng.choice([2.0, 4.0, 12.0])
    y, x = np.abs(np.linspace(-1, 1, height))[:, None], np.abs(np.linspace(-1, 1, width))[None]
    distance = (x**power + y**power) ** (1 / power)
    border = rng.uniform(0.02, 0.25)
    return (np.clip((1 - distance) / border, 0, 1) * 255).astype(np.uint8)


def paste(
    canvas: Image.Image, cut: Cut, side: float, centre: tuple[float, float], turn: float
) -> tuple[Floats, Floats]:
    """Paste a cut so that its face's side is so many pixels; gives where box and points came to lie."""
    scale = side / float(np.sqrt(cut.box[2] * cut.box[3]))
    height, width = cut.pixels.shape[:2]
    size = (max(round(width * scale), 2), max(round(height * scale), 2))
    picture = Image.fromarray(np.dstack([cut.pixels, cut.alpha])).resize(size, Image.Resampling.BILINEAR)
    angle = np.radians(turn)
    turned = picture.rotate(turn, Image.Resampling.BILINEAR, expand=True) if turn else picture
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middle = cut.box[:2] + cut.box[2:] / 2

    def place(points: NDArray[np.floating]) -> Floats:
        return ((points * scale - np.array(size) / 2) @ matrix.T + np.array(turned.size) / 2).astype(np.float32)

    corner = np.round(np.array(centre) - place(middle[None])[0]).astype(int)
    canvas.paste(turned, (int(corner[0]), int(corner[1])), turned)
    sides = cut.box[2:] * scale
    upright = np.abs(np.cos(angle)) * sides + np.abs(np.sin(angle)) * sides[::-1]
    box = np.concatenate([place(middle[None])[0] + corner - upright / 2, upright])
    return box.astype(np.float32), (place(cut.points) + corner).astype(np.float32)


def backdrop(photos: Sequence[Pixels], rng: np.random.Generator) -> Image.Image:
    """A random part of a picture without people, mirrored, turned or dimmed at times."""
    photo = Image.fromarray(photos[int(rng.integers(len(photos)))])
    side = float(min(photo.size)) * rng.uniform(0.15, 1.0) if min(photo.size) > 64 else float(min(photo.size))
    x, y = rng.uniform(0, photo.width - side), rng.uniform(0, photo.height - side)
    part = photo.resize((SIZE, SIZE), Image.Resampling.BILINEAR, box=(x, y, x + side, y + side))
    if rng.random() < 0.3:
        part = part.transpose(Image.Transpose(rng.integers(0, 7)))
    gain = float(rng.uniform(0.5, 1.2))
    return part.point([min(int(v * gain), 255) for v in range(256)] * 3)


def side_of(rng: np.random.Generator) -> float:
    """A face side in pixels, evenly spread over scales."""
    return float(np.exp(rng.uniform(np.log(10), np.log(LARGEST))))


def mosaic(pool: Sequence[Cut], photos: Sequence[Pixels], mined: Sequence[Pixels], rng: np.random.Generator) -> Picture:
    """Real faces, and scraps of pictures that are none, pasted apart from each other: pixels, boxes, points."""
    canvas = backdrop(photos, rng)
    boxes, points, taken = [], [], np.zeros((0, 3))
    largest = side_of(rng)
    for _ in range(rng.integers(1, 14)):
        side = min(side_of(rng), largest) if rng.random() < 0.6 else float(largest * rng.uniform(0.6, 1.1))
        centre = (float(rng.uniform(0, SIZE)), float(rng.uniform(0, SIZE)))
        apart = np.hypot(taken[:, 0] - centre[0], taken[:, 1] - centre[1]) > APART * (taken[:, 2] + side)
        if not apart.all():
            continue
        taken = np.vstack([taken, [*centre, side]])
        turn = float(rng.normal(0, 12) if rng.random() < 0.85 else rng.uniform(-90, 90))
        if rng.random() < 0.35:
            pixels = mined[int(rng.integers(len(mined)))] if mined and rng.random() < 0.6 else None
            scrap(canvas, np.asarray(backdrop(photos, rng)) if pixels is None else pixels, side, centre, turn, rng)
            continue
        box, five = paste(canvas, dressed(pool[int(rng.integers(len(pool)))], rng), side, centre, turn)
        if len(five):
            boxes.append(box)
            points.append(five)
    return finish(canvas, boxes, points, rng)


def dressed(cut: Cut, rng: np.random.Generator) -> Cut:
    """The cut with another soft border where it has none of its own, mirrored at times."""
    alpha = soft(cut.alpha.shape, rng) if cut.alpha.min() == 255 else cut.alpha
    return Cut(lit(hidden(worn(cut, rng), rng), rng), alpha, cut.box, cut.points)


def hidden(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """The same picture, at times with something before its lower half or a side: a hand, a cup, an instrument."""
    if rng.random() < 0.85:
        return pixels
    height, width = pixels.shape[:2]
    reach = rng.uniform(0.1, 0.25, 2) * [width, height]
    middle = np.array([rng.uniform(0.1, 0.9) * width, rng.uniform(0.55, 1.0) * height])
    picture = Image.fromarray(pixels)
    grey = int(rng.integers(0, 256))
    ImageDraw.Draw(picture).ellipse([*(middle - reach), *(middle + reach)], (grey, grey, grey))
    return np.asarray(picture)


def lit(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """The same face in another light than what surrounds it: flashed, in the shade, or lit from a side."""
    if rng.random() < 0.5:
        return pixels
    height, width = pixels.shape[:2]
    y, x = np.linspace(-1, 1, height)[:, None, None], np.linspace(-1, 1, width)[None, :, None]
    angle, slope = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.3)
    gain = np.exp(rng.normal(0.1, 0.4) + slope * (np.cos(angle) * x + np.sin(angle) * y))
    value = (pixels / 255.0) ** np.exp(rng.normal(0, 0.3)) * gain + rng.normal(0, 0.05)
    return (np.clip(value, 0, 1) * 255).astype(np.uint8)


def worn(cut: Cut, rng: np.random.Generator) -> Pixels:
    """The cut's pixels, at times with sunglasses or under a cap, which the pool's faces seldom have."""
    wears = rng.random(2) < 0.1
    if not len(cut.points) or not wears.any():
        return cut.pixels
    left, right = cut.points[:2].astype(float)
    apart = float(np.hypot(*(right - left)))
    if not apart >= 4:  # NaN where nobody knows
        return cut.pixels
    picture = Image.fromarray(cut.pixels)
    draw = ImageDraw.Draw(picture)
    along = (right - left) / apart
    up = np.array([along[1], -along[0]])
    if wears[0]:
        dark, reach = int(rng.integers(0, 60)), rng.uniform(0.28, 0.42, 2) * apart * [1.0, 0.75]
        for eye in (left, right):
            draw.ellipse([*(eye - reach), *(eye + reach)], (dark, dark, dark))
        draw.line([*left, *right], (dark, dark, dark), max(int(apart * 0.08), 1))
    if wears[1]:
        low, wide = rng.uniform(0.3, 0.6) * apart, rng.uniform(0.9, 1.3) * apart
        middle, colour = (left + right) / 2 + up * low, tuple(int(v) for v in rng.integers(0, 256, 3))
        ends = middle - along * wide, middle + along * wide
        draw.polygon([tuple(p) for p in (*ends, ends[1] + up * 2 * apart, ends[0] + up * 2 * apart)], colour)
        brim = tuple(int(v * 0.6) for v in colour)
        draw.line([tuple(ends[0]), tuple(ends[1])], brim, max(int(apart * rng.uniform(0.1, 0.4)), 1))
    return np.asarray(picture)


def scrap(
    canvas: Image.Image,
    pixels: Pixels,
    side: float,
    centre: tuple[float, float],
    turn: float,
    rng: np.random.Generator,
) -> None:
    """A piece of a picture without people, cut and pasted just as faces are, so that the cut itself tells nothing."""
    small = np.asarray(Image.fromarray(pixels).resize((SCRAP, SCRAP)))
    blank = Cut(small, soft((SCRAP, SCRAP), rng), np.array([15, 12, 66, 72], np.float32), np.zeros((5, 2), np.float32))
    paste(canvas, blank, side, centre, turn)


def finish(canvas: Image.Image, boxes: list[Floats], points: list[Floats], rng: np.random.Generator) -> Picture:
    """At times as stored small; faces whose middle left the picture or that became tiny are dropped."""
    canvas = stored(canvas, rng)
    if not boxes:
        return np.asarray(canvas), np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32)
    b, p = np.stack(boxes).astype(np.float32), np.stack(points).astype(np.float32)
    middle = b[:, :2] + b[:, 2:] / 2
    inside = ((middle > 2) & (middle < SIZE - 2)).all(1)
    return np.asarray(canvas), b[inside], p[inside]


def stored(canvas: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The picture as an album on a disk has it: at times shrunk, compressed, and enlarged again to be looked at."""
    if rng.random() < 0.75:
        return canvas
    small, file = int(SIZE * rng.uniform(0.4, 1.0)), io.BytesIO()
    canvas.resize((small, small), Image.Resampling.BILINEAR).save(file, "JPEG", quality=int(rng.integers(45, 96)))
    with Image.open(file) as photo:
        return photo.resize((SIZE, SIZE), Image.Resampling.BILINEAR)


def real_pool(folder: Path) -> list[Cut]:
    """Real faces with the teacher's boxes and points; those it did not see come up more often."""
    cuts = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path, allow_pickle=False) as file:
            full = np.full(file["images"].shape[1:3], 255, np.uint8)
            found = [Cut(i, full, b, p) for i, b, p in zip(file["images"], file["boxes"], file["points"], strict=True)]
        cuts += found + HARD * [cut for cut in found if np.isnan(cut.points).all()]
        cuts += TURNED * [cut for cut in found if turned(cut)]
    return cuts


def turned(cut: Cut) -> bool:
    """Whether a face looks aside or down, as the nose tells: far from the middle of the eyes, or close to the mouth."""
    eyes, nose, mouth = cut.points[:2].mean(0), cut.points[2], cut.points[3:].mean(0)
    return bool(abs(nose[0] - eyes[0]) > 0.15 * cut.box[2] or nose[1] - eyes[1] > 0.72 * (mouth[1] - eyes[1]))


def profiles(assets: Path, seed: int) -> list[Cut]:
    """Rendered heads seen from aside, bowed, or from behind: those are no faces and have no points."""
    made = scene.heads(load(assets), HEADS, seed, backs=0.2, aside=1.0)
    return [Cut(h.levels[0][..., :3], h.levels[0][..., 3], h.box, h.points) for h in made]


def pictures(folder: Path, limit: int = 640) -> list[Pixels]:
    """Every picture below a folder, shrunk to a side that is kept in memory."""
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp")):
        try:
            with Image.open(path) as image:
                image.thumbnail((limit, limit))
                light = Image.new("RGB", image.size, (235, 235, 235))
                shown = image.convert("RGBA")
                light.paste(shown, (0, 0), shown)
        except OSError:
            continue
        if min(light.size) >= 48:
            found.append(np.asarray(light))
    return found


def rendered(heads: Sequence[Cutout], rng: np.random.Generator) -> Picture:
    """A scene of rendered heads with bodies and clutter: pixels, boxes, points."""
    made = scene.compose(rng, heads, (SIZE, SIZE), smallest=10, largest=LARGEST)
    return made.image, made.boxes, made.points


def mine(photos: Sequence[Pixels], threshold: float = 0.3) -> list[Pixels]:
    """Squares around what the shipped detector takes for faces, in pictures known to have none."""
    from mien.api import perceiver

    finder = perceiver(threads=1).detector
    assert isinstance(finder, Finder)
    finder = replace(finder, threshold=threshold)
    found = []
    for pixels in photos:
        picture = Image.fromarray(pixels)
        for x, y, w, h in finder(Frame(pixels)).boxes:
            reach = float(max(w, h)) * 0.75
            middle = float(x + w / 2), float(y + h / 2)
            box = (middle[0] - reach, middle[1] - reach, middle[0] + reach, middle[1] + reach)
            found.append(np.asarray(picture.transform((SCRAP, SCRAP), Image.Transform.EXTENT, box)))
    return found


def write(path: Path, scenes: list[Picture]) -> None:
    """One shard, whole or not at all."""
    images, boxes, points = zip(*scenes, strict=True)
    part = path.with_name(f".{path.stem}.part.npz")
    np.savez(
        part,
        images=np.stack(images),
        boxes=np.concatenate(boxes),
        points=np.concatenate(points),
        counts=np.array([len(b) for b in boxes]),
    )
    part.replace(path)


def main() -> None:
    """Make mosaics from the command line."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--pool", type=Path, help="mosaics of real faces: .npz of images, boxes, points")
    parse.add_argument("--photos", type=Path, help="pictures without people, for mosaics")
    parse.add_argument("--mined", type=Path, help="mistakes found with --mine, pasted beside the faces")
    parse.add_argument("--mine", action="store_true", help="look for mistakes of the shipped detector in --photos")
    parse.add_argument("--assets", type=Path, help="rendered scenes instead: the ICT-FaceKit .npz")
    parse.add_argument("--count", type=int, default=8000)
    parse.add_argument("--out", type=Path, required=True)
    parse.add_argument("--seed", type=int, default=1)
    given = parse.parse_args()
    if given.mine:
        np.savez(given.out, images=np.stack(mine(pictures(given.photos))))
        return
    given.out.mkdir(parents=True, exist_ok=True)
    kind, make = maker(given)
    for number in range(-(-given.count // SHARD)):
        path = given.out / f"{kind}{number:04d}.npz"
        if not path.is_file():
            rng = np.random.default_rng((given.seed, number))
            write(path, [make(rng) for _ in range(SHARD)])
            sys.stderr.write(f"{(number + 1) * SHARD}/{given.count}\n")


def maker(given: argparse.Namespace) -> tuple[str, Make]:
    """What draws one picture: a rendered scene where assets alone are given, else a mosaic, with rendered profiles."""
    if given.assets and not given.pool:
        heads = scene.heads(load(given.assets), HEADS, given.seed)
        return "scene", lambda rng: rendered(heads, rng)
    if not given.pool or not given.photos:
        raise InputError("mosaics want --pool and --photos, rendered scenes want --assets")
    faces, empty, mined = real_pool(given.pool), pictures(given.photos), []
    faces += TURNED * profiles(given.assets, given.seed) if given.assets else []
    if given.mined:
        with np.load(given.mined, allow_pickle=False) as file:
            mined = list(file["images"])
    return "mosaic", lambda rng: mosaic(faces, empty, mined, rng)


if __name__ == "__main__":
    main()
