"""docs/recipes.md out of the result files: every row of every recipe beside the paper's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict

from mien import recipes
from mien.errors import InputError

HEAD = """# Recipes

Made by `mien recipes --table results` from the files of that folder; do not edit.

A twin proves that the code is right, and what a step does under the twin's assumptions; it does not prove that a
challenge was won. *Honest*: heads are selected and steps fitted on held-out training videos. *Optimistic*: steps are
fitted on the scored videos themselves, as the papers did. Intervals are 95 % over resampled videos, the mean of the
seeds'. Each table names its twin's size; on the smallest a head of few epochs sees some dozens of batches and may stay
below what it reaches on larger ones. What helps in the paper and not here, or the other way, is said below each table.
`real_…` is a recipe on real faces (`python -m mien.recipes.real`), on features of a shipped network that has itself
learned from the training part: it compares heads, not networks. With all three changes `affectnet8` collapses there:
weights grow with rarity, and so does the weighted share that label smoothing gives to the rarest class.
"""


class Scored(TypedDict):
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
    missing = [n for n in recipes.names() if not (results / f"{n}.json").is_file()]
    if missing:
        parts.append(f"## Not run yet\n\n{', '.join(f'`{n}`' for n in missing)}\n")
    return "\n".join(parts)


def section(name: str, path: Path) -> str:
    """One recipe's table and what it says about the steps."""
    try:
        record = json.loads(path.read_text())
        figures, rows = record["figures"], record["figures"]["rows"]
        lines = [_line(row) for row in rows]
        told = [
            f"## `{name}`",
            "",
            f"{figures['title']}. Claim: {_figure(figures['claim'])} ({figures['source']}).",
            f"Data: {record['data']['note']}; {len(record['seeds'])} seed(s); commit {record['commit']}.",
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no result of a recipe ({error!r}); write it with `mien score --result`") from None
    head = ["", "| row | honest | 95 % | optimistic | paper |", "|---|---|---|---|---|"]
    return "\n".join([*told, *head, *lines, "", *_odd(rows), ""])


def _figure(number: float | None) -> str:
    return "not known" if number is None else f"{number:.4f}"


def _line(row: Scored) -> str:
    paper = "" if row["paper"] is None else f"{row['paper']:.4f}"
    frames = "" if row["frames"] is None else f" ({row['frames']:.1%} of the frames)"
    spread = f" ± {_deviation(row['seeds']):.4f}" if len(row["seeds"]) > 1 else ""
    span = f"{row['low']:.4f}–{row['high']:.4f}"
    return f"| {row['name']}{frames} | {row['honest']:.4f}{spread} | {span} | {row['optimistic']:.4f} | {paper} |"


def _deviation(values: list[float]) -> float:
    mean = sum(values) / len(values)
    return (sum((v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5


def _odd(rows: list[Scored]) -> list[str]:
    """Where a row moves the other way than the paper's, against the first row that has a figure."""
    first = next((r for r in rows if r["paper"] is not None), None)
    if first is None or first["paper"] is None:
        return []
    others = [row for row in rows if row["paper"] is not None and row is not first]
    out = []
    for row in others:
        theirs, ours = (row["paper"] or 0.0) - first["paper"], row["honest"] - first["honest"]
        if theirs * ours < 0:
            out.append(f"- {row['name']}: {theirs:+.4f} in the paper, {ours:+.4f} here, against “{first['name']}”.")
    return out or ["Every row moves the way it does in the paper, against the first one."] * bool(others)
