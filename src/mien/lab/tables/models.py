"""What scripts learn with: the facts of a case, and each member's preparation and model."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false, reportReturnType=false
# (the libraries' own unions are wider than what these calls return)
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from inspect import signature

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.impute import SimpleImputer
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder
from sklearn.svm import SVC, SVR

SMOOTH = ("linear", "kernel", "svm", "neighbors", "gauss")  # models that want numbers on one scale
GROWN = ("boosting", "forest", "trees")
KEPT = 250  # categories a column may have; histogram boosting takes no more than 255
LEVELS = 8  # different numbers up to which a column may be taken for categories
_TOKEN = re.compile(r"[^\W\d_]+")  # of A/5 211 the A, of "Smith, Mr. Jo" all three words


@dataclass(frozen=True)
class Member:
    """One model of a blend."""

    model: str = "boosting"
    settings: tuple[tuple[str, int | float | str | bool], ...] = ()
    encoding: str = "ordinal"  # of categories: ordinal, onehot, target; levels: onehot, of few numbers too
    log: bool = False  # learn log(1 + target)
    scaled: bool = True  # whether a smooth model gets each column on one scale


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
    seconds: float = 60.0  # what a tool may search for one fit; no member is tried once they are over
    threads: int = 1


class Words(TransformerMixin, BaseEstimator):
    """A column of text → its common words, and how many other rows hold the same text."""

    def __init__(self, most: int = 30, least: float = 0.02) -> None:
        self.most, self.least = most, least  # words; share of rows that a word must be in

    def fit(self, texts: pd.Series, truth: np.ndarray | None = None) -> Words:
        self.counts_ = Counter(text for text in texts if text)
        seen = Counter(word for text in texts for word in self._words(text))
        ranked = sorted(seen, key=lambda word: (-seen[word], word))[: self.most]  # a set has another order in each run
        self.words_ = sorted(w for w in ranked if max(5, self.least * len(texts)) <= seen[w] < len(texts))
        return self

    def fit_transform(self, X: pd.Series, y: np.ndarray | None = None, **_: object) -> np.ndarray:
        self.fit(X)
        return self._made(X, 1)  # a row is no other row

    def transform(self, texts: pd.Series) -> np.ndarray:
        return self._made(texts, 0)

    def _made(self, texts: pd.Series, own: int) -> np.ndarray:
        others = [np.log1p(max(self.counts_[text] - own, 0)) for text in texts]
        held = [self._words(text) for text in texts]
        return np.column_stack([others, *([word in words for words in held] for word in self.words_)]).astype(float)

    def _words(self, text: str) -> set[str]:
        return set(_TOKEN.findall(text.lower()))


def pipeline(member: Member, spec: Spec, data: pd.DataFrame) -> BaseEstimator:
    """Preparation and model of one member."""
    encoded = member.encoding == "ordinal" and member.model == "boosting" and bool(spec.categories)
    prepared = ColumnTransformer(list(_steps(member, spec, data)), sparse_threshold=0)
    scale = [StandardScaler()] if member.model in SMOOTH and member.scaled else []
    mask = list(range(len(spec.categories))) if encoded else None
    fitted = make_pipeline(prepared, *scale, *_model(member, spec, mask, len(data)))
    if member.log:
        return TransformedTargetRegressor(fitted, func=np.log1p, inverse_func=np.expm1)
    return fitted


def _steps(member: Member, spec: Spec, data: pd.DataFrame) -> Iterator[tuple[str, object, list[str] | str]]:
    numbers = [n for n in data.columns if n not in spec.categories and n not in spec.texts]
    whole = member.model not in (*SMOOTH, "forest", "trees", "dummy")  # those that take gaps as they are
    if spec.categories:
        yield "categories", _encoder(member, spec), list(spec.categories)
    if member.encoding == "levels":
        few = [n for n in numbers if 2 < data[n].nunique() <= LEVELS]
        yield "levels", OneHotEncoder(handle_unknown="ignore", sparse_output=False), few
    filled = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    yield "numbers", "passthrough" if whole else filled, numbers
    for i, name in enumerate(spec.texts):
        yield f"text {i}", Words(), name


def _encoder(member: Member, spec: Spec) -> object:
    """Of categories; a tool that searches has ways of its own and gets them as they are."""
    if member.model not in (*GROWN, *SMOOTH, "dummy"):
        return "passthrough"
    if member.encoding == "ordinal":
        return OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=np.nan if member.model == "boosting" else -1,
            max_categories=KEPT,
            encoded_missing_value=np.nan if member.model == "boosting" else -1,
        )
    if member.encoding in ("onehot", "levels"):
        return OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=50, sparse_output=False)
    return _targets(spec)


def _targets(spec: Spec) -> TargetEncoder:
    """Means of the target, seeded; scikit-learn 1.9 moved the seed into the folds."""
    kind = "continuous" if spec.kind == "regression" else spec.kind
    if signature(TargetEncoder).parameters["random_state"].default is None:
        return TargetEncoder(target_type=kind, random_state=spec.seed, cv=3)
    return TargetEncoder(target_type=kind, cv=_three(spec))


def _three(spec: Spec) -> KFold | StratifiedKFold:
    return (KFold if spec.kind == "regression" else StratifiedKFold)(3, shuffle=True, random_state=spec.seed)


def _model(member: Member, spec: Spec, categories: list[int] | None, rows: int) -> Iterator[object]:
    regression, seed, settings = spec.kind == "regression", spec.seed, dict(member.settings)
    if member.model == "dummy":
        yield DummyRegressor() if regression else DummyClassifier(strategy="prior")
    elif member.model == "boosting":
        boosting = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
        yield boosting(categorical_features=categories, random_state=seed, **settings)
    elif member.model in GROWN:
        grown = {
            ("forest", True): RandomForestRegressor,
            ("forest", False): RandomForestClassifier,
            ("trees", True): ExtraTreesRegressor,
            ("trees", False): ExtraTreesClassifier,
        }
        yield grown[member.model, regression](random_state=seed, n_jobs=spec.threads, **settings)
    elif member.model in SMOOTH:
        if member.model == "kernel":
            yield Nystroem(n_components=min(300, rows), random_state=seed)
        yield _SMOOTH[member.model](settings, spec)
    else:
        yield tool(member.model, spec)


Settings = Mapping[str, int | float | str | bool]


def _linear(settings: Settings, spec: Spec) -> object:
    strength = float(settings.get("C", 1.0))
    return Ridge(alpha=1 / strength) if spec.kind == "regression" else LogisticRegression(C=strength, max_iter=1000)


def _svm(settings: Settings, spec: Spec) -> object:
    strength = float(settings.get("C", 1.0))
    if spec.kind == "regression":
        return TransformedTargetRegressor(SVR(C=strength), transformer=StandardScaler())
    return CalibratedClassifierCV(SVC(C=strength, random_state=spec.seed), cv=_three(spec), ensemble=False)


def _neighbors(settings: Settings, spec: Spec) -> object:
    made = KNeighborsRegressor if spec.kind == "regression" else KNeighborsClassifier
    return made(int(settings.get("n_neighbors", 10)), weights="distance")


def _gauss(settings: Settings, spec: Spec) -> object:
    """For classes, one cloud each with a shared shape; for numbers, a Gaussian process, for some hundred rows."""
    if spec.kind != "regression":
        return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    kernel = ConstantKernel() * RBF(3.0) + WhiteKernel()
    return GaussianProcessRegressor(kernel, normalize_y=True, random_state=spec.seed)


_SMOOTH: Mapping[str, Callable[[Settings, Spec], object]] = {
    "linear": _linear,
    "kernel": _linear,
    "svm": _svm,
    "neighbors": _neighbors,
    "gauss": _gauss,
}


def tool(name: str, spec: Spec) -> object:
    """An AutoML tool of that name; scripts that use one bring their own."""
    raise ValueError(f"no model named {name!r}")
