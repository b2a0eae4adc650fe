"""A recipe's answers to the scored rows, through all steps of its last row, in the organisers' own files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.train import course
from mien.train.chain import bench, through
from mien.train.course import Answers
from mien.train.data import Rows, affwild2, bah, cexpr, dvd, emi, folders, mtl
from mien.train.recipe import Recipe
from mien.types import Floats

Said = Mapping[str, Floats]  # by question, a row for each scored one


def write(recipe: Recipe, folder: Path, answers: Answers, path: Path) -> int:
    """Steps are fitted on the tuning videos; returns the number of rows. For some sets the path is a folder's."""
    kind = recipe.data.split("-")[0]
    if kind not in WRITERS:
        raise InputError(f"{recipe.data} has no file for answers; those that have are {', '.join(WRITERS)}")
    stuff, said = course.material(recipe, folder), dict[str, Floats]()
    for part in recipe.parts:
        stages = [s for s in part.stages if s.name in recipe.rows[-1].stages]
        tuned, scored = (bench(part, *split) for split in ((stuff.tune, answers.tune), (stuff.score, answers.score)))
        done, _ = through(stages, lambda tuned=tuned: tuned, lambda scored=scored: scored)
        said[part.question] = np.concatenate([s.values for s in next(iter(done.signals.values()))])
    WRITERS[kind](path, stuff.score.rows, said)
    return len(stuff.score.rows)


def _mtl(path: Path, rows: Rows, said: Said) -> None:
    mtl.submit(path, _images(rows), said)


def _affwild2(path: Path, rows: Rows, said: Said) -> None:
    ((question, values),) = said.items()
    task = next(t for t in (affwild2.EXPR, affwild2.VA, affwild2.AU) if t.question == question)
    each = _by_video(rows, values)
    affwild2.submit(task, path, {video: len(part) for video, part in each.items()}, each)


def _cexpr(path: Path, rows: Rows, said: Said) -> None:
    cexpr.write(path, _images(rows), said["compound"].argmax(1), len(rows))


def _emi(path: Path, rows: Rows, said: Said) -> None:
    emi.write(path, rows.videos, said["emi"], rows.videos)


def _lsd(path: Path, rows: Rows, said: Said) -> None:
    folders.submit(path, [f"{video}.jpg" for video in rows.videos], said["lsd"].argmax(1), len(rows))


def _bah(path: Path, rows: Rows, said: Said) -> None:
    images = [f"{rows.videos[v]}/frame-{f}.jpg" for v, f in zip(rows.video, rows.frame, strict=True)]
    bah.write_frames(path, images, said["hesitancy"].argmax(1), len(rows))


def _dvd(path: Path, rows: Rows, said: Said) -> None:
    for video, part in _by_video(rows, said["violence"]).items():
        dvd.write(path, video, part.argmax(1), "Predicted_Label")


def _images(rows: Rows) -> list[str]:
    return [rows.image(i) for i in range(len(rows))]


def _by_video(rows: Rows, values: Floats) -> dict[str, Floats]:
    return {rows.videos[rows.video[a]]: values[a:b] for a, b in pairwise(rows.starts().tolist())}


WRITERS: Mapping[str, Callable[[Path, Rows, Said], None]] = {
    "affwild2": _affwild2, "bah": _bah, "cexpr": _cexpr, "dvd": _dvd, "emi": _emi, "lsd": _lsd, "mtl": _mtl,
}  # fmt: skip
