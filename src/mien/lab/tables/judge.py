"""What a script claims, held against what it wrote; no claim is believed that its own guesses do not bear out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from mien.errors import MienError
from mien.lab.tables import learner
from mien.lab.tables.plan import Recipe, Trial
from mien.lab.tables.sandbox import Outcome


def judged(
    recipe: Recipe, outcome: Outcome, folder: Path, spec: learner.Spec, truth: np.ndarray, place: int = 0
) -> Trial:
    """A trial whose claimed score is the one that its saved guesses have; `place` is the recipe's in the script.

    What a script had written before it was stopped or crashed counts.
    """
    path = folder / f"result.{place}.json"
    if outcome.fate not in ("done", "time", "failed") or (outcome.fault and not path.exists()):
        return Trial(recipe, None, outcome.fault, outcome.seconds)
    try:
        result = json.loads(_small(path))
        if "fault" in result:
            return Trial(recipe, None, str(result["fault"])[:300])
        claimed, took = result["value"], min(max(float(result["seconds"]), 0.0), outcome.seconds)
        answers = read_answers(folder / f"oof.{place}.csv", spec)
        rows, guessed = np.asarray(answers.index, int), guesses(answers, spec)
        count = min(len(truth), spec.rows or len(truth))
        if len(np.unique(rows)) != len(rows) or rows.min() < 0 or rows.max() >= count:
            raise MienError(f"the guesses must be of different rows below {count}")
        if spec.folds > 1 and len(rows) != count:
            raise MienError(f"guesses for all {count} rows are wanted, got {len(rows)}")
        value = learner.score(spec.metric, truth[rows], guessed)
        if not isinstance(claimed, float) or abs(claimed - value) > 1e-6 * max(1.0, abs(value)):
            raise MienError(f"the script claims {claimed} and its guesses score {value}")
    except (MienError, OSError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        return Trial(recipe, None, f"its results are of no use: {error}", outcome.seconds)
    whole = np.full((count, *guessed.shape[1:]), np.nan)
    whole[rows] = guessed
    return Trial(recipe, value, "", took, whole)


def _small(path: Path) -> str:
    """The text of a file that a script wrote, if it is a plain and small one."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > 2**16:
        raise MienError(f"{path.name} must be a small plain file")
    return path.read_text("utf-8")


def read_answers(path: Path, spec: learner.Spec) -> pd.DataFrame:
    """Answers that a script wrote: the right columns, all numbers finite, probabilities that add up to one."""
    if path.is_symlink() or not path.is_file():
        raise MienError(f"the script wrote no {path.name}")
    try:
        table = pd.read_csv(path, index_col=0, dtype={spec.target: str}, keep_default_na=False, na_values=[""])
    except (ValueError, OSError) as error:
        raise MienError(f"{path.name} is no table ({error})") from error
    wanted = [spec.target, *(f"P({name})" for name in spec.classes)]
    if list(table.columns) != wanted:
        raise MienError(f"{path.name} must have the columns {wanted}, got {list(table.columns)}")
    guessed = guesses(table, spec)
    if not np.isfinite(guessed).all() or table.isna().to_numpy().any():
        raise MienError(f"{path.name} has answers that are not there or not finite")
    if spec.classes and (guessed.min() < 0 or abs(guessed.sum(1) - 1).max() > 1e-6):
        raise MienError(f"the probabilities in {path.name} must lie in 0 … 1 and add up to 1")
    if spec.classes and not (table[spec.target] == np.asarray(spec.classes, object)[guessed.argmax(1)]).all():
        raise MienError(f"the answers in {path.name} must be the likeliest classes")
    return table


def guesses(answers: pd.DataFrame, spec: learner.Spec) -> np.ndarray:
    """Values, or probabilities (n, classes)."""
    if spec.kind == "regression":
        return np.asarray(learner.numeric(answers[spec.target]))
    return np.column_stack([learner.numeric(answers[f"P({name})"]) for name in spec.classes])
