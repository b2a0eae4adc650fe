"""From a recipe and a folder to a scored table: align, learn, answer, apply the steps, score.

The learning rows are the training split less a fifth of its videos; on that fifth heads are selected and steps are
fitted. Only for two more figures does the scored split reach `fit`: crossed, where each fifth of its films is scored
with steps fitted on the other four, and optimistic, where steps are fitted on the very videos that are scored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from mien.errors import InputError, unknown
from mien.io import whole
from mien.temporal.stride import Stride
from mien.train import chain, data, features, learners
from mien.train.chain import Bench, Sheets, Split, bench, sums, through
from mien.train.data import Ints, Rows, Target
from mien.train.data.affwild2 import people
from mien.train.fit import Task
from mien.train.folds import crossed
from mien.train.questions import named
from mien.train.recipe import Line, Member, Part, Recipe, Row, Stage
from mien.train.tally import Doubles, draws, gaps, interval, paired, tosses
from mien.types import Floats

Sums = tuple[Doubles, ...]  # by question, those of each scored video
TUNED = 0.2  # share of the training videos on which heads are selected and steps fitted


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
        nobody = Rows((), np.zeros(0, np.int64), np.zeros(0, np.int64))
        splits = {"train": splits.get(recipe.scored, nobody), **splits}
    for name in ("train", recipe.scored):
        if name not in splits or not len(splits[name]):
            raise InputError(f"the recipe needs rows of the split {name}, {folder} has none")
    stores = {n: features.opened(folder / "features" / n) for n in recipe.streams}

    def aligned(rows: Rows) -> Split:
        return Split(rows, stores, {n: s.places(rows) for n, s in stores.items()})

    train = splits["train"]
    tune = tuning(train)
    made = Material(aligned(train.pick(np.setdiff1d(np.arange(len(train.videos)), tune))), aligned(train.pick(tune)),
                    aligned(splits[recipe.scored]))  # fmt: skip
    for part in recipe.parts:
        _told(part, recipe.data, made.learn.rows.targets)
    for name, split in (("train", made.learn), (recipe.scored, made.score)):
        for network, (_, seen) in split.places.items():
            if not seen.any():
                raise InputError(f"{stores[network].folder} saw no row of the split {name}; delete it and make it anew")
    return made


def _told(part: Part, data_set: str, targets: Mapping[str, Target]) -> None:
    """Refuse a part whose question the data set does not ask, or answers in no row that a head could learn from."""
    if part.question not in targets:
        raise unknown(f"question of the data set {data_set}", part.question, targets)
    learned = any(m.plan.kind != "pretrained" for m in part.members)
    if learned and not targets[part.question].known.any():
        raise InputError(
            f"learning {part.question} needs rows whose truth is known, the videos to learn from have none"
        )


def _fits(recipe: Recipe) -> bool:
    """Whether anything of it is learned; what is not can do without a training split."""
    plans = [m.plan.kind for part in recipe.parts for m in part.members]
    steps = [s.step for part in recipe.parts for s in part.stages]
    return any(kind != "pretrained" for kind in plans) or any(chain.learns(step) for step in steps)


def tuning(rows: Rows) -> Ints:
    """The videos to tune on: a fifth, chosen by their names' hashes; what shows the same people stays together."""
    hashes = [hashlib.sha256(undivided(v).encode()).hexdigest() for v in rows.videos]
    films = sorted(set(hashes))
    if len(films) < 2:
        raise InputError(f"tuning apart from learning needs two training videos, got {len(films)}")
    chosen = set(films[: max(round(TUNED * len(films)), 1)])
    return np.array([i for i, h in enumerate(hashes) if h in chosen], np.int64)


def undivided(video: str) -> str:
    """What must not be parted: the film of two persons; all films of one, which BAH calls `person/visit/film.mp4`."""
    path = video.split("/")
    return path[-3] if len(path) > 2 and video.endswith(".mp4") else people(video)[0]


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What the heads said about the tuning and the scored rows, and what else learned than is always there."""

    tune: Sheets
    score: Sheets
    tools: tuple[str, ...] = ()


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
    return Answers(tune, score, learners.tools(recipe))


def _same(out: Path, what: str) -> None:
    """Refuse a folder whose heads were learned from something else."""
    path = out / "made_of.txt"
    if path.is_file() and path.read_text() != what:
        raise InputError(f"{out} holds heads of another recipe, seed or data; choose another folder")
    whole.folder(out)
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


@dataclass(frozen=True, slots=True)
class Scored:
    """A recipe's rows, the honestly fitted steps of the last one for people, and what two runs are compared by."""

    lines: tuple[Line, ...]
    fitted: tuple[str, ...]
    sums: tuple[Sums, ...]  # a row's
    data: str  # the fingerprint of what was learned from and scored


def score(recipe: Recipe, folder: Path, answers: Answers) -> Scored:
    """Every row of the recipe, honest and optimistic."""
    stuff = material(recipe, folder)
    rows = [_line(recipe, row, stuff, answers) for row in recipe.rows]
    lines, tables = tuple(line for line, _, _ in rows), tuple(table for _, table, _ in rows)
    return Scored(lines, (*rows[-1][2], *answers.tools), tables, fingerprint(recipe, folder))


def compared(recipe: Recipe, pairs: Iterable[tuple[Sums, Sums, str]]) -> tuple[float, float]:
    """By how much one side's scores exceed the other's on average, and how likely that is of sides that are alike.

    A pair holds two sides' sums on the same data. Its videos swap sides by the toss of a coin, for all questions
    together; on the same data the same videos swap, so that many seeds of it count no more than its videos.
    """
    scores, tries = [named(p.question).score for p in recipe.parts], []
    for one, other, where in pairs:
        swapped = tosses(len(one[0]), seed=int(where[:16], 16))
        tries.append(np.sum([gaps(s, a, b, swapped) for s, a, b in zip(scores, one, other, strict=True)], 0))
    return paired(np.mean(tries, 0))


Runs = tuple[Recipe, Mapping[int, Scored]]  # by seed


def versus(one: Runs, other: Runs) -> tuple[float, float]:
    """The last rows of two recipes compared, over the seeds that both were trained with."""
    told = [(r.data, *(p.question for p in r.parts)) for r, _ in (one, other)]
    common = sorted({*one[1]} & {*other[1]})
    if told[0] != told[1] or not common:
        raise InputError(
            f"a paired test needs the same data and questions and a seed in common, got {', '.join(told[0])} of the "
            f"seeds {[*one[1]]} and {', '.join(told[1])} of {[*other[1]]}"
        )
    return compared(one[0], [(one[1][s].sums[-1], other[1][s].sums[-1], one[1][s].data) for s in common])


def _line(recipe: Recipe, row: Row, stuff: Material, answers: Answers) -> tuple[Line, Sums, tuple[str, ...]]:
    tables, honest, optimistic, shown, spent = [], {}, 0.0, [], []
    others: list[float | None] = []
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
        fits = any(chain.learns(s.step) for s in stages)
        flat = sums(through(stages, scored, scored)[0]) if fits else table
        optimistic += float(total(flat.sum(0)))
        apart = _crossed(part, stages, stuff.score, answers.score) if fits else table
        others.append(None if apart is None else float(total(apart.sum(0))))
        shown += [repr(s) for s in steps]
        spent += [_spent(s, scored()) for s in steps if isinstance(s, Stride)]
    again = draws(len(tables[0]))
    tries = np.sum([named(p.question).score.total(again @ t) for p, t in zip(recipe.parts, tables, strict=True)], 0)
    low, high = interval(tries)
    frames = float(np.mean(spent)) if spent else None
    whole = None if None in others else sum(x for x in others if x is not None)
    line = Line(row.name, sum(honest.values()), low, high, optimistic, row.paper, honest, whole, frames)
    return line, tuple(tables), tuple(shown)


def _crossed(part: Part, stages: Sequence[Stage], split: Split, sheets: Sheets) -> Doubles | None:
    """The score's sums of each scored video, its steps fitted on other films of the scored split; None for one film."""
    present = np.unique(split.rows.video)
    films = [undivided(split.rows.videos[v]) for v in present]
    if len(set(films)) < 2:
        return None

    def run(rest: Ints, held: Ints) -> list[Doubles]:
        on, use = (partial(_bench_of, part, split, sheets, present[places]) for places in (rest, held))
        return list(sums(through(stages, on, use)[0]))

    return np.stack(crossed(films, run))


def _bench_of(part: Part, split: Split, sheets: Sheets, videos: Ints) -> Bench:
    rows = split.of(videos)
    return bench(part, split.pick(videos), {key: values[rows] for key, values in sheets.items()})


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
    for network in recipe.streams:
        store = features.opened(folder / "features" / network)
        total.update(np.ascontiguousarray(store.embedding[:: max(len(store) // 64, 1)]).tobytes())
    return total.hexdigest()
