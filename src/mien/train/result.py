"""A recipe's answers and scores on disk: answers as arrays, the result as one file that can be rerun."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from mien.errors import InputError
from mien.io.whole import folder, whole
from mien.record import Figure, commit, machine
from mien.train.course import Answers, Scored, compared
from mien.train.recipe import Recipe
from mien.types import Floats


def keep(answers: Answers, path: Path) -> None:
    """Answers of both splits as one file, whole or not at all."""
    sheets = {"tune": answers.tune, "score": answers.score}
    arrays = {f"{split}/{q}/{n}": v for split, sheet in sheets.items() for (q, n), v in sheet.items()}
    folder(path.parent)
    with whole(path) as part, part.open("wb") as file:
        tools = np.array(answers.tools, np.str_)
        np.savez(file, tools=tools, **arrays)  # type: ignore[arg-type]  # older NumPy keeps allow_pickle as an array


def kept(path: Path) -> Answers:
    """The answers that training wrote."""
    if not path.is_file():
        raise InputError(f"no answers at {path}; make them with `mien train`")
    sheets: dict[str, dict[tuple[str, str], Floats]] = {"tune": {}, "score": {}}
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            tools = tuple(str(t) for t in file["tools"]) if "tools" in file.files else ()
            for name in file.files:
                if name == "tools":
                    continue
                split, question, network = name.split("/", 2)
                sheets[split][question, network] = file[name]
    except (OSError, ValueError, TypeError, EOFError, BadZipFile) as error:
        raise InputError(f"{path} holds no answers ({error!r}); delete it and train again") from None
    return Answers(sheets["tune"], sheets["score"], tools)


def figures(recipe: Recipe, runs: Mapping[int, Scored]) -> Mapping[str, Figure]:
    """Every row over the seeds: means, each seed's figure, and the gain over the row it builds on by a paired test."""
    rows: list[Mapping[str, Figure]] = []
    for i, row in enumerate(recipe.rows):
        lines, base = [run.lines[i] for run in runs.values()], recipe.base(i)
        every = [line.honest for line in lines]
        gain, chance = compared(recipe, [(run.sums[i], run.sums[base], run.data) for run in runs.values()])
        rows.append({
            "name": row.name,
            "honest": float(np.mean(every)),
            "low": float(np.mean([line.low for line in lines])),
            "high": float(np.mean([line.high for line in lines])),
            "crossed": _mean([line.crossed for line in lines]),
            "optimistic": float(np.mean([line.optimistic for line in lines])),
            "base": recipe.rows[base].name,
            "gain": gain,
            "chance": chance,
            "paper": row.paper,
            "seeds": every,
            "parts": {q: float(np.mean([line.parts[q] for line in lines])) for q in lines[0].parts},
            "frames": _mean([line.frames for line in lines]),
        })  # fmt: skip
    return {
        "title": recipe.title,
        "claim": recipe.claim,
        "baseline": recipe.baseline,
        "source": recipe.source,
        "rows": rows,
        "fitted": {str(seed): list(run.fitted) for seed, run in runs.items()},
    }


def _mean(values: Sequence[float | None]) -> float | None:
    """The mean, None where any is not known."""
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def write(path: Path, recipe: Recipe, runs: Mapping[int, Scored], note: str, seconds: float) -> None:
    """The result file of a recipe's runs by seed; the note says what the data is."""
    prints = dict.fromkeys(run.data for run in runs.values())
    record(path, figures(recipe, runs), {"note": note, "sha256": " ".join(prints)}, [*runs], seconds)


def record(
    path: Path, made: Mapping[str, Figure], data: Mapping[str, str], seeds: Sequence[int], seconds: float
) -> None:
    """Figures with the commit, the seeds, what the data was, seconds and machine."""
    content = {
        "figures": made,
        "commit": commit(),
        "seeds": list(seeds),
        "data": dict(data),
        "seconds": round(seconds, 1),
        "machine": machine(),
    }
    folder(path.parent)
    with whole(path) as part:
        part.write_text(json.dumps(content, indent=2) + "\n")


def line(name: str, recipe: Recipe, scored: Scored) -> str:
    """A scored recipe for people; the gain over the row that each builds on, and its chance, by a paired test."""
    head = f"  {'row':38} {'honest':>7}  {'95 % of videos':>15}  {'gain':>7} {'chance':>6}  {'crossed':>7}"
    out = [name, f"{head}  {'optimistic':>10}  {'paper':>6}"]
    for i, row in enumerate(scored.lines):
        base = scored.sums[recipe.base(i)]
        gain, chance = compared(recipe, [(scored.sums[i], base, scored.data)])
        paid = f"{gain:+7.4f} {chance:6.3f}" if i else f"{'':14}"
        paper = "" if row.paper is None else f"{row.paper:.4f}"
        frames = "" if row.frames is None else f"  {row.frames:.1%} of the frames"
        crossed = "" if row.crossed is None else f"{row.crossed:.4f}"
        span = f"{row.low:.4f}–{row.high:.4f}"
        out.append(
            f"  {row.name:38} {row.honest:7.4f}  {span:>15}  {paid}  {crossed:>7}  {row.optimistic:10.4f}"
            f"  {paper:>6}{frames}"
        )
    return "\n".join(out)
