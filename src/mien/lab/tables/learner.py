"""What every generated script holds: features, models, cross-validation, scores; they need scikit-learn and pandas."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false, reportReturnType=false
# (the libraries' own unions are wider than what these calls return)
from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import signature
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn import metrics
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.impute import SimpleImputer
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder

SMOOTH = ("linear", "kernel")  # models that want numbers on one scale
KEPT = 250  # categories a column may have; histogram boosting takes no more than 255


@dataclass(frozen=True)
class Member:
    """One model of a blend."""

    model: str = "boosting"
    settings: tuple[tuple[str, int | float | str | bool], ...] = ()
    encoding: str = "ordinal"  # of categories: ordinal, onehot, target
    log: bool = False  # learn log(1 + target)


@dataclass(frozen=True)
class Spec:
    """All that a script must know."""

    kind: str  # binary, multiclass, regression
    target: str
    metric: str
    classes: tuple[str, ...]
    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    dates: tuple[tuple[str, tuple[str, ...]], ...]  # name and formats
    texts: tuple[str, ...]
    members: tuple[Member, ...]
    folds: int = 0  # 0: fit on all rows; 1: one split; more: cross-validation
    rows: int = 0  # use so many of the first rows; 0 for all
    seed: int = 0
    seconds: float = 60.0  # what a tool that searches may take for one fit


def extra(table: pd.DataFrame) -> pd.DataFrame:
    """Further columns of numbers; none here."""
    return pd.DataFrame(index=table.index)


def moment(column: pd.Series, formats: tuple[str, ...]) -> pd.Series:
    """Dates of a column of text; each format reads what those before it could not."""
    text, found = column.str.strip(), pd.Series(pd.NaT, index=column.index, dtype="datetime64[s]")
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
    more = extra(table.copy()).apply(numeric).add_prefix("extra ")
    return pd.concat([pd.DataFrame(made, index=table.index), more], axis=1)


def answers(table: pd.DataFrame, spec: Spec) -> np.ndarray:
    """The target as numbers, or as places in the list of classes."""
    if spec.kind == "regression":
        return numeric(table[spec.target]).to_numpy()
    return table[spec.target].map({name: i for i, name in enumerate(spec.classes)}).to_numpy(int)


def pipeline(member: Member, spec: Spec, data: pd.DataFrame) -> BaseEstimator:
    """Preparation and model of one member."""
    numbers = [n for n in data.columns if n not in spec.categories and n not in spec.texts]
    encoded = member.encoding == "ordinal" and bool(spec.categories)
    steps: list[tuple[str, object, object]] = []
    if encoded:
        steps.append(("categories", _ordinal(), list(spec.categories)))
    elif spec.categories and member.encoding == "onehot":
        onehot = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=50, sparse_output=False)
        steps.append(("categories", onehot, list(spec.categories)))
    elif spec.categories:
        steps.append(("categories", _targets(spec), list(spec.categories)))
    filled = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    steps.append(("numbers", "passthrough" if member.model == "boosting" else filled, numbers))
    for i, name in enumerate(spec.texts):
        words = CountVectorizer(binary=True, max_features=40, token_pattern=r"(?u)\b\w\w+\b|\b[A-Za-z](?=\d)")
        steps.append((f"text {i}", words, name))
    prepared = ColumnTransformer(steps, sparse_threshold=0)
    whole: list[object] = [prepared, *([StandardScaler()] if member.model in SMOOTH else [])]
    mask = list(range(len(spec.categories))) if encoded else None
    fitted = make_pipeline(*whole, *_model(member, spec, mask, len(data)))
    if member.log:
        return TransformedTargetRegressor(fitted, func=np.log1p, inverse_func=np.expm1)
    return fitted


def _ordinal() -> OrdinalEncoder:
    return OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        max_categories=KEPT,
        encoded_missing_value=np.nan,
    )


def _targets(spec: Spec) -> TargetEncoder:
    """Means of the target, seeded; scikit-learn 1.9 moved the seed into the folds."""
    kind = "continuous" if spec.kind == "regression" else spec.kind
    if signature(TargetEncoder).parameters["random_state"].default is None:
        return TargetEncoder(target_type=kind, random_state=spec.seed, cv=3)
    fold = KFold if spec.kind == "regression" else StratifiedKFold
    return TargetEncoder(target_type=kind, cv=fold(3, shuffle=True, random_state=spec.seed))


def _model(member: Member, spec: Spec, categories: list[int] | None, rows: int) -> Iterator[object]:
    regression, seed = spec.kind == "regression", spec.seed
    settings = dict(member.settings)
    if member.model == "dummy":
        yield DummyRegressor() if regression else DummyClassifier(strategy="prior")
    elif member.model == "boosting":
        boosting = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
        yield boosting(categorical_features=categories, random_state=seed, **settings)
    elif member.model in ("forest", "trees"):
        grown = {
            ("forest", True): RandomForestRegressor,
            ("forest", False): RandomForestClassifier,
            ("trees", True): ExtraTreesRegressor,
            ("trees", False): ExtraTreesClassifier,
        }
        yield grown[member.model, regression](random_state=seed, **settings)
    elif member.model in SMOOTH:
        if member.model == "kernel":
            yield Nystroem(n_components=min(300, rows), random_state=seed)
        strength = float(settings.get("C", 1.0))
        yield Ridge(alpha=1 / strength) if regression else LogisticRegression(C=strength, max_iter=1000)
    else:
        yield tool(member.model, spec)


def tool(name: str, spec: Spec) -> object:
    """An AutoML tool of that name; scripts that use one bring their own."""
    raise ValueError(f"no model named {name!r}")


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
    if spec.kind == "regression":
        return pd.DataFrame({spec.target: guessed}, index=pd.Index(rows, name="row"))
    best = np.asarray(spec.classes, object)[guessed.argmax(1)]
    chances = {f"P({name})": guessed[:, i] for i, name in enumerate(spec.classes)}
    return pd.DataFrame({spec.target: best, **chances}, index=pd.Index(rows, name="row"))


def read(path: str, rows: int = 0) -> pd.DataFrame:
    """A table as the scripts expect it: UTF-8, commas, all columns as text."""
    return pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""], nrows=rows or None)


def train(spec: Spec) -> None:
    """train.csv → oof.csv (guesses by cross-validation) or model.joblib, and result.json."""
    start, table = time.perf_counter(), read("train.csv", spec.rows)
    data, truth = features(table, spec), answers(table, spec)
    value = None
    if spec.folds:
        parts = [(test, guess(fit(data.iloc[rest], truth[rest], spec), data.iloc[test], spec))
                 for rest, test in splits(truth, spec)]  # fmt: skip
        rows = np.concatenate([test for test, _ in parts])
        guessed = np.concatenate([part for _, part in parts])
        written(guessed, spec, rows).to_csv("oof.csv")
        value = score(spec.metric, truth[rows], guessed)
    else:
        joblib.dump(fit(data, truth, spec), "model.joblib")
    result = {"metric": spec.metric, "value": value, "rows": len(table), "seconds": time.perf_counter() - start}
    Path("result.json").write_text(json.dumps(result) + "\n")


def predict(spec: Spec, source: str, goal: str) -> None:
    """Answers of the model of model.joblib to a table. Load no such file that you did not make yourself."""
    table = read(source)
    models = joblib.load("model.joblib")
    written(guess(models, features(table, spec), spec), spec, np.arange(len(table))).to_csv(goal)
