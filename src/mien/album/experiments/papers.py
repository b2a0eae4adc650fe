"""docs/papers.md: a table per paper of what it says and what is found here, then our figures; all from results/."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from mien.album.experiments import claims, still
from mien.album.experiments.figures import Figures
from mien.album.experiments.rules import FIGURES, WINNER
from mien.album.experiments.tables import Row, at, items, number, percent, reach, span, table
from mien.errors import InputError

MEASURED = ("tracks", "clips", "rules", "identity", "ages", "still", "simulated", "events", "groups", "scale", "kills")
CLUSTERED = ("method", "parameter", "ARI", "B³ precision", "B³ recall", "B³ F", "clusters")
_HEAD = """# People, albums and events: the papers' numbers and ours

Made by `python -m mien.album.experiments papers` from `results/people_*.json`; each of those is made by
`python -m mien.album.experiments NAME --data FOLDER` and says commit, seed, data and machine. The papers' data sets are
not to be had here, so no row is a repetition: what can be compared is the order of the methods. Brackets are bootstrap
intervals of 95 %. Thresholds were fitted on other people, albums or simulations than those they are scored on.
"""


def page(results: Path) -> str:
    """The whole page."""
    found = {name: _read(results, name) for name in MEASURED}
    parts = [
        _HEAD,
        *_surveillance(found["tracks"], found["clips"], found["rules"]),
        *_albums(found["identity"], found["ages"]),
        *_still(found["still"], found["tracks"]),
        *_events(found["simulated"], found["events"]),
        *_groups(found["groups"]),
        *_scale(found["scale"]),
        *_kills(found["kills"]),
    ]
    return "\n".join(parts) + "\n"


def _surveillance(found: Figures, clips: Figures, made: Figures) -> Iterator[str]:
    yield "## Organising surveillance video by face verification (2017)\n"
    yield from table(claims.HEAD, claims.surveillance(found, made))
    yield (
        "Made-up tracks: people are directions of 128 dimensions; a track adds a shift of its own to all its 8 frames, "
        "large for weak features and small for strong ones, and every frame its noise, a fifth of them three times as "
        "much. Intervals are over people; in points, after the figure, how far it is above that of the "
        f"{WINNER} on the same people. Times are of the processor, with every rule in whole matrices.\n"
    )
    for name, rules in items(made):
        yield f"{name.capitalize()}:\n"
        yield from _rules(rules)
    count = found["people with four photos"]
    yield (
        f"LFW: tracks of 8 looks at the photos of {count} people whom the network never saw; each has few photos, so "
        "that looks repeat.\n"
    )
    yield from _rules(found["track against track"])
    yield (
        f"Two such tracks of each of the {count} people, clustered by normalised means. Parameters have the best "
        "B-cubed F on other people.\n"
    )
    yield from table(CLUSTERED, _clustered(found["tracks into people"]))
    rows = [(name, str(f["tracks"]), str(f["good tracks"]), str(f["persons"])) for name, f in items(clips["clips"])]
    yield "Real clips, every fifth frame; a good track has three good looks, persons are clusters of good tracks:\n"
    yield from table(("clip", "tracks", "good tracks", "persons"), rows)
    same, other = (reach(clips[f"distance between {k}"]) for k in ("halves of one track", "tracks of two clips"))
    yield f"Halves of one track lie {same} apart, tracks of two clips {other}; the threshold is {clips['threshold']}.\n"


def _rules(found: object) -> Iterator[str]:
    """The table of the rules for two tracks, and which of them the winner's interval tells from the winner."""
    rows = [
        (name, *(_against(f, figure) for figure in FIGURES), f"{f['microseconds a comparison']:.2f}")
        for name, f in items(found)
    ]
    yield from table(("rule", "AUC", "equal error", "nearest is right", "µs a comparison"), rows)
    words = (", ".join(claims.told_apart(found, sign)) or "none" for sign in (1, -1))
    yield "In some figure better than the {} beyond chance: {}; worse: {}.\n".format(WINNER, *words)


def _against(rule: dict, figure: str) -> str:
    """A figure and its distance from the winner's."""
    above = rule.get(f"{figure}, above the {WINNER}'s")
    return span(rule[figure]) + (f"; {span(above, ' points')}" if above else "")


def _albums(found: Figures, ages: Figures) -> Iterator[str]:
    yield "## Age, gender and identity in photo albums (2018)\n"
    yield from table(claims.HEAD, claims.albums(found, ages))
    counts = at(found, "reported on")
    yield (
        f"Clustering {counts['faces']} LFW crops of {counts['people']} people never trained on; most are on one photo "
        "only, which makes *every face alone* a strong answer. Parameters have the best B-cubed F on other people.\n"
    )
    for crowd in ("all people", "people with three photos"):
        yield f"{crowd.capitalize()}:\n"
        yield from table(CLUSTERED, _clustered(found[f"clustering, {crowd}"]))
    check, use = at(found, "verification"), at(found, "pairs at the threshold for use")
    yield (
        f"Pairs of those people: AUC {number(check['auc'])}, equal error {percent(check['equal error'])}, true matches "
        f"{percent(check['true matches at 0.01'])} at 1 % and {percent(check['true matches at 0.001'])} at 0.1 % false "
        f"matches. Within the threshold that mien uses, {float(str(found['threshold for use'])):.2f}, lie "
        f"{percent(use['false match'])} of the pairs of two people and all but {percent(use['false non-match'])} of "
        "those of one: these are single faces, and a person is the mean of many.\n"
    )
    yield (
        "Birth years and genders of persons made of UTKFace photos nobody trained on (faces of one gender and within "
        "ten years of age; being of different people, their errors cancel more than one person's would):\n"
    )
    names = ("median", "geometric mean", "Dempster-Shafer")
    head = ("person of", "birth year error, years", *(f"gender, {name}" for name in names))
    yield from table(
        head,
        (
            (n, span(f["birth year error"], ""), *(span(f[f"gender right, {name}"]) for name in names))
            for n, f in items(ages)
            if n.endswith("a person")
        ),
    )


def _clustered(found: object) -> list[Row]:
    return [
        (n, f"{f['parameter']:.2f}", *(number(f[k]) for k in ("ARI", "precision", "recall", "F")), str(f["clusters"]))
        for n, f in items(found)
    ]


def _still(found: Figures, tracks: Figures) -> Iterator[str]:
    yield "## MAP estimation of distances for still-to-video recognition (2017)\n"
    yield from table(claims.HEAD, claims.still_to_video(found, tracks))
    yield (
        "Made-up people are histograms, where the theory holds; how strong a level is, by the number of draws a "
        "histogram is made of, was set by what MAP fusion names rightly, before any gain was looked at: at the paper's "
        "mean of each level, and once below all of them. Weights were fitted on other people.\n"
    )
    columns = (*still.RULES, still.GAIN)
    rows = [(name, str(f["draws"]), *(span(f[c]) for c in columns)) for name, f in items(found["levels"])]
    yield from table(("level", "draws", *columns), rows)
    steps = at(found, "order", "steps")
    yield from table(
        ("gain of one level, above that of the next, over the same people", "points"),
        ((name, span(step, " points")) for name, step in items(steps)),
    )
    yield (
        "A linear SVM is no worse here than MAP, unlike in the paper: the likelihood of a histogram is linear in its "
        "bins, which is what a linear machine can learn.\n"
    )


def _events(simulated: Figures, found: Figures) -> Iterator[str]:
    yield "## Event recognition with automatic album detection (2019)\n"
    yield from table(claims.HEAD, claims.events(simulated, found))
    yield "Simulated classifier scores of 14 classes, and made-up captions of eight words, few of which tell:\n"
    made = at(simulated, "events")
    gains = at(made, "share of the single photos' error that goes")
    errors = {name.removeprefix("error, "): f for name, f in items(made) if name.startswith("error, ")}
    yield from table(
        ("photos labelled by", "error", "share of the single photos' error that goes"),
        ((name, span(f), span(gains[name]) if name in gains else "–") for name, f in errors.items()),
    )
    yield (
        f"Where the borders are: {found['galleries']} galleries of four of eight real albums (402 Flickr photos of "
        "five kinds of events), shuffled as wholes; thresholds fitted on the other four. Exact places only.\n"
    )
    yield from table(
        ("description", "rule", "border F1", "ARI"),
        (
            (name, rule, span(f["border F1"]), span(f["ARI"]))
            for name, rules in claims.described(found)
            for rule, f in items(rules)
        ),
    )
    yield (
        f"Upload numbers, a stand-in for time that these files do not tell, find borders with F1 "
        f"{span(at(found, 'upload numbers alone', 'border F1'))}: numbers of different albums lie millions apart, so "
        "this says only that time gaps, where they exist, are the better clue.\n"
    )


def _groups(found: Figures) -> Iterator[str]:
    yield "## Group-level emotion (EmotiW 2017)\n"
    yield from table(claims.HEAD, claims.groups(found))


def _scale(found: Figures) -> Iterator[str]:
    yield "## Size\n"
    yield (
        "What the album itself costs beside the networks, which a stand-in replaced: painted photos of 320 × 240 with "
        "two faces each. Each run is a process of its own, on a machine that did other things as well: seconds are "
        "those of the clock on the wall, most of them spent waiting for the processor or the disk, and of the "
        f"processor, of which one core gives one a second. Cores used: {found['cores used']}; threads of numpy: "
        f"{found['threads of numpy']}. Memory is the peak so far: it stays while photos are looked at, and clustering "
        "holds every face's vector.\n"
    )
    columns = {
        "photos looked at": "looked at",
        "faces": "faces",
        "s to look": "seconds to look",
        "s to cluster": "seconds to cluster",
        "faces/s": "faces a second",
        "processor s": "processor seconds",
        "MB before": "memory before, MB",
        "at a tenth": "memory at a tenth, MB",
        "all looked at": "memory when all are looked at, MB",
        "clustered": "memory when clustered, MB",
    }
    runs = [(name, at(found, name)) for name in ("first run", "with 100 more")]
    yield from table(("run", *columns), [(name, *(f"{f[c]:,.0f}" for c in columns.values())) for name, f in runs])
    crowd = at(found, "crowd")
    yield f"{crowd['faces']:,} made-up faces of 128 numbers, ten of a person, by average linkage:\n"
    columns = {"s": "seconds", "processor s": "processor seconds", "peak MB": "peak memory, MB"}
    rows = [
        (name, *(f"{f[c]:,.0f}" for c in columns.values()), number(f["precision"]), number(f["recall"]))
        for name, f in items(crowd)
        if isinstance(f, dict)
    ]
    yield from table(("neighbours", *columns, "B³ precision", "B³ recall"), rows)


def _kills(found: Figures) -> Iterator[str]:
    yield "## Killed with SIGKILL\n"
    merge = at(found, "merge")
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
