"""python -m mien.recipes.real: `affectnet8` on real faces, on the frozen features of a shipped network, to results/.

It learns from FER+'s training part and is scored on the reported half of the validation part. The network has itself
learned from FER+'s training part, so the first row is no stranger to the data: the rows tell heads apart, no more.
`abaw4_lsd` on real faces is `mien.train.synthetic`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mien.models import Model
from mien.train import course, extract, result
from mien.train.data import Ints, affectnet
from mien.train.features import Writer
from mien.train.sources import SIDE, Source, ferplus, majority
from mien.train.stills import NETWORK
from mien.train.upscale import resized

HEAD = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"


def sheet(out: Path, classes: Mapping[str, Ints]) -> list[str]:
    """AffectNet's two tables; the names of their pictures, in order."""
    out.mkdir(parents=True, exist_ok=True)
    names: list[str] = []
    for split, numbers in classes.items():
        mine = [f"{split}/{i}.jpg" for i in range(len(numbers))]
        rows = [f"{n},0,0,{SIDE},{SIDE},,{c},-2,-2" for n, c in zip(mine, numbers, strict=True)]
        (out / affectnet.FILES[split]).write_text("\n".join([HEAD, *rows]) + "\n")
        names += mine
    return names


def embed(model: Model, parts: list[Source], names: list[str], out: Path) -> None:
    """Features of the faces, under the name by which the recipes ask; what is there already is not made again."""
    head, images = extract.embedding(model), np.concatenate([p.images for p in parts])
    writer = Writer(out / "features" / NETWORK, names, len(head.labels), 10)
    for start in range(writer.done, len(images), extract.CHUNK):
        grey = resized(images[start : start + extract.CHUNK], model.card.input.size)
        answers = model.answers([np.repeat(g[:, :, None], 3, 2) for g in grey])
        place = np.arange(start, start + len(grey))
        still, seen = np.zeros(len(grey), np.int64), np.ones(len(grey), bool)
        writer.add(place, still, seen, answers[head].values, extract.affect(answers))


def thinned(source: Source, keep: np.ndarray, most: int) -> Source:
    """At most so many of the rows to keep, evenly spread."""
    rows = np.flatnonzero(keep)
    return source.pick(rows[:: max(-(-len(rows) // most), 1)])


def score(name: str, folder: Path, work: Path, note: str, seeds: int, results: Path) -> None:
    """Train and score over the seeds; one result file, beside the twin's."""
    from mien.recipes import named

    recipe, begun, runs = named(name), time.monotonic(), {}
    for seed in range(seeds):
        runs[seed] = course.score(recipe, folder, course.train(recipe, folder, work / f"{name}-{seed}", seed))
    result.write(results / f"real_{name}.json", recipe, runs, note, time.monotonic() - begun)


def main() -> None:
    """From the data to the result file."""
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--data", type=Path, required=True, help="holds ferplus.parquet")
    parse.add_argument("--work", type=Path, default=Path(".cache/real"), help="features and heads; another for another network")  # fmt: skip  # noqa: E501
    parse.add_argument("--model", default="mien_s.default")
    parse.add_argument("--most", type=int, default=30_000, help="training faces at most")
    parse.add_argument("--seeds", type=int, default=5)
    parse.add_argument("--results", type=Path, default=Path("results"))
    asked = parse.parse_args()
    import torch

    from mien.models.load import load

    torch.set_num_threads(1)
    model = load(asked.model)
    fit, _, valid = ferplus(asked.data)
    real = [thinned(part, majority(part)[0], asked.most) for part in (fit, valid)]
    truth = [majority(p)[1] for p in real]
    note = f"FER+ {len(real[0])} training and {len(real[1])} validation faces, frozen {asked.model}"
    names = sheet(asked.work / "affectnet8", {"train": truth[0], "validation": truth[1]})
    embed(model, real, names, asked.work / "affectnet8")
    score("affectnet8", asked.work / "affectnet8", asked.work, note, asked.seeds, asked.results)


if __name__ == "__main__":
    main()
