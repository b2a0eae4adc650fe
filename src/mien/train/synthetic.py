"""python -m mien.train.synthetic: ABAW-4's learning from synthetic data on rendered and real faces, to results/.

The published recipe in full: synthetic pictures of half the size that the network wants, enlarged by plain resizing or
by super-resolution; first the last layer learns on them, then all weights; raw answers are blended with those of the
pre-trained network, the weight fitted on FER+ validation faces that are not scored. The pre-trained network has itself
learned from FER+'s training part and from renders: the synthetic faces hold nothing that is new to it.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mien import store
from mien.card import Card
from mien.fusion.blend import Blend
from mien.labels import EXPRESSIONS, LSD
from mien.record import Figure
from mien.train import result, sam, tune, upscale
from mien.train.losses import class_weights, smoothed
from mien.train.nets import FaceNet
from mien.train.replica import Replica
from mien.train.sources import SIDE, Source, ferplus_valid, majority, renders
from mien.train.tally import MACRO_F1, Doubles, draws, gaps, interval, paired, tosses
from mien.train.tune import Lesson
from mien.types import Floats, Signal

COLUMNS = np.array([EXPRESSIONS.index(name) for name in LSD])
HEAD = tune.Plan(epochs=3, rate=1e-3)
WHOLE = tune.Plan(rate=1e-4)
PAPER = {
    "pre-trained only": 0.6094,
    "as given, last layer": 0.6111,
    "as given, all weights": 0.6324,
    "super-resolved, last layer": 0.6198,
    "super-resolved, all weights": 0.6729,
    "as given, all weights, + blend": 0.6676,
    "super-resolved, all weights, + blend": 0.6818,
}


@dataclass(frozen=True, slots=True, eq=False)
class Real:
    """Real faces of the six, as the network sees them, and what the pre-trained network answers."""

    images: upscale.Greys
    truth: Floats
    given: Floats


@dataclass(frozen=True, slots=True)
class Score:
    """A row's figure, its interval over faces, and the figure where its blend was fitted on the scored faces."""

    honest: float
    low: float
    high: float
    optimistic: float
    cells: Doubles = field(compare=False)  # of each face


def of_six(part: Source, shown: np.ndarray) -> tuple[upscale.Greys, Floats]:
    """The faces whose class (a place in EXPRESSIONS) is one of the six, and that class one-hot."""
    rows = np.flatnonzero(np.isin(shown, COLUMNS))
    return part.images[rows], (shown[rows, None] == COLUMNS).astype(np.float32)


def real(part: Source, net: Replica) -> Real:
    """Those of a part of FER+ that most raters agree on."""
    clear, label = majority(part)
    images, truth = of_six(part.pick(clear), label[clear])
    images = upscale.resized(images, FaceNet.SIZE)
    return Real(images, truth, answers(net, images))


def answers(net: Replica, images: upscale.Greys) -> Floats:
    """Raw answers to the six."""
    return tune.ask(net, images)[:, COLUMNS]


def last_layer(net: Replica, lesson: Lesson, seed: int) -> None:
    """A new last layer on the embedding as it is, sharpness-aware, in place of the six expressions' rows."""
    torch.manual_seed(seed)
    features = torch.from_numpy(tune.ask(net, upscale.resized(lesson.images, FaceNet.SIZE), "embedding256")).clone()
    truth = torch.from_numpy(lesson.truth)
    layer = nn.Linear(features.shape[1], len(COLUMNS))
    optimiser = torch.optim.Adam(layer.parameters(), lr=HEAD.rate)
    weight = torch.from_numpy(class_weights(lesson.truth, "balanced"))
    for _ in range(HEAD.epochs):
        for rows in torch.randperm(len(features)).split(HEAD.batch):
            sam.step(optimiser, lambda rows=rows: smoothed(layer(features[rows]), truth[rows], weight), 0.05)
    for mine, new in zip(net.layer(tune.TENSOR), layer.parameters(), strict=True):
        mine.data[COLUMNS] = new.detach()


def score(raw: Floats, truth: Floats) -> float:
    """Macro-F1 of the six."""
    return float(MACRO_F1.total(table(raw, truth).sum(0)))


def table(raw: Floats, truth: Floats) -> Doubles:
    """Each face's cell in the table of classes."""
    return MACRO_F1.rows(truth, raw)


def scored(raw: Floats, real: Real, optimistic: float | None = None) -> Score:
    """A row out of its answers to the scored faces."""
    cells = table(raw, real.truth)
    low, high = interval(MACRO_F1.total(draws(len(cells)) @ cells))
    honest = score(raw, real.truth)
    return Score(honest, low, high, honest if optimistic is None else optimistic, cells)


def blended(net: Replica, fit: Real, test: Real) -> tuple[Score, Score, str]:
    """The network's own row, the one with the pre-trained network blended in, and the weights."""
    mine = answers(net, test.images)

    def told(blend: Blend) -> Floats:
        return blend([_signal(test.given), _signal(mine)]).values

    honest, optimistic = weighed(fit, answers(net, fit.images)), weighed(test, mine)
    return scored(mine, test), scored(told(honest), test, score(told(optimistic), test.truth)), repr(honest)


def weighed(part: Real, mine: Floats) -> Blend:
    """The blend of the pre-trained network's answers and these that is best on a part."""
    signals = [[_signal(part.given)], [_signal(mine)]]
    return Blend().fit(signals, [_signal(part.truth)], lambda truth, raw: score(raw, truth))


def _signal(values: Floats) -> Signal:
    n = len(values)
    return Signal(np.arange(n, dtype=np.float64), values, np.ones(n, bool), LSD)


def run(card: Card, lesson: Lesson, parts: tuple[Real, Real], steps: int, seed: int) -> tuple[list[Score], str]:
    """Last layer, all weights, their blend: learned on one kind of pictures."""
    net, (fit, test) = tune.replica(card), parts
    last_layer(net, lesson, seed)
    rows = [scored(answers(net, test.images), test)]
    for _ in islice(tune.adapt(net, lesson, WHOLE, seed), steps):
        pass
    alone, mixed, weights = blended(net, fit, test)
    return [*rows, alone, mixed], weights


def kinds(faces: upscale.Greys, enlarge: upscale.Upscaler) -> Mapping[str, upscale.Greys]:
    """The training faces as given, at half the side; super-resolved; and as they were before they were halved."""
    halves = upscale.resized(faces, SIDE // 2)
    return {
        "as given": upscale.Resized("bilinear")(halves),
        "super-resolved": enlarge(halves),
        "never halved": faces,
    }


def likeness(faces: upscale.Greys, enlarge: upscale.Upscaler) -> Mapping[str, Figure]:
    """How near each way of enlarging comes to the faces before they were halved, in decibels."""
    halves = upscale.resized(faces, SIDE // 2)
    ways = {"bilinear": upscale.Resized("bilinear"), "bicubic": upscale.Resized(), "super-resolved": enlarge}
    return {name: upscale.psnr(way(halves), faces) for name, way in ways.items()}


def rows(seeds: Mapping[int, Mapping[str, Score]]) -> list[Mapping[str, Figure]]:
    """The table: means over the seeds, and the gain over the pre-trained network by a paired test over faces."""
    out: list[Mapping[str, Figure]] = []
    first, *_ = every = [*next(iter(seeds.values()))]
    for name in every:
        mine, base = [s[name] for s in seeds.values()], [s[first] for s in seeds.values()]
        swapped = tosses(len(mine[0].cells), seed=0)  # the same faces for every seed
        gain, chance = paired(
            np.mean([gaps(MACRO_F1, a.cells, b.cells, swapped) for a, b in zip(mine, base, strict=True)], 0)
        )
        means = {f: float(np.mean([getattr(s, f) for s in mine])) for f in ("honest", "low", "high", "optimistic")}
        honest = [s.honest for s in mine]
        paid = {"crossed": None, "base": first, "gain": gain, "chance": chance}
        out.append({"name": name, **means, **paid, "paper": PAPER.get(name), "seeds": honest, "frames": None})
    return out


def main() -> None:
    """From the data to the result file."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--data", type=Path, required=True, help="holds ferplus.parquet")
    parse.add_argument("--renders", type=Path, required=True, help="made by `mien synth faces`")
    parse.add_argument("--model", default="mien_s.default.fp32")
    parse.add_argument("--steps", type=int, default=350, help="of 64 faces, with all weights learning")
    parse.add_argument("--most", type=int, default=20_000, help="training faces at most")
    parse.add_argument("--seeds", type=int, default=2)
    parse.add_argument("--esrgan", type=Path, help="Real-ESRGAN x4 in ONNX, in place of the small network learned here")
    parse.add_argument("--results", type=Path, default=Path("results"))
    asked = parse.parse_args()
    torch.set_num_threads(1)
    begun, card = time.monotonic(), store.card(asked.model)
    net = tune.replica(card)
    fit, test = (real(part, net) for part in ferplus_valid(asked.data))
    drawn = renders(asked.renders)
    shown = drawn.targets["expression"]
    known = np.isfinite(shown[:, 0])
    faces, truth = of_six(drawn.pick(known), shown[known].argmax(1))
    thin = slice(None, None, -(-len(faces) // asked.most))
    lesson = Lesson(faces[thin], truth[thin], COLUMNS, "smoothed")
    rest = drawn.images[~known]  # heads of no prototype's expression, never among the training faces
    enlarge = upscale.RealEsrgan(asked.esrgan) if asked.esrgan else upscale.learned(rest[512:], max(asked.steps, 300))
    pictures = kinds(lesson.images, enlarge)
    made, weights = dict[int, dict[str, Score]](), dict[str, list[str]]()
    for seed in range(asked.seeds):
        made[seed] = {"pre-trained only": scored(test.given, test)}
        for kind, images in pictures.items():
            found, told = run(card, replace(lesson, images=images), (fit, test), asked.steps, seed)
            names = (f"{kind}, last layer", f"{kind}, all weights", f"{kind}, all weights, + blend")
            made[seed] |= dict(zip(names, found, strict=True))
            weights.setdefault(str(seed), []).append(f"{kind}: {told}")
    figures = {
        "title": "ABAW-4 synthetic data on real faces, macro-F1 of six; all weights learn",
        "claim": PAPER["super-resolved, all weights, + blend"],
        "baseline": None,
        "source": "arXiv 2207.09508 and its notebook, the rows of its multi-task network",
        "rows": rows(made),
        "fitted": weights,
        "likeness": likeness(rest[:512], enlarge),
        "enlarged by": asked.esrgan.name if asked.esrgan else "a small network learned on other renders",
    }
    note = (
        f"{len(lesson.images)} rendered training faces, halved to {SIDE // 2} px; {len(test.truth)} real FER+ "
        f"validation faces scored, {len(fit.truth)} others to fit the blend; {asked.steps} steps from {card.name}"
    )
    total = hashlib.sha256(lesson.images.tobytes() + test.images.tobytes() + fit.images.tobytes())
    data = {"note": note, "sha256": total.hexdigest(), "network": card.hash}
    result.record(asked.results / "real_abaw4_lsd.json", figures, data, list(made), time.monotonic() - begun)


if __name__ == "__main__":
    main()
