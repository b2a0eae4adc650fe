"""What real data can show, as part of docs/recipes.md: the clips' and the domain shift's result files as tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from mien.errors import InputError

Row = Mapping[str, float]
Page = Mapping[str, object]

CLIPS = """## Real clips

`python -m mien.recipes.clips`: the shipped network on {clips} clips, {people} persons. Nobody labelled them: each
figure says how near a cheaper or calmer reading stays to the network's own reading of every frame, not how right either
is. *Same expression*: share of frames with the same top class. *Valence, arousal*: mean distance on their scale of -1
to 1. *Probability moved*: half the sum of the differences of the eight probabilities. *Shown*: share of the frames with
the face that `watch` would show, which draws no gap of more than half a second; all are compared. Persons count the
same.
"""
SHIFT = """## From FER+ to LFW

`python -m mien.recipes.shift`: {people} LFW people none of whose photos the network saw. Usable labels: {usable}; too
few to score: {thin}. Mean F1 of the two, all eight being allowed as answers; 95 % over people; *gain* over the row
begun from, by a paired test over people. *Head on LFW*: a logistic regression on the network's features, learned from
other people.
"""


def markdown(results: Path) -> list[str]:
    """A section for each of the two files that is there."""
    files = {"real_clips": clips, "real_shift": shift}
    return [_section(results / f"{n}.json", made) for n, made in files.items() if (results / f"{n}.json").is_file()]


def _section(path: Path, made: Callable[[Page], Iterator[str]]) -> str:
    try:
        record = json.loads(path.read_text())
        return "\n".join(
            [*made(record["figures"]), f"Network {record['figures']['network']}, commit {record['commit']}.", ""]
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no such result ({error!r}); write it with python -m mien.recipes.<name>") from None


def clips(figures: Page) -> Iterator[str]:
    """Frames spent, gaps filled, jitter smoothed."""
    each = _rows(figures["clips"])
    with_people = [row for row in each.values() if row["people"]]
    yield CLIPS.format(clips=len(with_people), people=sum(int(row["people"]) for row in with_people))
    rates = {name: _rows(row) for name, row in _rows(figures["rate"]).items()}
    for whose in next(iter(rates.values()), {}):
        yield f"Fewer frames, against every frame ({whose}):\n"
        yield from grid({name: row[whose] for name, row in rates.items()}, "frames")
    yield "Frames taken away and filled again, against what was measured there:\n"
    yield from grid(_rows(figures["fill"]), "taken away: filled with")
    yield "Smoothing, against the answers as measured:\n"
    yield from grid(_rows(figures["smoothing"]), "smoothing")


def shift(figures: Page) -> Iterator[str]:
    """The rows on LFW, and without the shift on FER+."""
    counts, rows = _rows({"all": figures["labels of the scored LFW faces"]})["all"], figures["rows"]
    if not isinstance(rows, list):
        raise TypeError("wanted a list of rows")
    told = {n: f"{n} {int(counts[n])}" for n in counts}
    usable = list(rows[0]["f1"])
    yield SHIFT.format(
        people=figures["people"],
        usable=", ".join(told[n] for n in usable),
        thin=", ".join(t for n, t in told.items() if n not in usable),
    )
    yield f"| row | mean F1 | 95 % | {' | '.join(usable)} | gain | chance |"
    yield "|---|---|---|" + "---|" * len(usable) + "---|---|"
    for row in rows:
        each = " | ".join(f"{row['f1'][n]:.4f}" for n in usable)
        paid = f"{row['gain']:+.4f} | {row['chance']:.3f}" if "gain" in row else " | "
        yield f"| {row['name']} | {row['mean_f1']:.4f} | {row['low']:.4f}–{row['high']:.4f} | {each} | {paid} |"
    home = _rows({"all": figures["without the shift, macro-F1 of eight"]})["all"]
    scored = ", ".join(f"{name} {value:.4f}" for name, value in home.items() if name != "faces")
    yield f"\nWithout the shift, macro-F1 of eight on {int(home['faces'])} FER+ faces, fitted on others: {scored}.\n"


def grid(rows: Mapping[str, Row], head: str) -> Iterator[str]:
    """A table with a line per row and a column per figure; empty where a row has none."""
    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
    yield f"| {head} | {' | '.join(columns)} |"
    yield "|---|" + "---|" * len(columns)
    for name, row in rows.items():
        yield f"| {name} | {' | '.join(f'{row[c]:.4f}' if c in row else '' for c in columns)} |"
    yield ""


def _rows(raw: object) -> Mapping[str, Row]:
    """Names with their figures."""
    if not isinstance(raw, Mapping) or not all(isinstance(row, Mapping) for row in raw.values()):
        raise TypeError("wanted names with figures")
    return raw
