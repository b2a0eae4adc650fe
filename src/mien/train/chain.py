"""A part's answers on their way through its steps, each fitted on one split and used on another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from mien.errors import InputError
from mien.fusion.blend import Blend
from mien.temporal import Learns, Step
from mien.temporal.fill import Fill
from mien.temporal.gate import Gate, beside
from mien.train import features, learners
from mien.train.data import FPS, Ints, Mask, Rows, Target
from mien.train.inputs import Inputs
from mien.train.questions import Question, named
from mien.train.recipe import Member, Part, Stage
from mien.train.tally import Doubles
from mien.types import Floats, Labels, Signal

Sheets = Mapping[tuple[str, str], Floats]  # answers by (question, network)


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Rows with, by network, where their features are and which of them were seen."""

    rows: Rows
    stores: Mapping[str, features.Store]
    places: Mapping[str, tuple[Ints, Mask]]

    def inputs(self, member: Member) -> Inputs:
        """What a member's head reads."""
        own, *second = [
            Inputs.of(self.stores[name], *self.places[name], self.rows.starts(), member.plan.reads)
            for name in member.streams
        ]
        return own.beside(second[0]) if second else own

    def pick(self, videos: Ints) -> Split:
        """The rows of these videos (rising places)."""
        rows = self.of(videos)
        places = {n: (p[rows], seen[rows]) for n, (p, seen) in self.places.items()}
        return replace(self, rows=self.rows.pick(videos), places=places)

    def of(self, videos: Ints) -> Mask:
        """Which rows are of these videos."""
        return np.isin(self.rows.video, videos)


def signals(split: Split, network: str, values: Floats, labels: Labels) -> list[Signal]:
    """Answers as one signal per video, frames without a face drawn between their neighbours."""
    seen = split.places[network][1]
    times = split.rows.frame / FPS
    parts = pairwise(split.rows.starts().tolist())
    return [Fill()(Signal(times[a:b], values[a:b], seen[a:b], labels)) for a, b in parts]


def truths(split: Split, question: Question) -> list[Signal]:
    """The truth as one signal per video, seen where it is known."""
    target: Target = split.rows.targets[question.name]
    times = split.rows.frame / FPS
    return [
        Signal(times[a:b], target.values[a:b], target.known[a:b], question.labels)
        for a, b in pairwise(split.rows.starts().tolist())
    ]


def pretrained(split: Split, network: str, question: Question) -> list[Signal]:
    """What the network itself answers, under the question's labels; classes it does not know are never answered."""
    inputs = Inputs.of(split.stores[network], *split.places[network], split.rows.starts(), "logits")
    return signals(split, network, learners.native(question, inputs), question.labels)


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """One part's signals of a split, by network, on their way through the steps."""

    split: Split
    question: Question
    signals: dict[str, list[Signal]]
    truth: list[Signal]
    networks: Mapping[str, str]  # the features of each member


def bench(part: Part, split: Split, sheets: Sheets) -> Bench:
    """The plain answers of a part's members."""
    question = named(part.question)
    made: dict[str, list[Signal]] = {}
    for m in part.members:
        said = sheets.get((part.question, m.key), np.zeros((0, 0), np.float32))
        if len(said) != len(split.rows):
            raise InputError(
                f"wanted answers of {m.key} to {len(split.rows)} rows, got {len(said)}: the heads were trained from "
                "another recipe or other data; train them anew in another folder"
            )
        made[m.key] = signals(split, m.features, said, question.labels)
    networks = {m.key: m.features for m in part.members}
    return Bench(split, question, made, truths(split, question), networks)


def through(
    stages: Sequence[Stage], on: Callable[[], Bench], use: Callable[[], Bench]
) -> tuple[Bench, list[Step | Blend]]:
    """The bench to use after the stages, each fitted on the other bench as it stands there; and the fitted steps."""
    fitting, using = on(), use()
    fitted: list[Step | Blend] = []
    for stage in stages:
        if isinstance(stage.step, Blend):
            fitted.append(_blend(stage.step, fitting, using))
            continue
        for network in [n for n in using.signals if stage.only in ("", n)]:
            a, b = _before(stage, network, fitting), _before(stage, network, using)
            step = stage.step.fit(a, fitting.truth) if isinstance(stage.step, Learns) else stage.step
            fitting.signals[network] = [step(s) for s in a]
            using.signals[network] = [step(s) for s in b]
            fitted.append(step)
    return using, fitted


def _before(stage: Stage, network: str, at: Bench) -> list[Signal]:
    """The signals a stage takes: for a gate, with the network's own answers beside them."""
    own = at.signals[network]
    if not isinstance(stage.step, Gate):
        return own
    other = pretrained(at.split, at.networks[network], at.question)
    for step in stage.other:
        other = [step(s) for s in other]
    return [beside(a, b) for a, b in zip(own, other, strict=True)]


def _blend(blend: Blend, fitting: Bench, using: Bench) -> Blend:
    score = fitting.question.score
    if len(fitting.signals) < 2:
        return blend
    step = blend if blend.weights else blend.fit(
        list(fitting.signals.values()), fitting.truth,
        lambda truth, guess: float(score.total(score.rows(truth, guess).sum(0))),
    )  # fmt: skip
    for at in (fitting, using):
        mixed = [step(list(row)) for row in zip(*at.signals.values(), strict=True)]
        at.signals.clear()
        at.signals["blend"] = mixed
    return step


def sums(at: Bench) -> Doubles:
    """The score's sums of each video, from the first network's (or the blend's) signals."""
    chosen = next(iter(at.signals.values()))
    truth, guess, video = [], [], []
    for i, (s, t) in enumerate(zip(chosen, at.truth, strict=True)):
        truth.append(t.values[t.seen])
        guess.append(s.values[t.seen])
        video.append(np.full(int(t.seen.sum()), i))
    return at.question.score.by_video(
        np.concatenate(truth), np.nan_to_num(np.concatenate(guess)), np.concatenate(video), len(chosen)
    )


def learns(step: Step | Blend) -> bool:
    """Whether a step or blend is fitted."""
    if isinstance(step, Blend):
        return True
    return isinstance(step, Learns)
