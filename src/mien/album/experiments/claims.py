"""What each paper says, beside what is found here, on what, and why the two differ."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mien.album.experiments import still
from mien.album.experiments.figures import Figures
from mien.album.experiments.rules import FIGURES, WINNER
from mien.album.experiments.simulated import RAW, TAUGHT
from mien.album.experiments.tables import Row, at, items, number, percent, span
from mien.album.experiments.tracks import FRAMES

HEAD = ("what", "the paper", "here", "on what", "why they differ")
SHOWN = 0.0005  # half of the last digit of a share in percent
_PACE = "microseconds a comparison"
_ABOVE = f"nearest is right, above the {WINNER}'s"


def surveillance(tracks: Figures, made: Figures) -> Iterator[Row]:
    """Organising surveillance video by face verification (2017)."""
    lfw, people = at(tracks, "track against track"), f"tracks of {tracks['people with four photos']} LFW people"
    every = [rules for _, rules in items(made)] + [lfw]
    better = sorted({name for rules in every for name in told_apart(rules, 1)})
    worse = {name for rules in every for name in told_apart(rules, -1)}
    equal = [name for name in lfw if name not in {WINNER, *better, *worse}]
    quicker = [min(r[k][_PACE] for k in ("mean pair", "nearest pair", "median pair")) / r[WINNER][_PACE] for r in every]
    yield (
        f"{WINNER}, of all rules for two tracks",
        "the most accurate on YTF and IJB-A (tables not to be had)",
        f"better beyond chance: {', '.join(better) or 'none'}",
        f"made-up tracks of three strengths; {people}",
        "other frames" if better else f"they agree; never told apart from it: {', '.join(equal) or 'none'}",
    )
    yield (
        "its time",
        "the fastest",
        f"{min(quicker):.1f} to {max(quicker):.1f} times as fast as the quickest rule over pairs of frames",
        "the same",
        f"tracks of {FRAMES} frames, in matrices that make {FRAMES**2} pairs cheap, and few tracks of LFW",
    )
    nearest, mean = at(lfw, "nearest pair"), at(lfw, WINNER)
    yield (
        "errors by the nearest frames, and by the mean",
        "4.24 %, 4.73 % (IJB-A, logs)",
        f"{_wrong(nearest)}, {_wrong(mean)}; {span(nearest[_ABOVE], ' points')} more right",
        people,
        "another network, and too few people to tell half a point",
    )
    scores = {name: float(f["F"]) for name, f in items(tracks["tracks into people"])}
    won = [f"{name} {number(score)}" for name, score in scores.items() if score > scores["average"]]
    yield (
        "average linkage of mean descriptors (2018)",
        "the best on YTF",
        f"B³ F {number(scores['average'])}; better: {', '.join(won) or 'none'}",
        f"two {people} each",
        "perhaps because two tracks a person leave little to average" if won else "they agree",
    )


def told_apart(rules: object, sign: int) -> list[str]:
    """Rules that some figure shows better (1) or worse (-1) than the winner beyond chance, by what a table can show."""
    return [name for name, rule in items(rules) if any(_beyond(rule, figure, sign) for figure in FIGURES)]


def albums(found: Figures, ages: Figures) -> Iterator[Row]:
    """Age, gender and identity in photo albums (2018)."""
    one, utk = at(ages, "one photo"), f"{ages['faces']} photos of UTKFace nobody trained on"
    taught = "taught on other photos of the same set, the paper's network on none of it"
    yield "gender of a photo", "91.9 % (UTKFace)", percent(one["gender right at 0.5"]), utk, taught
    yield "age error of a photo", "6.0 years (UTKFace)", f"{span(one['age error'], '')} years", utk, taught
    near = at(found, "nearest photo")
    yield (
        "a photo named by its nearest, half of the photos known",
        "94.8 % (LFW, 1,680 people)",
        span(near["right"]),
        f"{near['photos']} LFW photos of {near['people']} people never trained on",
        "a much smaller network, for grey faces of 80 pixels, taught on fewer people",
    )
    groups = at(found, "clustering, people with three photos")
    scores = {name: float(f["F"]) for name, f in items(groups)}
    best = max(scores, key=lambda name: scores[name])
    published = "single, with ages (the paper's)"
    yield (
        "single linkage with the term for ages",
        "used for Gallagher's, GFW and LFW albums (tables not to be had)",
        f"B³ F {number(scores[published])}; best: {best} {number(scores[best])}",
        "LFW people with three photos or more",
        "perhaps because weaker vectors make chains, which single linkage follows",
    )
    many = at(ages, "5 photos a person")
    right = {name: many[f"gender right, {name}"] for name in ("median", "geometric mean", "Dempster-Shafer")}
    best = max(right, key=lambda name: float(right[name]["mean"]))
    yield (
        "rule for a person's gender",
        "the geometric mean is the best (a companion's abstract)",
        ", ".join(f"{name} {span(share)}" for name, share in right.items()),
        "persons of five UTKFace photos",
        "they agree" if best == "geometric mean" else "the rules are close",
    )


def still_to_video(found: Figures, tracks: Figures) -> Iterator[Row]:
    """MAP estimation of distances for still-to-video recognition (2017)."""
    levels = dict(items(found["levels"]))
    gains = {name: level[still.GAIN] for name, level in levels.items()}
    names, steps = list(levels), at(found, "order", "steps")
    for name, features in zip(names[1:], still.grouped(), strict=True):
        fused, gain = (np.mean([f(still.PAPER[n]) for n in features]) for f in (_fused, _gain))
        yield (
            f"gain over MAP fusion where it is right in {name}",
            f"{gain:.2f} points on {fused:.2f} % ({'; '.join(f'{n} {_gain(still.PAPER[n]):+.2f}' for n in features)})",
            f"{span(gains[name], ' points')} on {span(levels[name]['MAP fusion'])}",
            f"{found['people']} made-up people, {found['repetitions']} times",
            "the theory holds exactly here; frames of a real video are alike",
        )
    falls = [name for name, step in steps.items() if step["low"] > 0]
    trend = at(found, "order", "trend, from the paper's highest gain on")
    below = f"{span(gains[names[0]], ' points')} at {names[0]}"
    yield (
        "weak features gain most",
        f"most at {names[1 + still.peak()]}, less above and below",
        f"steps that fall beyond chance: {'; '.join(falls)}; Page's trend over {', '.join(trend['levels'])}: "
        f"p {_chance(trend['p'])}",
        "the same",
        f"they agree from {trend['levels'][0]} up; here it turns below {names[1]}: {below}",
    )
    real = at(tracks, "one photo against a track")
    yield (
        "MAP fusion, MAP of all distances, SVM",
        "97.80, 97.97, 96.79 % (IJB-A, VGG2-ResNet)",
        ", ".join(percent(real[k]) for k in ("MAP fusion", "MAP of all distances", "SVM")),
        f"{tracks['people with three photos']} LFW people, one photo enrolled, the others a track",
        "vectors taught to lie apart by cosine, no histograms; few people",
    )


def events(simulated: Figures, found: Figures) -> Iterator[Row]:
    """Event recognition with automatic album detection (2019)."""
    made, drawn = at(simulated, "events"), "simulated scores of 14 classes"
    chosen = "how noisy scores are was chosen here: orders can be compared, sizes cannot"
    more, fewer = made["more photos right by sequential groups"], "share of the agglomerative groups' error that goes"
    published = "9 to 20 % more accurate (PEC, ML-CUFED)"
    yield "groups against photo by photo", published, f"{span(more)} more photos right", drawn, chosen
    yield (
        "groups by order against hierarchical clustering",
        "13 to 16 % fewer errors",
        f"{span(made[fewer])} fewer",
        drawn,
        f"clusters mix albums of one kind; {chosen}",
    )
    few, many = (f"attention of {count} albums" for count in TAUGHT)
    wrong = ", ".join(f"{way} {span(made[f'error, true albums, {way}'])}" for way in ("mean", RAW, few, many))
    won = made["more photos right by attention than by the mean of raw scores"]
    yield (
        "learnt attention in an album",
        "what it classifies groups by (tables not to be had)",
        f"wrong: {wrong}; with {many} {span(won)} more photos right than with the mean of the same scores",
        drawn,
        "attention weighs raw scores; taking their probabilities first does as much and learns nothing",
    )
    errors = [(name, made[f"error, {name}"]) for name in ("single photos", "single captions", _BOTH)]
    yield (
        "captions, and both",
        "captions worse than features of the picture, the ensemble best",
        "; ".join(f"{name}: {span(error)} wrong" for name, error in errors),
        f"{drawn}, and made-up captions",
        "they agree, in an order that how telling captions are was chosen for",
    )
    real = {f"{rule}, {name}": f["border F1"] for name, rules in described(found) for rule, f in items(rules)}
    best = max((k for k in real if k.startswith("sequential")), key=lambda k: float(real[k]["mean"]))
    worst = max((k for k in real if k.startswith("agglom")), key=lambda k: float(real[k]["mean"]))
    yield (
        "borders between real albums, F1",
        "not told",
        f"{best}: {span(real[best])}; {worst}: {span(real[worst])}",
        f"8 Flickr albums of ML-CUFED, {found['galleries']} galleries of four",
        "no classifier of events is at hand offline; pictures are described without one",
    )


def groups(found: Figures) -> Iterator[Row]:
    """Group-level emotion (EmotiW 2017)."""
    tiled = "pictures tiled from FER+ faces, without bodies or places"
    yield (
        "the ensemble of forests",
        "75.4 % (2,020 validation photos with faces; weights fitted on them)",
        f"{span(found['accuracy, forests'])}, weights fitted on other pictures",
        tiled,
        "easier pictures; the members for landmarks and for the whole had only noise to learn from",
    )
    yield (
        "single members",
        "64.8 to 69.9 %",
        f"mean over faces: {span(found['accuracy, mean over faces (mien)'])}",
        "the same",
        "the mean uses a network that was taught expressions, the paper's members one taught identities",
    )


_BOTH = "single photos with captions"


def described(found: Figures) -> list[tuple[str, dict]]:
    """What pictures were described by, and the rules tried on it."""
    return [(name, f) for name, f in items(found) if isinstance(f, dict) and "ARI" in str(f)]


def _wrong(rule: dict) -> str:
    return percent(1 - rule["nearest is right"]["mean"])


def _beyond(rule: dict, figure: str, sign: int) -> bool:
    """Whether the whole interval of the distance from the winner is on the better side (1) or the worse (-1)."""
    above = rule.get(f"{figure}, above the {WINNER}'s")
    if above is None:
        return False
    good = -sign if figure == "equal error" else sign
    return min(good * above["low"], good * above["high"]) > SHOWN


def _fused(row: tuple[float, float]) -> float:
    return row[0]


def _gain(row: tuple[float, float]) -> float:
    return row[1] - row[0]


def _chance(p: float) -> str:
    return f"{p:.2g}" if p >= 1e-4 else "below 0.0001"
