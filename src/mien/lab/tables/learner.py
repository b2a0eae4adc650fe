"""What every generated script does: features, cross-validation, scores, answers, with scikit-learn and pandas alone."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false, reportReturnType=false
# (the libraries' own unions are wider than what these calls return)
from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn import metrics
from sklearn.base import BaseEstimator
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

from mien.lab.tables.models import Member, Spec, pipeline

__all__ = ["Member", "Spec"]


def extra(table: pd.DataFrame) -> pd.DataFrame:
    """Further columns of numbers; none here."""
    return pd.DataFrame(index=table.index)


def moment(column: pd.Series, formats: tuple[str, ...]) -> pd.Series:
    """Dates of a column of text; each format reads what those before it could not. Clocks are taken as they stand:
    parts of a second and time zones are left out."""
    text = column.str.strip().str.replace(r"(:\d\d)(?:\.\d+)?\s?(?:Z|[+-]\d\d:?\d\d)?$", r"\1", regex=True)
    found = pd.Series(pd.NaT, index=column.index, dtype="datetime64[s]")
    for form in formats:
        found = found.fillna(pd.to_datetime(text, format=form, errors="coerce").astype("datetime64[s]"))
    return found


def numeric(column: pd.Series) -> pd.Series:
    """Floats; what is no number is missing, and so is what is infinite."""
    found = pd.Series(pd.to_numeric(column, errors="coerce"), index=column.index, dtype=float)
    return found.where(np.isfinite(found))


def features(table: pd.DataFrame, spec: Spec) -> pd.DataFrame:
    """The columns that models see."""
    made: dict[str, pd.Series] = {n: numeric(table[n]) for n in spec.numbers}
    for name, formats in spec.dates:
        date = moment(table[name], formats)
        made[f"{name} days"] = (date - pd.Timestamp(2000, 1, 1)).dt.total_seconds() / 86400
        for part in ("year", "month", "day", "day_of_week", "hour"):
            made[f"{name} {part}"] = getattr(date.dt, part).astype(float)
    for name in spec.texts:
        text = table[name].fillna("").astype(str)
        made[f"{name} length"] = text.str.len().astype(float)
        made[f"{name} words"] = text.str.split().str.len().astype(float)
        made[name] = text
    for name in spec.categories:
        made[name] = table[name].astype(object).where(table[name].notna(), "(missing)").astype(str).astype(object)
    used = [*spec.numbers, *(name for name, _ in spec.dates), *spec.texts, *spec.categories]
    more = extra(table[used]).apply(numeric).add_prefix("extra ")  # of neither the target nor a leak
    return pd.concat([pd.DataFrame(made, index=table.index), more], axis=1)


def answers(table: pd.DataFrame, spec: Spec) -> np.ndarray:
    """The target as numbers, or as places in the list of classes."""
    if spec.kind == "regression":
        return numeric(table[spec.target]).to_numpy()
    return table[spec.target].map({name: i for i, name in enumerate(spec.classes)}).to_numpy(int)


def fit(data: pd.DataFrame, truth: np.ndarray, spec: Spec) -> list[BaseEstimator]:
    """Every member, fitted."""
    return [pipeline(member, spec, data).fit(data, truth) for member in spec.members]


def guess(models: list[BaseEstimator], data: pd.DataFrame, spec: Spec) -> np.ndarray:
    """The mean of all members: (n,) values, or (n, classes) probabilities."""
    return np.mean([_guess(model, data, spec) for model in models], axis=0)


def _guess(model: BaseEstimator, data: pd.DataFrame, spec: Spec) -> np.ndarray:
    if spec.kind == "regression":
        return np.asarray(model.predict(data), float).reshape(len(data))
    chances = np.zeros((len(data), len(spec.classes)))
    chances[:, np.asarray(model.classes_, int)] = model.predict_proba(data)
    return chances


def score(metric: str, truth: np.ndarray, guessed: np.ndarray) -> float:
    """One number; higher is better for all but rmse, rmsle, mae and logloss."""
    values = {
        "rmse": lambda: metrics.root_mean_squared_error(truth, guessed),
        "rmsle": lambda: metrics.root_mean_squared_error(np.log1p(truth), np.log1p(np.maximum(guessed, 0))),
        "mae": lambda: metrics.mean_absolute_error(truth, guessed),
        "r2": lambda: metrics.r2_score(truth, guessed),
        "logloss": lambda: metrics.log_loss(truth, guessed, labels=range(guessed.shape[1])),
        "accuracy": lambda: metrics.accuracy_score(truth, guessed.argmax(1)),
        "balanced_accuracy": lambda: metrics.balanced_accuracy_score(truth, guessed.argmax(1)),
        "f1": lambda: metrics.f1_score(truth, guessed.argmax(1), average="macro"),
        "auc": lambda: auc(truth, guessed),
    }
    return float(values[metric]())


def auc(truth: np.ndarray, guessed: np.ndarray) -> float:
    """Area under the curve, the mean of one class against the rest, over classes that occur."""
    present = np.unique(truth)
    if guessed.shape[1] == 2 or len(present) < 2:
        present = np.array([1])
    return float(np.mean([metrics.roc_auc_score(truth == c, guessed[:, c]) for c in present]))


def splits(truth: np.ndarray, spec: Spec) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Places of the rows to learn from and to guess, per fold."""
    rows, classed = np.arange(len(truth)), spec.kind != "regression"
    rare = classed and np.bincount(truth).clip(1)[np.unique(truth)].min() < max(spec.folds, 2)
    if spec.folds == 1:
        rest, test = train_test_split(rows, test_size=0.2, random_state=spec.seed)
        yield rest, test
        return
    fold = StratifiedKFold if classed and not rare else KFold
    yield from fold(spec.folds, shuffle=True, random_state=spec.seed).split(rows, truth)


def written(guessed: np.ndarray, spec: Spec, rows: np.ndarray) -> pd.DataFrame:
    """Answers, and for classes their probabilities, as a table."""
    index = pd.Index(rows, name="row" if spec.target != "row" else "row number")
    if spec.kind == "regression":
        return pd.DataFrame({spec.target: guessed}, index=index)
    best = np.asarray(spec.classes, object)[guessed.argmax(1)]
    chances = {f"P({name})": guessed[:, i] for i, name in enumerate(spec.classes)}
    return pd.DataFrame({spec.target: best, **chances}, index=index)


def read(path: str, rows: int = 0) -> pd.DataFrame:
    """A table as the scripts expect it: UTF-8, commas, all columns as text."""
    return pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""], nrows=rows or None)


def train(spec: Spec) -> None:
    """train.csv → each member's guesses by cross-validation, or with 0 folds model.joblib, and its result."""
    start, table = time.perf_counter(), read("train.csv", spec.rows)
    data, truth = features(table, spec), answers(table, spec)
    if spec.folds:
        for place, member in enumerate(spec.members):
            if place and time.perf_counter() - start > spec.seconds:
                _kept(f"result.{place}.json", {"fault": "no time was left to try it"})
                continue
            _tried(place, replace(spec, members=(member,)), data, truth)
        return
    joblib.dump(fit(data, truth, spec), "model.joblib")
    _kept("result.json", {"metric": spec.metric, "rows": len(table), "seconds": time.perf_counter() - start})


def _tried(place: int, spec: Spec, data: pd.DataFrame, truth: np.ndarray) -> None:
    """One member's guesses and score; a failure is written down, so that the next can have its turn."""
    start = time.perf_counter()
    try:
        parts = [
            (test, guess(fit(data.iloc[rest], truth[rest], spec), data.iloc[test], spec))
            for rest, test in splits(truth, spec)
        ]
    except Exception as error:
        _kept(f"result.{place}.json", {"fault": f"{type(error).__name__}: {error}"[:300]})
        return
    rows = np.concatenate([test for test, _ in parts])
    guessed = np.concatenate([part for _, part in parts])
    written(guessed, spec, rows).to_csv(f"oof.{place}.csv")
    value = score(spec.metric, truth[rows], guessed)
    _kept(f"result.{place}.json", {"metric": spec.metric, "value": value, "seconds": time.perf_counter() - start})


def _kept(name: str, result: dict[str, str | float]) -> None:
    """Written whole or not at all: a script may be stopped at any time."""
    part = Path(f"{name}.part")
    part.write_text(json.dumps(result) + "\n")
    part.replace(name)


def predict(spec: Spec, source: str, goal: str) -> None:
    """Answers of the model of model.joblib to a table. Load no such file that you did not make yourself."""
    table = read(source)
    models = joblib.load("model.joblib")
    written(guess(models, features(table, spec), spec), spec, np.arange(len(table))).to_csv(goal)
