"""docs/recipes.md out of the result files: every row of every recipe beside the paper's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from mien import recipes
from mien.errors import InputError
from mien.recipes import shown

HEAD = """# Recipes

Made by `mien recipes --table results` from the files of that folder; do not edit.

A twin proves that the code is right, and what a step does under the twin's assumptions; it does not prove that a
challenge was won. *Honest*: heads are selected and steps fitted on held-out training videos. *Crossed*: steps are
fitted on four fifths of the scored videos and used on the fifth, in turn, both persons of a film and all films of a
person together: more videos than the tuning ones, and no video's own truth among them. *Optimistic*: steps are fitted
on the very videos they are scored on, as the papers did. Intervals are 95 % over resampled videos, the mean of the
seeds'. *Gain*: of the honest figure over that of the row it builds on, which is the fullest row above whose steps it
keeps, else the first; *chance*: how likely a gain or loss as large is if the two rows were alike, by a paired test in
which each video's answers swap rows by the toss of a coin, all seeds together. All three are empty where nothing was
held apart or a file is older than they are. Each table names its twin's size; on the smallest a head of few epochs sees
some dozens of batches and may stay below what it reaches on larger ones. Below each table stands every step that helps
in the paper and not here, or the other way: a row's honest figure against the first row, the row above, and the nearest
ones it adds steps to. `real_…` is a recipe on real faces (`python -m mien.recipes.real`), on features of a shipped
network that has itself learned from the training part: it compares heads, not networks; in `real_abaw4_lsd`
(`python -m mien.train.synthetic`) the whole network learns, or its last layer. With all three changes `affectnet8`
collapses there: weights grow with rarity, and so does the weighted share that label smoothing gives to the rarest
class.

Everywhere else than in the papers: the epoch of a head is chosen by the task's own metric, where they took accuracy for
expressions and loss for action units; thresholds of units lie on a grid of 0.05, where theirs before ABAW-11 was 0.1;
blends are fitted, also where theirs were set by hand.
"""

Builds = Mapping[str, frozenset[str]]  # by row, its steps


class Tested(TypedDict, total=False):
    """What only newer result files hold."""

    gain: float
    chance: float
    crossed: float | None


class Scored(Tested):
    """A row of a result file."""

    name: str
    honest: float
    low: float
    high: float
    optimistic: float
    paper: float | None
    seeds: list[float]
    frames: float | None


def markdown(results: Path) -> str:
    """The whole page."""
    named = [n for recipe in recipes.names() for n in (recipe, f"real_{recipe}")]
    parts = [HEAD, *(section(n, results / f"{n}.json") for n in named if (results / f"{n}.json").is_file())]
    parts += shown.markdown(results)
    missing = [n for n in recipes.names() if not (results / f"{n}.json").is_file()]
    if missing:
        parts.append(f"## Not run yet\n\n{', '.join(f'`{n}`' for n in missing)}\n")
    return "\n".join(parts)


def section(name: str, path: Path) -> str:
    """One recipe's table and what it says about the steps."""
    try:
        record = json.loads(path.read_text())
        figures, rows = record["figures"], record["figures"]["rows"]
        lines = [_line(row, first=row is rows[0]) for row in rows]
        told = [
            f"## `{name}`",
            "",
            f"{figures['title']}. Claim: {_figure(figures['claim'])} ({figures['source']}).",
            f"Data: {record['data']['note']}; {len(record['seeds'])} seed(s); commit {record['commit']}.",
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no result of a recipe ({error!r}); write it with `mien score --result`") from None
    names = "row | honest | 95 % | gain | chance | crossed | optimistic | paper"
    head = ["", f"| {names} |", f"|{'---|' * (names.count('|') + 1)}"]
    return "\n".join([*told, *head, *lines, "", *_odd(rows, _builds(name.removeprefix("real_"))), ""])


def _builds(name: str) -> Builds:
    """The steps of each row of a recipe."""
    return {row.name: frozenset(row.stages) for row in recipes.named(name).rows}


def _figure(number: float | None) -> str:
    return "not known" if number is None else f"{number:.4f}"


def _line(row: Scored, *, first: bool) -> str:
    paper = "" if row["paper"] is None else f"{row['paper']:.4f}"
    frames = "" if row["frames"] is None else f" ({row['frames']:.1%} of the frames)"
    spread = f" ± {_deviation(row['seeds']):.4f}" if len(row["seeds"]) > 1 else ""
    span = f"{row['low']:.4f}–{row['high']:.4f}"
    crossed = "" if (known := row.get("crossed")) is None else f"{known:.4f}"
    honest = f"{row['honest']:.4f}{spread}"
    gain, chance = row.get("gain"), row.get("chance")
    paid = " | " if first or gain is None or chance is None else f"{gain:+.4f} | {chance:.3f}"
    return f"| {row['name']}{frames} | {honest} | {span} | {paid} | {crossed} | {row['optimistic']:.4f} | {paper} |"


def _deviation(values: list[float]) -> float:
    mean = sum(values) / len(values)
    return (sum((v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5


def _odd(rows: list[Scored], builds: Builds) -> list[str]:
    """Every step that helps in the paper and not here, or here and not in the paper.

    A row is held against the first one, the one above it, and each that it adds steps to with no other row between.
    """
    told = [r for r in rows if r["paper"] is not None]
    pairs = [(told[a], told[b]) for b in range(1, len(told)) for a in _before(told, b, builds)]
    out = [line for before, row in pairs if (line := _reversed(before, row))]
    return out or ["Every step moves the way it does in the paper."] * bool(pairs)


def _before(told: list[Scored], b: int, builds: Builds) -> list[int]:
    """The places of the rows that a row is held against."""
    mine = [builds.get(r["name"], frozenset()) for r in told]
    under = [i for i in range(len(told)) if mine[i] < mine[b]]
    nearest = [i for i in under if not any(mine[i] < mine[j] for j in under)]
    return sorted({0, b - 1, *nearest} - {b})


def _reversed(before: Scored, row: Scored) -> str:
    """The line that tells of a reversal; empty where paper and result agree, to the four digits that are shown."""
    theirs = round((row["paper"] or 0.0) - (before["paper"] or 0.0), 4)
    ours = round(row["honest"] - before["honest"], 4)
    if (theirs > 0) == (ours > 0):
        return ""
    each = [b - a for a, b in zip(before["seeds"], row["seeds"], strict=True)]
    agree = sum((gain > 0) == (theirs > 0) for gain in each)
    return (
        f"- {row['name']}: {theirs:+.4f} in the paper, {ours:+.4f} here, against “{before['name']}”; "
        f"the paper's way in {agree} of {len(each)} seed(s)."
    )
