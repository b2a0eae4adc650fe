"""python -m mien.recipes.shift: class bias and gate across the shift from FER+ to LFW: results/real_shift.json.

The shipped network learned its expressions from FER+. It is scored on LFW people none of whose photos it ever saw,
where students' labels are usable for neutral and happiness; the other labels are too few to be more than counted.
Each step is fitted on FER+, on other LFW people, and, for the optimistic figure, on the very faces it is scored on.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien import record
from mien.heads import EXPRESSION
from mien.labels import EXPRESSIONS
from mien.metrics import macro_f1
from mien.models import Model
from mien.temporal.bias import Bias
from mien.temporal.gate import Gate, beside
from mien.train import extract, sources
from mien.train.data import Ints
from mien.train.folds import crossed
from mien.train.sources import USABLE
from mien.train.tally import MEAN_F1, Doubles, draws, gaps, interval, paired, tosses
from mien.types import Floats, Signal

PLACES = [EXPRESSIONS.index(name) for name in USABLE]
MOST = 3000  # faces that the head learns from: more change nothing
Figures = dict[str, record.Figure]
Use = Callable[["People"], list[Signal]]  # the answers after a fitted step


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Each person's faces as one signal: the network's answers, a head's, and the truth, seen where it is usable."""

    names: tuple[str, ...]
    network: Sequence[Signal]
    head: Sequence[Signal]
    truth: Sequence[Signal]

    def pick(self, places: Ints) -> People:
        """These people."""
        rows = ([part[i] for i in places] for part in (self.network, self.head, self.truth))
        return People(tuple(self.names[i] for i in places), *rows)


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """Faces with whose they are, their label's place among the expressions, and the network's answers and features."""

    persons: NDArray[np.str_]
    label: Ints
    network: Floats
    features: Floats

    def people(self, head: Callable[[Floats], Floats], usable: Sequence[int]) -> People:
        """The faces by person."""
        order = np.argsort(self.persons, kind="stable")
        names, first = np.unique(self.persons[order], return_index=True)
        truth, seen = np.eye(len(EXPRESSIONS), dtype=np.float32)[self.label], np.isin(self.label, usable)
        every = np.ones(len(order), bool)

        def signals(values: Floats, seen: NDArray[np.bool_]) -> list[Signal]:
            parts = np.split(order, first[1:])
            return [Signal(np.arange(float(len(p))), values[p], seen[p], EXPRESSIONS) for p in parts]

        kinds = signals(self.network, every), signals(head(self.features), every), signals(truth, seen)
        return People(tuple(names.tolist()), *kinds)


def bias(fit: People) -> Use:
    """The network's answers with a bias for each class."""
    step = Bias().fit(fit.network, fit.truth)
    return lambda at: [step(s) for s in at.network]


def bias_gate(fit: People) -> Use:
    """The biased answers, or the network's own where it is sure."""
    step = Bias().fit(fit.network, fit.truth)
    return gated([step(s) for s in fit.network], fit, lambda at: [step(s) for s in at.network])


def head_gate(fit: People) -> Use:
    """The answers of the head that knows LFW, or the network's own where it is sure."""
    return gated(fit.head, fit, lambda at: list(at.head))


def gated(own: Sequence[Signal], fit: People, use: Use) -> Use:
    """A gate from answers to the network's, fitted on some people."""
    gate = Gate().fit([beside(a, b) for a, b in zip(own, fit.network, strict=True)], fit.truth)
    return lambda at: [gate(beside(a, b)) for a, b in zip(use(at), at.network, strict=True)]


STEPS = {"network + bias": bias, "network + bias + gate": bias_gate, "head on LFW + gate to the network": head_gate}


def rows(fer: People, lfw: People) -> dict[str, list[Signal]]:
    """Every row's answers for the LFW people."""
    out = {"network": list(lfw.network), "head on LFW": list(lfw.head)}
    for name, fit in STEPS.items():
        out[f"{name}, fitted on FER+"] = fit(fer)(lfw)
        out[f"{name}, fitted on other LFW people"] = crossed_over(fit, lfw)
        out[f"{name}, fitted on the same faces (optimistic)"] = fit(lfw)(lfw)
    return out


def crossed_over(fit: Callable[[People], Use], lfw: People) -> list[Signal]:
    """The step on each fifth of the people, fitted on the other four."""

    def run(rest: Ints, held: Ints) -> list[Signal]:
        return fit(lfw.pick(rest))(lfw.pick(held))

    return crossed(lfw.names, run)


def sums(guess: Sequence[Signal], truth: Sequence[Signal]) -> Doubles:
    """Of each person the hits, false alarms and misses of the usable classes; all eight may be answered."""
    seen = [t.seen for t in truth]
    person = np.repeat(np.arange(len(truth)), [int(s.sum()) for s in seen])
    both = [np.concatenate([a.values[s] for a, s in zip(part, seen, strict=True)]) for part in (truth, guess)]
    shown = [np.eye(len(EXPRESSIONS), dtype=np.float32)[values.argmax(1)][:, PLACES] for values in both]
    return MEAN_F1.by_video(shown[0], shown[1], person, len(truth))


def compared(fer: People, lfw: People) -> list[Figures]:
    """Each row's mean F1 with its interval over people, and its gain over the row it begins from, by a paired test."""
    tables = {name: sums(guess, lfw.truth) for name, guess in rows(fer, lfw).items()}
    again, swapped = draws(len(lfw.names)), tosses(len(lfw.names), seed=0)
    out: list[Figures] = []
    for name, table in tables.items():
        start = "head on LFW" if name.startswith("head") else "network"
        gain, chance = paired(gaps(MEAN_F1, table, tables[start], swapped))
        low, high = interval(MEAN_F1.total(again @ table))
        hits, alarms, misses = table.sum(0).reshape(3, -1)
        each: Figures = dict(zip(USABLE, (2 * hits / (2 * hits + alarms + misses)).round(4).tolist(), strict=True))
        figures = {"mean_f1": float(MEAN_F1.total(table.sum(0))), "low": low, "high": high}
        paid: Figures = {} if name == start else {"against": start, "gain": round(gain, 4), "chance": round(chance, 4)}
        row: Figures = {"name": name, **{k: round(v, 4) for k, v in figures.items()}, "f1": each, **paid}
        out.append(row)
    return out


def at_home(fit: People, scored: People) -> Figures:
    """The same bias and gate without the shift: macro-F1 of the eight on FER+'s reported half, fitted on the other."""
    truth = np.concatenate([t.values[t.seen].argmax(1) for t in scored.truth])
    answers = {"network": list(scored.network)} | {n: STEPS[n](fit)(scored) for n in STEPS if n.startswith("network")}

    def score(guess: Sequence[Signal]) -> float:
        top = np.concatenate([g.values[t.seen].argmax(1) for g, t in zip(guess, scored.truth, strict=True)])
        return round(macro_f1(truth, top, len(EXPRESSIONS)), 4)

    return {"faces": len(truth), **{name: score(guess) for name, guess in answers.items()}}


def learned(faces: Answered) -> Callable[[Floats], Floats]:
    """Neutral or happy from the network's features: a logistic regression on LFW people who are not scored."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    usable = np.flatnonzero(np.isin(faces.label, PLACES))
    chosen = usable[:: max(len(usable) // MOST, 1)]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced", max_iter=500))
    model.fit(faces.features[chosen], faces.label[chosen])

    def head(features: Floats) -> Floats:
        out = np.zeros((len(features), len(EXPRESSIONS)), np.float32)
        out[:, model.classes_] = model.predict_proba(features)
        return out

    return head


def read(model: Model, path: Path, names: NDArray[np.str_], persons: NDArray[np.str_], label: Ints) -> Answered:
    """The network's answers and features for these pictures of a parquet file."""
    from mien.train.evaluate import answers, encoded

    found = answers(model, encoded(path, names))
    return Answered(persons, label, found[EXPRESSION].values, found[extract.embedding(model)].values)


def ferplus(model: Model, data: Path) -> tuple[Answered, Answered]:
    """FER+'s validation part: the half that fitted temperatures, and the half that is only reported on."""
    out = []
    for part in sources.ferplus(data)[1:]:
        clear, label = sources.majority(part)
        names = part.names[clear]
        out.append(read(model, data / "ferplus.parquet", names, names, label[clear]))
    return out[0], out[1]


def lfw(model: Model, data: Path) -> tuple[Answered, Answered]:
    """LFW's labelled faces: of people whose photos taught the network identity, and of people it never saw."""
    out = []
    for part in sources.lfw(data):
        part = part.pick(np.isfinite(part.targets["label"][:, 0]))
        label = part.targets["label"][:, 0].astype(int)
        out.append(read(model, data / "lfw_crops.parquet", part.names, part.groups, label))
    return out[0], out[1]


def counted(faces: Answered) -> Mapping[str, int]:
    """How many faces have each label."""
    return {name: int(np.sum(faces.label == i)) for i, name in enumerate(EXPRESSIONS)}


def main() -> None:
    """All of it, from the data to the result file."""
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--data", type=Path, required=True, help="holds ferplus.parquet and lfw_crops.parquet")
    parse.add_argument("--model", default="mien_s.default")
    parse.add_argument("--results", type=Path, default=Path("results"))
    asked = parse.parse_args()
    from mien.models.load import load

    begun, model = time.monotonic(), load(asked.model, threads=1)
    (known, strangers), (fit, home) = lfw(model, asked.data), ferplus(model, asked.data)
    head, eight = learned(known), range(len(EXPRESSIONS))
    fer = fit.people(head, eight)
    figures: Figures = {
        "network": model.card.name,
        "people": len(set(strangers.persons.tolist())),
        "labels of the scored LFW faces": counted(strangers),
        "labels of the fitting FER+ faces": counted(fit),
        "rows": compared(fer, strangers.people(head, PLACES)),
        "without the shift, macro-F1 of eight": at_home(fer, home.people(head, eight)),
    }
    files = [asked.data / f"{n}.parquet" for n in ("ferplus", "lfw_crops")]
    record.write(asked.results / "real_shift.json", figures, seed=0, data=files, seconds=time.monotonic() - begun)


if __name__ == "__main__":
    main()
