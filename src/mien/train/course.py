"""From a recipe and a folder to a scored table: align, learn, answer, apply the steps, score.

The learning rows are the training split less a fifth of its videos; on that fifth heads are selected and steps are
fitted. The scored split reaches `fit` in one place only, for the figure that is called optimistic.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from mien.errors import InputError
from mien.fusion.blend import Blend
from mien.temporal import Step
from mien.temporal.fill import Fill
from mien.temporal.gate import Gate, beside
from mien.temporal.stride import Stride
from mien.train import data, features, learners
from mien.train.data import FPS, Ints, Mask, Rows, Target
from mien.train.fit import Task
from mien.train.inputs import Inputs
from mien.train.questions import Question, named
from mien.train.recipe import Line, Member, Part, Recipe, Row, Stage
from mien.train.tally import Doubles, draws, interval
from mien.types import Floats, Labels, Signal

TUNED = 0.2  # share of the training videos on which heads are selected and steps fitted


@runtime_checkable
class Learns(Protocol):
    """A step that is fitted."""

    def fit(self, signals: Sequence[Signal], targets: Sequence[Signal]) -> Step:
        """The fitted step."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Rows with, by network, where their features are and which of them were seen."""

    rows: Rows
    stores: Mapping[str, features.Store]
    places: Mapping[str, tuple[Ints, Mask]]

    def inputs(self, member: Member) -> Inputs:
        """What a member's head reads."""
        places, seen = self.places[member.features]
        return Inputs.of(self.stores[member.features], places, seen, self.rows.starts(), member.plan.reads)


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """A recipe's data: rows to learn from, to tune on, and to be scored on."""

    learn: Split
    tune: Split
    score: Split


def material(recipe: Recipe, folder: Path) -> Material:
    """Read the annotations, open the features, part the training videos in two."""
    splits = data.read(recipe.data, folder)
    if "train" not in splits and not _fits(recipe):
        splits = {"train": splits.get(recipe.scored, Rows((), *(np.zeros(0, np.int64),) * 2)), **splits}
    for name in ("train", recipe.scored):
        if name not in splits or not len(splits[name]):
            raise InputError(f"the recipe needs rows of the split {name}, {folder} has none")
    names = sorted({m.features for part in recipe.parts for m in part.members})
    stores = {n: features.opened(folder / "features" / n) for n in names}

    def aligned(rows: Rows) -> Split:
        return Split(rows, stores, {n: s.places(rows) for n, s in stores.items()})

    train = splits["train"]
    tune = tuning(train)
    return Material(aligned(train.pick(np.setdiff1d(np.arange(len(train.videos)), tune))), aligned(train.pick(tune)),
                    aligned(splits[recipe.scored]))  # fmt: skip


def _fits(recipe: Recipe) -> bool:
    """Whether anything of it is learned; what is not can do without a training split."""
    plans = [m.plan.kind for part in recipe.parts for m in part.members]
    steps = [s.step for part in recipe.parts for s in part.stages]
    return any(kind != "pretrained" for kind in plans) or any(_learns(step) for step in steps)


def tuning(rows: Rows) -> Ints:
    """The videos to tune on: a fifth, chosen by their names' hashes; one film's two persons stay together."""
    from mien.train.data.affwild2 import people

    hashes = [hashlib.sha256(people(v)[0].encode()).hexdigest() for v in rows.videos]
    films = sorted(set(hashes))
    if len(films) < 2:
        raise InputError(f"tuning apart from learning needs two training videos, got {len(films)}")
    chosen = set(films[: max(round(TUNED * len(films)), 1)])
    return np.array([i for i, h in enumerate(hashes) if h in chosen], np.int64)


Sheets = Mapping[tuple[str, str], Floats]  # answers by (question, network)


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What the heads said about the tuning and the scored rows."""

    tune: Sheets
    score: Sheets


def train(recipe: Recipe, folder: Path, out: Path, seed: int) -> Answers:
    """Learn every head and answer both splits; what a killed run finished is not done again."""
    stuff = material(recipe, folder)
    _same(out, f"{recipe!r}\n{seed}\n{fingerprint(recipe, folder)}\n")
    tune: dict[tuple[str, str], Floats] = {}
    score: dict[tuple[str, str], Floats] = {}
    for group in _groups(recipe):
        tasks = [_task(part, member, stuff) for part, member in group]
        member = group[0][1]
        learn, tuned, scored = (s.inputs(member) for s in (stuff.learn, stuff.tune, stuff.score))
        name = "-".join([member.key, *(part.question for part, _ in group)])
        for (part, _), answer in zip(
            group, learners.learn(tasks, learn, tuned, seed, out / "heads" / f"{name}.pt"), strict=True
        ):
            key = (part.question, member.key)
            tune[key], score[key] = answer(tuned), answer(scored)
    return Answers(tune, score)


def _same(out: Path, what: str) -> None:
    """Refuse a folder whose heads were learned from something else."""
    path = out / "made_of.txt"
    if path.is_file() and path.read_text() != what:
        raise InputError(f"{out} holds heads of another recipe, seed or data; choose another folder")
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(what)


def _groups(recipe: Recipe) -> list[list[tuple[Part, Member]]]:
    """What learns together: all parts of one network where the recipe is joint, else each head alone."""
    pairs = [(part, member) for part in recipe.parts for member in part.members]
    if not recipe.joint:
        return [[pair] for pair in pairs]
    networks = dict.fromkeys(m.key for _, m in pairs)
    return [[p for p in pairs if p[1].key == n] for n in networks]


def _task(part: Part, member: Member, stuff: Material) -> Task:
    truth = (split.rows.targets[part.question] for split in (stuff.learn, stuff.tune))
    return Task(named(part.question), member.plan, *truth)


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
    made = {m.key: signals(split, m.features, sheets[part.question, m.key], question.labels) for m in part.members}
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


@dataclass(frozen=True, slots=True)
class Scored:
    """A recipe's rows, and the sums of the last one by video and question, for tests between two runs."""

    lines: tuple[Line, ...]
    last: tuple[Doubles, ...]
    fitted: tuple[str, ...]  # the honestly fitted steps of the last row, for people


def score(recipe: Recipe, folder: Path, answers: Answers) -> Scored:
    """Every row of the recipe, honest and optimistic."""
    stuff = material(recipe, folder)
    lines, last, fitted = [], (), ()
    for row in recipe.rows:
        line, last, fitted = _line(recipe, row, stuff, answers)
        lines.append(line)
    return Scored(tuple(lines), last, fitted)


def _line(
    recipe: Recipe, row: Row, stuff: Material, answers: Answers
) -> tuple[Line, tuple[Doubles, ...], tuple[str, ...]]:
    tables, honest, optimistic, shown, spent = [], {}, 0.0, [], []
    for part in recipe.parts:
        stages = [s for s in part.stages if s.name in row.stages]

        def tuned(part: Part = part) -> Bench:
            return bench(part, stuff.tune, answers.tune)

        def scored(part: Part = part) -> Bench:
            return bench(part, stuff.score, answers.score)

        done, steps = through(stages, tuned, scored)
        table, total = sums(done), done.question.score.total
        tables.append(table)
        honest[part.question] = float(total(table.sum(0)))
        flat = sums(through(stages, scored, scored)[0]) if any(_learns(s.step) for s in stages) else table
        optimistic += float(total(flat.sum(0)))
        shown += [repr(s) for s in steps]
        spent += [_spent(s, scored()) for s in steps if isinstance(s, Stride)]
    again = draws(len(tables[0]))
    tries = np.sum([named(p.question).score.total(again @ t) for p, t in zip(recipe.parts, tables, strict=True)], 0)
    low, high = interval(tries)
    frames = float(np.mean(spent)) if spent else None
    line = Line(row.name, sum(honest.values()), low, high, optimistic, row.paper, honest, frames)
    return line, tuple(tables), tuple(shown)


def _learns(step: Step | Blend) -> bool:
    if isinstance(step, Blend):
        return True
    return isinstance(step, Learns)


def _spent(step: Stride, at: Bench) -> float:
    shares = [(step.spent(s).share, len(s)) for s in next(iter(at.signals.values())) if len(s)]
    return float(np.average([s for s, _ in shares], weights=[n for _, n in shares]))


def fingerprint(recipe: Recipe, folder: Path) -> str:
    """One sha256 over the annotations that a recipe reads, and over where each network's features begin and end."""
    total = hashlib.sha256()
    splits = data.read(recipe.data, folder)
    for name in sorted(splits):
        rows = splits[name]
        total.update(f"{name} {rows.videos}".encode() + rows.video.tobytes() + rows.frame.tobytes())
        for target in rows.targets.values():
            total.update(target.values.tobytes() + target.known.tobytes())
    for network in sorted({m.features for part in recipe.parts for m in part.members}):
        store = features.opened(folder / "features" / network)
        total.update(np.ascontiguousarray(store.embedding[:: max(len(store) // 64, 1)]).tobytes())
    return total.hexdigest()
