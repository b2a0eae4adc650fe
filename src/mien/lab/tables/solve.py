"""A table and a sentence → a folder: result, scripts, submission, report."""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from mien.errors import InputError, unknown
from mien.lab.chat import Chat
from mien.lab.tables.agent import Agent, Answer, Settings
from mien.lab.tables.automl import TOOLS
from mien.lab.tables.learner import numeric
from mien.lab.tables.models import Member
from mien.lab.tables.plan import Case, Fixed, Language, Planner, Rules
from mien.lab.tables.profile import Profile, profile
from mien.lab.tables.sandbox import usage
from mien.lab.tables.table import Table, read
from mien.lab.tables.task import Task, understand

HELD = 0.2  # of the rows are kept from every script


@dataclass(frozen=True, slots=True)
class Solved:
    """An answer and what it is an answer to."""

    answer: Answer
    case: Case
    seen: pd.DataFrame
    held: pd.DataFrame
    notes: tuple[str, ...]


def chain(chat: Chat | None = None, tools: Sequence[str] = ()) -> list[Planner]:
    """Who is asked in turn: a language model, AutoML tools, rules; the dummy comes after all of them."""
    asked = tools or ([name for name in TOOLS if installed(name)] if chat else [])
    for name in asked:
        if name not in TOOLS:
            raise unknown("AutoML tool", name, TOOLS)
        if not installed(name):
            raise InputError(f"{name} is not installed; install it with: pip install {name}")
    automl = [Fixed("AutoML", name, Member(name)) for name in asked]
    return [*([Language(chat)] if chat else []), *automl, Rules()]


def installed(tool: str) -> bool:
    return importlib.util.find_spec(tool) is not None


def solve(
    table: Table,
    sentence: str,
    planners: Sequence[Planner],
    settings: Settings,
    *,
    test: pd.DataFrame | None = None,
    held: np.ndarray | None = None,
    seed: int = 0,
) -> Solved:
    """Answer a sentence about a table; `held` are the places of the rows to keep back, a random fifth if absent."""
    start = time.monotonic()
    case, seen, kept, notes = prepared(table, sentence, held, seed)
    if test is not None and (gone := [c.name for c in case.profile.used if c.name not in test.columns]):
        raise InputError(f"the test table lacks the columns {gone}; it needs all that are learned from")
    left = replace(settings, seconds=settings.seconds - (time.monotonic() - start))
    answer = Agent(case, seen, kept, planners, left, test=test).run()
    return Solved(replace(answer, seconds=time.monotonic() - start), case, seen, kept, notes)


def prepared(
    table: Table, sentence: str, held: np.ndarray | None = None, seed: int = 0
) -> tuple[Case, pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """The case, the rows to learn from, those kept back, and what was noticed."""
    doubled = [n for n in table.frame.columns if f"{n}.1" in table.frame.columns]
    task = understand(sentence, table.frame, doubled)
    known = table.frame[task.target].notna().to_numpy()
    frame = table.frame.loc[known].reset_index(drop=True)
    notes = [*table.notes, *([f"{int((~known).sum())} rows have no target and are left out"] * (not known.all()))]
    places = held if held is not None else held_out(frame[task.target], task, seed)
    order = np.random.default_rng(seed).permutation(np.setdiff1d(np.arange(len(frame)), places))
    seen = frame.iloc[order].reset_index(drop=True)
    facts = profile(seen, task.target)
    if not facts.used:
        kinds = ", ".join(f"{c.name}: {c.why or c.kind}" for c in facts.columns)
        raise InputError(f"no column is left to learn from ({kinds})")
    case = _case(task, facts, seen[task.target])
    return case, seen, frame.iloc[places].reset_index(drop=True), (*notes, *facts.notes)


def held_out(truth: pd.Series, task: Task, seed: int) -> np.ndarray:
    """Places of a fifth of the rows, of each class alike and at least one, unless it has but one."""
    rng = np.random.default_rng(seed)
    places = np.arange(len(truth))
    if task.kind == "regression":
        return np.sort(rng.permutation(places)[: max(round(HELD * len(truth)), 2)])
    parts = [places[(truth == name).to_numpy()] for name in task.classes]
    counts = [max(round(HELD * len(part)), min(len(part) - 1, 1)) for part in parts]
    if sum(count > 0 for count in counts) < 2:
        raise InputError(f"two classes of {task.target!r} or more must have 2 rows or more; add rows, or join classes")
    return np.sort(np.concatenate([rng.permutation(part)[:count] for part, count in zip(parts, counts, strict=True)]))


def _case(task: Task, facts: Profile, truth: pd.Series) -> Case:
    if task.kind != "regression":
        return Case(task, facts, smallest=float(truth.value_counts(normalize=True).min()))
    values = np.asarray(numeric(truth))
    return Case(
        task,
        facts,
        float(np.nan_to_num(((values - values.mean()) ** 3).mean() / max(values.std(), 1e-300) ** 3)),
        float(values.min()),
    )


def write(solved: Solved, out: Path, test: pd.DataFrame | None = None) -> None:
    """Fill a folder with all that was found."""
    answer, task = solved.answer, solved.case.task
    out.mkdir(parents=True, exist_ok=True)
    result = {
        "metric": task.metric,
        "value": answer.value,
        "planner": answer.planner,
        "tool": answer.tool,
        "seconds": round(answer.seconds, 2),
        "dummy": answer.dummy,
        "share": task.share(answer.value),
        "cross_validation": answer.trial.value,
        "recipe": answer.trial.recipe.name,
    }
    (out / "train.py").write_text(answer.train, "utf-8")
    (out / "predict.py").write_text(answer.predict, "utf-8")
    solved.seen.to_csv(out / "train.csv", index=False)
    solved.held.to_csv(out / "heldout.csv", index=False)
    if test is not None and answer.tested is not None:
        test.to_csv(out / "test.csv", index=False)
        submission(answer.tested, solved.case, test).to_csv(out / "submission.csv", index=False)
    (out / "report.md").write_text(report(solved), "utf-8")
    (out / "result.json").write_text(json.dumps(result, indent=2) + "\n")


def submission(tested: pd.DataFrame, case: Case, test: pd.DataFrame) -> pd.DataFrame:
    """The id of each row of the test table, or its number, and the answer; a chance where the score wants chances."""
    task = case.task
    name = next((n for n in case.profile.names("id") if n in test.columns), None)
    ids = tested.index if name is None else test[name]
    wanted = f"P({task.classes[1]})" if task.kind == "binary" and task.metric in ("auc", "logloss") else task.target
    return pd.DataFrame({name or tested.index.name: ids.to_numpy(), task.target: tested[wanted].to_numpy()})


def report(solved: Solved) -> str:
    """What was done, in plain words."""
    answer, task, facts = solved.answer, solved.case.task, solved.case.profile
    kind = {"binary": "one of two classes", "multiclass": "one of several classes", "regression": "a number"}
    lines = [
        f"# {task.target}",
        "",
        f"planner: {answer.planner} (tool: {answer.tool})",
        "",
        f"The task is to guess `{task.target}`, {kind[task.kind]}, scored by {task.metric}. "
        f"{len(solved.seen)} rows were learned from. On {len(solved.held)} further rows, whose answers no script saw, "
        f"the score is **{answer.value:.4f}**; always giving the same answer scores {answer.dummy:.4f}. "
        f"It took {answer.seconds:.0f} s.",
        "",
        f"Chosen: {answer.trial.recipe.name} ({answer.trial.recipe.why}). Its score by cross-validation was "
        f"{answer.trial.value:.4f}; it was chosen for it, so that this number flatters.",
        "",
        "## Columns",
        "",
        "| column | taken as | missing | values | why |",
        "|---|---|---|---|---|",
        *(f"| {_cell(c.name)} | {c.kind} | {c.missing:.0%} | {c.distinct} | {_cell(c.why)} |" for c in facts.columns),
        "",
        "Ids, leaks, empty and constant columns are not used.",
        "",
        "## Tried",
        "",
        "| recipe | why | cross-validation | seconds |",
        "|---|---|---|---|",
        *(
            f"| {t.recipe.name} | {_cell(t.recipe.why)} | {_cell(t.fault) if t.value is None else f'{t.value:.4f}'} "
            f"| {t.seconds:.1f} |"
            for t in answer.trials
        ),
        "",
        "## Doubts",
        "",
        *(f"- {_cell(note)}" for note in (*solved.notes, *answer.faults) or ("none were noticed",)),
        "",
        f"Scripts ran apart: {usage(Settings().limits)}.",
        "",
        "## Again",
        "",
        "`python train.py` learns from `train.csv` and writes `model.joblib`; "
        "`python predict.py TABLE.csv ANSWERS.csv` answers. "
        "Tables must look like `train.csv`. Load no `model.joblib` that came from someone else.",
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")


def open_test(path: Path) -> pd.DataFrame:
    """The table to answer."""
    return read(path).frame
