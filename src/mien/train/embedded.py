"""The network that ships: expressions, valence and arousal, action units, identity, age, gender, ethnicity and pose.

python -m mien.train.embedded --stage faces     real faces alone: what needs no renders
python -m mien.train.embedded --stage mien_s    from there, everything together
python -m mien.train.embedded --stage echo      from there, its own answers beside what people voted
python -m mien.train.embedded --stage clean     renders and consenting people alone, from nothing
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mien.card import Input
from mien.errors import InputError
from mien.geometry import normalise, shrink
from mien.heads import ACTION_UNITS, QUESTIONS
from mien.train import augment, london, loop, sources
from mien.train.nets import FaceNet
from mien.train.sources import Source
from mien.types import Floats, Pixels

WEIGHTS = {
    "expression": 1.5,
    "valence_arousal": 1.0,
    "action_units": 3.0,
    "unit_priors": 0.5,
    "age": 0.25,
    "gender": 0.5,
    "ethnicity": 0.3,
    "pose": 0.5,
    "identity": 1.5,
}


INPUT = Input(size=FaceNet.SIZE, crop="aligned", mean=(0.5,), std=(0.25,))  # grey: colour could only tell sets apart
MIXED = ("ferplus",)  # sources whose faces are laid over each other: their labels are shares of votes
WHOLE_ROWS = ("expression", "age", "gender", "ethnicity", "identity")  # known or unknown as a whole, not by column
TARGETS = {h: len(head.labels) for h, head in QUESTIONS.items()} | {"unit_priors": len(ACTION_UNITS.labels)}


@dataclass(frozen=True, slots=True)
class Stage:
    """Which sources, how many faces of each in a batch, for how long, from whose weights.

    In the `echo` sources the network it starts from says beforehand what the faces express.
    """

    shares: Mapping[str, int]
    plan: loop.Plan
    start: str = ""
    echo: tuple[str, ...] = ()


STAGES = {
    "faces": Stage({"ferplus": 128, "utkface": 64}, loop.Plan(1400, rate=3e-3)),
    "mien_s": Stage(
        {"ferplus": 112, "utkface": 24, "lfw": 24, "smiles": 8, "renders": 120}, loop.Plan(4200, rate=2.5e-3), "faces"
    ),
    "echo": Stage(
        {"ferplus": 128, "utkface": 40, "lfw": 32, "smiles": 8, "renders": 112},
        loop.Plan(2000, rate=1.5e-3),
        "mien_s",
        echo=("ferplus", "utkface", "lfw"),
    ),
    "clean": Stage({"renders": 192, "london": 16}, loop.Plan(3000, rate=3e-3)),
}


def widths() -> dict[str, int]:
    """Raw outputs of every head the network answers."""
    return {name: head.width for name, head in QUESTIONS.items()}


def losses(answers: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> loop.Losses:
    """The weighted loss of each head that any row of the batch has a target for; NaN rows are unknown."""
    out: loop.Losses = {}
    for name, target in targets.items():
        known = target.isfinite()
        head = "action_units" if name == "unit_priors" else name
        loss = identity_loss if name == "identity" else importlib.import_module(f"mien.heads.{head}").loss
        rows = known.all(1) if name in WHOLE_ROWS else known
        out[name] = WEIGHTS[name] * loss(answers[head].float(), target, rows)
    return out


def identity_loss(raw: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """One minus the cosine to the teacher's vector, plus the error of the batch's own table of cosines."""
    if not known.any():
        return raw.sum() * 0
    mine, theirs = (nn.functional.normalize(v[known]) for v in (raw, target))
    return (1 - (mine * theirs).sum(1)).mean() + 4 * ((mine @ mine.T - theirs @ theirs.T) ** 2).mean()


def crops(squares: Pixels, size: int = INPUT.size) -> list[Pixels]:
    """Stored squares, grey or in colour, as the crops that a network sees."""
    return [shrink(image, (size, size)).reshape(size, size, -1) for image in squares]


def inputs(squares: Pixels, count: int = 256) -> Iterator[Floats]:
    """Stored squares as the network's input, so many at a time."""
    for start in range(0, len(squares), count):
        yield normalise(crops(squares[start : start + count]), INPUT)


def echoed(part: Source, net: FaceNet) -> Source:
    """The source with the network's own expressions: as much as people's votes, alone where nobody voted at all.

    Asked both ways round it errs less than it does one way round; that is what it can still teach itself.
    """
    net.eval()
    with torch.no_grad():
        batches = map(torch.from_numpy, inputs(part.images))
        ways = torch.cat([torch.stack([net(w)["expression"].softmax(1) for w in (b, b.flip(3))]) for b in batches], 1)
    own = ways.mean(0).numpy()
    voted = part.targets.get("expression", own)
    return replace(part, targets={**part.targets, "expression": (voted + own) / 2})


def chances(part: Source) -> NDArray[np.float64]:
    """How likely each face is drawn: those of a rare expression more often, by the root of how rare it is."""
    soft = np.nan_to_num(part.targets.get("expression", np.zeros((len(part), 1), np.float32))).astype(np.float64)
    total = soft.sum(0)
    rarity = np.sqrt(total.max() / np.maximum(total, 1)) if total.any() else np.ones(1)
    weight = np.maximum((soft * rarity).max(1), 1.0)
    return weight / weight.sum()


class Batches:
    """Faces of all sources in fixed shares, drawn from the step's own seed, turned and lit anew each time."""

    def __init__(self, parts: Mapping[str, Source], shares: Mapping[str, int], seed: int) -> None:
        self.parts, self.shares, self.seed = parts, shares, seed
        self.chances = {name: chances(part) for name, part in parts.items()}
        ends = np.cumsum(list(shares.values())).tolist()
        self.rows = {n: slice(e - c, e) for (n, c), e in zip(shares.items(), ends, strict=True)}  # of a batch
        self.heads = sorted({h for part in parts.values() for h in part.targets} & set(TARGETS))

    def __call__(self, step: int) -> tuple[Tensor, dict[str, Tensor]]:
        """The batch of a step: images and, by head, targets with NaN where unknown."""
        draw = np.random.default_rng((self.seed, step))
        rng = torch.Generator().manual_seed(self.seed * 1_000_003 + step)
        images, targets = [], {h: [] for h in self.heads}
        for name, count in self.shares.items():
            part = self.parts[name]
            rows = draw.choice(len(part), size=count, p=self.chances[name])
            images.append(part.images[rows])
            for head in self.heads:
                blank = np.full((count, TARGETS[head]), np.nan, np.float32)
                targets[head].append(part.targets[head][rows] if head in part.targets else blank)
        flips = torch.rand(sum(self.shares.values()), generator=rng) < 0.5
        batch = augment.faces(torch.from_numpy(np.concatenate(images)), flips, INPUT.size, augment.Strength(), rng)
        wanted = {h: torch.from_numpy(np.concatenate(v)) for h, v in targets.items()}
        if "pose" in wanted:
            wanted["pose"][flips, 0] *= -1
        for name, rows in self.rows.items():
            if name in MIXED:
                augment.mix(batch, wanted, rows, rng)
        return batch.contiguous(memory_format=torch.channels_last), wanted


def train(stage: Stage, parts: Mapping[str, Source], seed: int, folder: Path, name: str) -> FaceNet:
    """Train one stage and give the averaged network."""
    torch.manual_seed(seed)
    net = FaceNet(widths())
    if stage.start:
        loop.averaged(net, folder / f"{stage.start}.pt")
    batches = Batches({n: echoed(p, net) if n in stage.echo else p for n, p in parts.items()}, stage.shares, seed)

    def step(model: nn.Module, now: int) -> loop.Losses:
        images, targets = batches(now)
        with torch.autocast("cpu", torch.bfloat16):
            answers = model(images)
        return losses(answers, targets)

    kept = loop.run(net, step, stage.plan, folder / f"{name}.pt")
    assert isinstance(kept, FaceNet)
    return kept


def main() -> None:
    """Train a stage from the command line."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--stage", choices=sorted(STAGES), required=True)
    parse.add_argument("--data", type=Path, required=True, help="folder with ferplus.parquet, utkface.parquet, …")
    parse.add_argument("--renders", type=Path, help="folder of `mien synth faces`")
    parse.add_argument("--teacher", type=Path, help="folder of identity vectors made by mien.train.teacher")
    parse.add_argument("--work", type=Path, default=Path(".cache/train"), help="folder of checkpoints")
    parse.add_argument("--seed", type=int, default=1)
    parse.add_argument("--threads", type=int, default=2)
    given = parse.parse_args()
    run(given.stage, Sources(given.data, given.renders, given.teacher), given.work, given.seed, given.threads)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the data lie: the parquet files, rendered faces, a teacher's identity vectors."""

    data: Path
    renders: Path | None = None
    teacher: Path | None = None

    def load(self, name: str) -> Source:
        """The training part of a source, with the teacher's identity vectors where there are some."""
        if name == "renders":
            if not self.renders:
                raise InputError(
                    "this stage learns from rendered faces; make them with mien synth faces; name --renders"
                )
            return sources.renders(self.renders)
        if name in london.FIFTHS:
            return london.london(self.data, london.FIFTHS[name])[0]
        part = getattr(sources, name)(self.data)[0]
        return sources.taught(part, self.teacher, name) if self.teacher else part


def run(stage: str, where: Sources, work: Path, seed: int, threads: int) -> FaceNet:
    """Train a stage by name; its checkpoint lies in the work folder, and a killed run goes on from it."""
    torch.set_num_threads(threads)
    start = STAGES[stage].start
    if start and not (work / f"{start}.pt").is_file():
        raise InputError(
            f"stage {stage} goes on from {work / start}.pt, which is not there; train {start} into {work} first"
        )
    parts = {name: where.load(name) for name in STAGES[stage].shares}
    return train(STAGES[stage], parts, seed, work, stage)


if __name__ == "__main__":
    main()
