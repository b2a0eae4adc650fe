"""What the shipped face network can do, on faces it was not trained on: results/<name>.json.

python -m mien.train.evaluate --name mien_s.default --data DIR --renders DIR
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien import record
from mien.card import Card
from mien.detectors.load import load
from mien.errors import InputError
from mien.geometry import shrink
from mien.heads import ACTION_UNITS, AGE, ETHNICITY, EXPRESSION, GENDER, IDENTITY, POSE, VALENCE_AROUSAL
from mien.io import photo
from mien.labels import EXPRESSIONS
from mien.metrics import accuracy, auc, calibration_error, ccc, macro_f1
from mien.models import Model
from mien.perceive import Perceiver
from mien.train import london, sources
from mien.train.embedded import crops
from mien.train.ship import WEIGHTS, model
from mien.types import Faces, Floats, Head, Reading

Figures = dict[str, record.Figure]
SANITY = {  # real faces: a unit, the expression it should rise with, against neutral
    "AU12 happiness": (("AU12",), "happiness"),
    "AU04 anger": (("AU04",), "anger"),
    "AU25|AU26 surprise": (("AU25", "AU26"), "surprise"),
    "AU01+AU02 surprise": (("AU01", "AU02"), "surprise"),
    "AU15|AU01 sadness": (("AU15", "AU01"), "sadness"),
}


def answers(net: Model, pictures: NDArray[np.object_]) -> Mapping[Head, Reading]:
    """Readings of whole crops given as file contents, resized just as `mien.read` does."""
    size, crops = net.card.input.size, []
    for picture in pictures:
        with Image.open(io.BytesIO(picture)) as image:
            crops.append(shrink(np.asarray(image.convert("RGB")), (size, size)))
    return net.answers(crops)


def encoded(path: Path, names: NDArray[np.str_]) -> NDArray[np.object_]:
    """The encoded images of these rows of a parquet file, in the order of the names."""
    import pyarrow.parquet as pq

    rows = pq.read_table(path, columns=["name", "image"])
    found = dict(zip(rows["name"].to_pylist(), rows["image"].to_pylist(), strict=True))
    return np.array([found[n] for n in names], object)


def expressions(net: Model, data: Path) -> Figures:
    """Accuracy, macro-F1, calibration on the half of FER+'s validation part that fitted nothing, and units' sanity."""
    part = sources.ferplus(data)[2]
    clear, label = sources.majority(part)
    part, label = part.pick(clear), label[clear]
    read = answers(net, encoded(data / "ferplus.parquet", part.names))
    p = read[EXPRESSION].values
    hits = {n: round(accuracy(label[label == i], p.argmax(1)[label == i]), 4) for i, n in enumerate(EXPRESSIONS)}
    affect = {
        n: round(ccc(part.targets["valence_arousal"][:, i], read[VALENCE_AROUSAL].values[:, i]), 4)
        for i, n in enumerate(VALENCE_AROUSAL.labels)
    }
    return {
        "faces": len(label),
        "accuracy": round(accuracy(label, p.argmax(1)), 4),
        "macro_f1": round(macro_f1(label, p.argmax(1), 8), 4),
        "calibration_error": round(calibration_error(label, p), 4),
        "recall": hits,
        "count": {n: int((label == i).sum()) for i, n in enumerate(EXPRESSIONS)},
        "ccc_with_derived": affect,
        "unit_sanity_auc": sanity(read[ACTION_UNITS], label),
    }


def sanity(units: Reading, label: NDArray[np.int64]) -> Figures:
    """AUC of units for the expression they belong to, against neutral faces."""
    out: Figures = {}
    for name, (which, expression) in SANITY.items():
        want = EXPRESSIONS.index(expression)
        rows = (label == want) | (label == EXPRESSIONS.index("neutral"))
        score = (
            np.max([units[u][rows] for u in which], axis=0)
            if "|" in name
            else np.mean([units[u][rows] for u in which], axis=0)
        )
        out[name] = round(auc(label[rows] == want, score), 4)
    return out


def units(net: Model, renders: Path) -> Figures:
    """Per action unit, AUC of presence (intensity from 0.25) on rendered heads never seen in training; pose error."""
    part = sources.renders(renders)
    read = net.answers(crops(part.images, net.card.input.size))
    present = part.targets["action_units"] >= 0.25 / sources.PRESENT
    each = {n: round(auc(present[:, i], read[ACTION_UNITS][n]), 4) for i, n in enumerate(ACTION_UNITS.labels)}
    off = np.abs(read[POSE].values - part.targets["pose"])
    return {
        "faces": len(part),
        "auc": each,
        "mean_auc": round(float(np.mean(list(each.values()))), 4),
        "pose_error_degrees": {n: round(float(off[:, i].mean()), 2) for i, n in enumerate(POSE.labels)},
    }


def demographics(net: Model, data: Path) -> Figures:
    """Gender accuracy and age error on held-out UTKFace, overall and by gender, age band and ethnicity."""
    part = sources.utkface(data)[1]
    read = answers(net, encoded(data / "utkface.parquet", part.names))
    age, gender = part.targets["age"][:, 0], part.targets["gender"].argmax(1)
    ethnicity = part.targets["ethnicity"].argmax(1)
    off, right = np.abs(read[AGE].values[:, 0] - age), read[GENDER].values.argmax(1) == gender
    groups = {f"gender {n}": gender == i for i, n in enumerate(GENDER.labels)}
    groups |= {f"ethnicity {n}": ethnicity == i for i, n in enumerate(ETHNICITY.labels)}
    groups |= {
        f"age {a}-{b - 1}": (age >= a) & (age < b) for a, b in ((0, 10), (10, 20), (20, 40), (40, 60), (60, 117))
    }
    rows = {"all": np.ones(len(age), bool)} | groups
    out: Figures = {
        name: {
            "faces": int(rows[name].sum()),
            "gender_accuracy": round(float(right[rows[name]].mean()), 4),
            "age_mae": round(float(off[rows[name]].mean()), 2),
        }
        for name in rows
    }
    out["ethnicity_accuracy"] = round(accuracy(ethnicity, read[ETHNICITY].values.argmax(1)), 4)
    return out


def pairs(persons: NDArray[np.str_], count: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """As many pairs of one person as of two, every person equally likely: places (n, 2), same (n,)."""
    rng = np.random.default_rng(seed)
    names, place = np.unique(persons, return_inverse=True)
    of = [np.nonzero(place == i)[0] for i in range(len(names))]
    several = [i for i, rows in enumerate(of) if len(rows) > 1]
    same = [rng.choice(of[several[int(rng.integers(len(several)))]], 2, replace=False) for _ in range(count)]
    two = [rng.choice(len(names), 2, replace=False) for _ in range(count)]
    other = [np.array([rng.choice(of[a]), rng.choice(of[b])]) for a, b in two]
    return np.array(same + other), np.arange(2 * count) < count


def verification(vectors: Floats, persons: NDArray[np.str_], seed: int = 1) -> Figures:
    """Ten-fold accuracy of same-or-not on pairs: the cosine threshold of each fold is fitted on the nine others."""
    places, same = pairs(persons, 3000, seed)
    cosine = (vectors[places[:, 0]] * vectors[places[:, 1]]).sum(1)
    fold = np.random.default_rng(seed).permutation(len(same)) % 10
    scores, cuts = [], np.linspace(-0.2, 0.9, 221)
    for k in range(10):
        fit = fold != k
        best = cuts[np.argmax([((cosine[fit] > c) == same[fit]).mean() for c in cuts])]
        scores.append(((cosine[~fit] > best) == same[~fit]).mean())
    return {"pairs": len(same), "accuracy": round(float(np.mean(scores)), 4), "auc": round(auc(same, cosine), 4)}


def identity(net: Model, data: Path) -> Figures:
    """Verification on LFW people none of whose photos were trained on."""
    part = sources.lfw(data)[1]
    read = answers(net, encoded(data / "lfw_crops.parquet", part.names))
    return verification(read[IDENTITY].values, part.groups)


def smiles(net: Model, data: Path) -> Figures:
    """AU12 of LFW people never trained on whom students called happy or neutral: opinions, but of many faces."""
    part = sources.lfw(data)[1]
    usable = [EXPRESSIONS.index(name) for name in sources.USABLE]
    part = part.pick(np.isin(part.targets["label"][:, 0], usable))
    happy = part.targets["label"][:, 0] == EXPRESSIONS.index("happiness")
    units = answers(net, encoded(data / "lfw_crops.parquet", part.names))[ACTION_UNITS]
    return {"faces": len(part), "auc": round(auc(happy, units["AU12"]), 4)}


def consenting(net: Model, data: Path, trained_on: Collection[int]) -> Figures:
    """The London set through the shipped detector: smiling against neutral, gender, age, by group.

    People of the fifths that the network was trained on do not count.
    """
    see = Perceiver(load(threads=1), (net,))
    chosen = [p for p in london.photos(data) if p.fifth not in trained_on]
    seen = [(p, see(photo.read(p.path))) for p in chosen]
    groups = [
        "all",
        *sorted({f"gender {p.gender}" for p in chosen}),
        *sorted({f"ethnicity {p.ethnicity}" for p in chosen}),
    ]
    by_group: Figures = {
        g: _group([(p, f) for p, f in seen if g in ("all", f"gender {p.gender}", f"ethnicity {p.ethnicity}")])
        for g in groups
    }
    return {"smile_auc": _group(seen)["smile_auc"], "smile_within_person": within(seen), "by_group": by_group}


def within(seen: Sequence[tuple[london.Photo, Faces]]) -> Figures:
    """The share of people found in both photos whose AU12 is higher when they smile."""
    units = {(p.path.stem, p.smiling): float(f[ACTION_UNITS]["AU12"][0]) for p, f in seen if len(f)}
    both = [name for name, smiling in units if smiling and (name, False) in units]
    higher = [units[name, True] > units[name, False] for name in both]
    return {"people": len(both), "share": round(float(np.mean(higher)), 4)}


def _group(seen: list[tuple[london.Photo, Faces]]) -> Figures:
    found = [(p, f) for p, f in seen if len(f)]
    units = np.array([f[ACTION_UNITS]["AU12"][0] for _, f in found])
    asked = [(p, f) for p, f in found if GENDER in f.readings]
    gender = [f[GENDER].top()[0] == p.gender for p, f in asked if p.gender in GENDER.labels.names]
    off = [abs(float(f[AGE].values[0, 0]) - p.age) for p, f in asked if np.isfinite(p.age)]
    return {
        "photos": len(seen),
        "found": len(found),
        "smile_auc": round(auc(np.array([p.smiling for p, _ in found]), units), 4),
        "gender_accuracy": round(float(np.mean(gender)), 4) if gender else None,
        "age_mae": round(float(np.mean(off)), 2) if off else None,
    }


def main() -> None:
    """Evaluate from the command line."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--name", required=True, help="card name, such as mien_s.default or mien_s.default.fp32")
    parse.add_argument("--data", type=Path, required=True)
    parse.add_argument("--renders", type=Path, required=True, help="rendered heads never trained on")
    parse.add_argument("--results", type=Path, default=Path("results"))
    given = parse.parse_args()
    cards = {c.name: c for c in (Card.from_json(p.read_text()) for p in WEIGHTS.glob("*.json"))}
    if given.name not in cards:
        raise InputError(f"no shipped card {given.name!r}; there are: {', '.join(sorted(cards))}")
    net, began = model(cards[given.name]), time.monotonic()
    figures: Figures = {
        "card": given.name,
        "hash": cards[given.name].hash,
        "ferplus": expressions(net, given.data),
        "renders": units(net, given.renders),
        "london": consenting(net, given.data, london.FIFTHS["london" if "clean" in given.name else "smiles"]),
        "smiles": smiles(net, given.data),
    }
    if GENDER in net.heads:
        figures["utkface"] = demographics(net, given.data)
    if IDENTITY in net.heads:
        figures["lfw"] = identity(net, given.data)
    files = [given.data / f"{n}.parquet" for n in ("ferplus", "utkface", "lfw_crops")]
    record.write(given.results / f"{given.name}.json", figures, seed=1, data=files, seconds=time.monotonic() - began)


if __name__ == "__main__":
    main()
