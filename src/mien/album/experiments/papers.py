"""docs/papers.md: one table per paper, every figure of ours taken from results/."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mien.album.experiments.figures import Figures
from mien.album.experiments.rules import FIGURES, WINNER
from mien.errors import InputError

Row = Sequence[str]
CLUSTERED = ("method", "parameter", "ARI", "B³ precision", "B³ recall", "B³ F", "clusters")
SHOWN = 0.0005  # half of the last digit of a share in percent
_HEAD = """# People, albums and events: the papers' numbers and ours

Made by `python -m mien.album.experiments papers` from `results/people_*.json`; each of those is made by
`python -m mien.album.experiments NAME --data FOLDER` and says commit, seed, data and machine. The papers' data sets are
not to be had here, so no row is a repetition: what can be compared is the order of the methods. Brackets are bootstrap
intervals of 95 %. Thresholds were fitted on other people, albums or simulations than those they are scored on.
"""


def page(results: Path) -> str:
    """The whole page."""
    parts = [
        _HEAD,
        *_surveillance(_read(results, "tracks"), _read(results, "clips"), _read(results, "rules")),
        *_albums(_read(results, "identity"), _read(results, "ages")),
    ]
    parts += [*_still(_read(results, "simulated"), _read(results, "tracks")), *_events(results)]
    parts += [*_groups(_read(results, "groups")), *_scale(_read(results, "scale")), *_kills(_read(results, "kills"))]
    return "\n".join(parts) + "\n"


def _surveillance(found: Figures, clips: Figures, made: Figures) -> Iterator[str]:
    yield "## Organising surveillance video by face verification (2017)\n"
    yield (
        "The paper: matching normalised means of normalised features is the most accurate way to compare "
        "tracks, and the fastest (YTF, IJB-A; its tables were not to be had). Ours, first: made-up tracks, where the "
        "truth is known. People are directions of 128 dimensions; a track adds a shift of its own to all its 8 frames, "
        "large for weak features and small for strong ones, and every frame its noise, a fifth of "
        "them three times as much. Intervals are over people; in points, after the figure, how far it is "
        f"above that of the {WINNER} on the same people. Times are of the processor, with every rule in whole "
        "matrices.\n"
    )
    for name, rules in _items(made):
        yield f"{name.capitalize()}:\n"
        yield from _rules(rules)
    yield (
        f"Second: tracks of 8 looks at the photos of {found['people with four photos']} LFW people whom the network "
        "never saw; each has few photos, so that looks repeat.\n"
    )
    yield from _rules(found["track against track"])
    if "tracks into people" in found:
        yield (
            f"Two such tracks of each of the {found['people with four photos']} people, clustered by normalised means. "
            "The paper's successor (2018) found average linkage the best. Parameters have the best B-cubed F on "
            "other people.\n"
        )
        yield from _table(CLUSTERED, _clustered(found["tracks into people"]))
        yield _against_average(found["tracks into people"])
    rows = [(name, str(f["tracks"]), str(f["good tracks"]), str(f["persons"])) for name, f in _items(clips["clips"])]
    yield "Real clips, every fifth frame; a good track has three good looks, persons are clusters of good tracks:\n"
    yield from _table(("clip", "tracks", "good tracks", "persons"), rows)
    same, other = (_range(clips[f"distance between {k}"]) for k in ("halves of one track", "tracks of two clips"))
    yield f"Halves of one track lie {same} apart, tracks of two clips {other}; the threshold is {clips['threshold']}.\n"


def _rules(found: object) -> Iterator[str]:
    """The table of the rules for two tracks, and which of them the winner's interval tells from the winner."""
    rows = [
        (name, *(_against(f, figure) for figure in FIGURES), f"{f['microseconds a comparison']:.2f}")
        for name, f in _items(found)
    ]
    yield from _table(("rule", "AUC", "equal error", "nearest is right", "µs a comparison"), rows)
    better, worse = (
        [name for name, f in _items(found) if any(_beyond(f, figure, sign) for figure in FIGURES)] for sign in (1, -1)
    )
    words = (", ".join(names) or "none" for names in (better, worse))
    yield "In some figure better than the {} beyond chance: {}; worse: {}.\n".format(WINNER, *words)


def _against(rule: dict, figure: str) -> str:
    """A figure and its distance from the winner's."""
    above = rule.get(f"{figure}, above the {WINNER}'s")
    return _span(rule[figure]) + (f"; {_span(above, ' points')}" if above else "")


def _beyond(rule: dict, figure: str, sign: int) -> bool:
    """Whether the whole interval is on the better side (1) or the worse (-1), by what a table can show."""
    above = rule.get(f"{figure}, above the {WINNER}'s")
    if above is None:
        return False
    good = -sign if figure == "equal error" else sign
    return min(good * above["low"], good * above["high"]) > SHOWN


def _albums(found: Figures, ages: Figures) -> Iterator[str]:
    yield "## Age, gender and identity in photo albums (2018)\n"
    counts = found["reported on"]
    yield (
        "The paper clusters VGGFace2 features of Gallagher's, GFW and LFW albums by single linkage (tables not to be "
        f"had). Ours: {_sub(counts, 'faces')} LFW crops of {_sub(counts, 'people')} people never trained on, with 128 "
        "numbers of a network for 64-pixel grey crops, and most people on one photo only, which makes *every "
        "face alone* "
        "a strong answer. Parameters have the best B-cubed F on other people.\n"
    )
    for crowd in ("all people", "people with three photos"):
        yield f"{crowd.capitalize()}:\n"
        yield from _table(CLUSTERED, _clustered(found[f"clustering, {crowd}"]))
    check, use = (dict(_items(found))[k] for k in ("verification", "pairs at the threshold for use"))
    yield (
        f"Pairs of those people: AUC {_n(check['auc'])}, equal error {_p(check['equal error'])}, true matches "
        f"{_p(check['true matches at 0.01'])} at 1 % and {_p(check['true matches at 0.001'])} at 0.1 % false matches. "
        f"Within the threshold that mien uses, {found['threshold for use']}, lie {_p(use['false match'])} of the pairs "
        f"of two people and all but {_p(use['false non-match'])} of those of one: these are single faces, and a person "
        "is the mean of many. "
        "The paper's network names 94.8 % of LFW photos by their nearest neighbour, a task of another kind.\n"
    )
    yield (
        "Birth years and genders of persons made of UTKFace photos nobody trained on (faces of one gender and "
        "within ten "
        "years of age; being of different people, their errors cancel more than one person's would). The paper: gender "
        "91.9 %, age error 6.0 years on single photos of UTKFace.\n"
    )
    rows = []
    for n, f in _items(ages):
        if n.endswith("a person"):
            names = ("median", "geometric mean", "Dempster-Shafer")
            rows.append((n, _span(f["birth year error"], ""), *(_span(f[f"gender right, {g}"]) for g in names)))
    head = (
        "person of",
        "birth year error, years",
        "gender, median",
        "gender, geometric mean",
        "gender, Dempster–Shafer",
    )
    yield from _table(head, rows)
    one = dict(_items(ages))["one photo"]
    error, right = _span(one["age error"], ""), _p(one["gender right at 0.5"])
    yield f"A single photo: age error {error} years, gender right {right}.\n"


def _against_average(found: object) -> str:
    """Whether the published winner wins here too, and by whom it is beaten."""
    scores = {name: float(f["F"]) for name, f in _items(found)}
    better = [f"{name} ({_n(score)})" for name, score in scores.items() if score > scores["average"]]
    if not better:
        return "Average linkage is the best here too.\n"
    return (
        f"Average linkage ({_n(scores['average'])}) is not the best here: by B-cubed F it is beaten by "
        f"{', '.join(better)}. Perhaps because two tracks a person leave little to average.\n"
    )


def _clustered(found: object) -> list[Row]:
    return [
        (n, f"{f['parameter']:.2f}", *(_n(f[k]) for k in ("ARI", "precision", "recall", "F")), str(f["clusters"]))
        for n, f in _items(found)
    ]


def _still(simulated: Figures, tracks: Figures) -> Iterator[str]:
    yield "## MAP estimation of distances for still-to-video recognition (2017)\n"
    yield (
        "The paper's logs (YTF videos against one LFW photo a person, right in %): weak features (VGG, L2) "
        "mean distance "
        "43.36, MAP fusion 43.33, proposed 47.30; middling (LCNN-C) 64.42, 65.43, 67.64; strong "
        "(VGGFace2-ResNet, IJB-A) "
        "97.72, 97.80, 97.97, SVM 96.79. Ours: simulated histograms, where the theory holds; other simulations fitted "
        "the weights. LFW: one photo of each person enrolled, their others a track.\n"
    )
    order = ("mean distance", "MAP fusion", "MAP of all distances", "SVM", "gain over MAP fusion")
    rows = [(name, *(_span(f[k]) for k in order)) for name, f in _items(simulated["still to video"])]
    real = dict(_items(tracks))["one photo against a track"]
    shares = (_p(real[k]) if k in real else "–" for k in order)
    rows.append((f"LFW, {tracks['people with three photos']} people", *shares))
    yield from _table(("features", *order), rows)
    yield (
        "As in the paper, strong features gain next to nothing. Unlike there, middling ones gain as much as weak ones, "
        "and an SVM on the same distances is no worse than MAP: perhaps because the made-up distances of all "
        "simulations follow one law, which it learns from the others, and real videos do not.\n"
    )


def _events(results: Path) -> Iterator[str]:
    simulated, found = _read(results, "simulated"), _read(results, "events")
    yield "## Event recognition with automatic album detection (2019)\n"
    yield (
        "The paper: 9 to 20 % more accurate than photo by photo, 13 to 16 % fewer errors than with groups from "
        "hierarchical clustering (PEC, ML-CUFED). Ours, first: simulated classifier scores of 14 classes, "
        "and made-up captions of eight words, few of which tell.\n"
    )
    gains = dict(_items({"v": _sub(simulated["events"], "share of the single photos' error that goes")}))["v"]
    rows = []
    for name, f in _items(simulated["events"]):
        if name.startswith("error, "):
            short = name.removeprefix("error, ")
            rows.append((short, _span(f), _span(gains[short]) if short in gains else "–"))
    yield from _table(("photos labelled by", "error", "share of the single photos' error that goes"), rows)
    yield (
        "Grouping helps as published. Attention, learnt in the paper, is worse here than the mean: perhaps because the "
        "made-up scores of an event are all equally good, and there is nothing to attend to.\n"
    )
    yield (
        f"Second: where the borders are. {found['galleries']} galleries of four of eight real albums (402 "
        "Flickr photos "
        "of five kinds of events), shuffled as wholes; thresholds fitted on the other four. Exact places only.\n"
    )
    rows = [
        (name, rule, _span(f["border F1"]), _span(f["ARI"]))
        for name, rules in _items(found)
        if "ARI" in str(rules) and isinstance(rules, dict)
        for rule, f in _items(rules)
    ]
    yield from _table(("description", "rule", "border F1", "ARI"), rows)
    gaps = _sub(found["upload numbers alone"], "border F1")
    yield (
        f"Upload numbers, a stand-in for time that these files do not tell, find borders with F1 {_span(gaps)}: "
        "numbers "
        "of different albums lie millions apart, so this says only that time gaps, where they exist, are the "
        "better clue.\n"
    )


def _groups(found: Figures) -> Iterator[str]:
    yield "## Group-level emotion (EmotiW 2017)\n"
    yield (
        "The paper: 75.4 % of validation photos with faces by six members, 64.8 to 69.9 % by single ones. "
        "Ours: pictures "
        "tiled from FER+ faces, without bodies or places, so the landmark and whole-picture members had only noise to "
        "learn from; fitted, weighed and scored on three sets of faces.\n"
    )
    rows = [(n.removeprefix("accuracy, "), _span(f)) for n, f in _items(found) if n.startswith("accuracy")]
    yield from _table(("method", "accuracy"), rows)


def _scale(found: Figures) -> Iterator[str]:
    yield "## Size\n"
    yield (
        "What the album itself costs beside the networks, which a stand-in replaced: painted photos of 320 × 240 with "
        "two faces each, on a machine that did other things as well: seconds are those of the clock on the wall, and "
        f"of the processor, of which one core gives one a second. Threads of numpy: {found['threads of numpy']}.\n"
    )
    runs = [(name, dict(_items(found))[name]) for name in ("first run", "with 100 more")]
    columns = {
        "photos looked at": "looked at",
        "faces": "faces",
        "s to look": "seconds to look",
        "s to cluster": "seconds to cluster",
        "faces/s": "faces a second",
        "processor s": "processor seconds",
        "MB at a tenth": "memory at a tenth, MB",
        "MB at the end": "memory at the end, MB",
    }
    yield from _table(("run", *columns), [(name, *(f"{f[c]:,.0f}" for c in columns.values())) for name, f in runs])
    crowd = dict(_items(found))["crowd"]
    yield f"{crowd['faces']:,} made-up faces of 128 numbers, ten of a person, by average linkage:\n"
    columns = {"s": "seconds", "processor s": "processor seconds", "peak MB": "peak memory, MB"}
    rows = [
        (name, *(f"{f[c]:,.0f}" for c in columns.values()), _n(f["precision"]), _n(f["recall"]))
        for name, f in _items(crowd)
        if isinstance(f, dict)
    ]
    yield from _table(("neighbours", *columns, "B³ precision", "B³ recall"), rows)


def _kills(found: Figures) -> Iterator[str]:
    yield "## Killed with SIGKILL\n"
    merge = dict(_items(found))["merge"]
    yield (
        f"{found['kills']} times at random moments of an index of {found['photos']} photos, before it had ended "
        f"{found['kills before the run had ended']} times: {found['stores damaged']} stores damaged, "
        f"{found['confirmed photos lost or changed']} confirmed photos lost or changed, and the end "
        f"{'equals' if found['ends as undisturbed'] else 'differs from'} that of an undisturbed run. Before each of "
        f"{merge['kills']} statements of a merge: the album was {merge['left as before']} times the one of before, "
        f"{merge['stores damaged']} stores damaged.\n"
    )


def _read(results: Path, name: str) -> Figures:
    path = results / f"people_{name}.json"
    if not path.is_file():
        raise InputError(f"{path} is not there; make it with: python -m mien.album.experiments {name}")
    return json.loads(path.read_text("utf-8"))["figures"]


def _items(figures: object) -> Iterable[tuple[str, dict]]:
    return figures.items() if isinstance(figures, dict) else ()


def _sub(figures: object, name: str) -> object:
    assert isinstance(figures, dict), "a table of figures"
    return figures[name]


def _table(head: Row, rows: Iterable[Row]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def _n(value: object) -> str:
    return f"{float(str(value)):.3f}"


def _p(value: object) -> str:
    return f"{100 * float(str(value)):.1f} %"


def _range(values: object) -> str:
    """The least and the most of some numbers."""
    assert isinstance(values, list), "a list of distances"
    return f"{min(values):.2f} to {max(values):.2f}"


def _span(figure: object, unit: str = " %") -> str:
    """A mean with its interval, as percent unless told otherwise."""
    assert isinstance(figure, dict), "a mean with an interval"
    scale = 100 if unit else 1
    mean, low, high = (round(scale * figure[k], 9) + 0.0 for k in ("mean", "low", "high"))  # no zero with a sign
    return f"{mean:.1f}{unit} [{low:.1f}, {high:.1f}]"
