"""AutoML tools behind fit and predict alone; a script that uses one holds this file too."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

if TYPE_CHECKING:
    from mien.lab.tables.learner import Spec


class Searcher(BaseEstimator):
    """A tool that looks for a model by itself; subclasses search and answer."""

    def __init__(self, spec: Spec | None = None) -> None:
        self.spec = spec

    def fit(self, data: np.ndarray, truth: np.ndarray) -> Searcher:
        assert self.spec is not None
        self.classes_ = np.arange(len(self.spec.classes))
        self.found_ = self.search(np.asarray(data, float), truth, self.spec)
        return self

    def predict(self, data: np.ndarray) -> np.ndarray:
        return np.asarray(self.found_.predict(np.asarray(data, float)))

    def predict_proba(self, data: np.ndarray) -> np.ndarray:
        return np.asarray(self.found_.predict_proba(np.asarray(data, float)))

    def search(self, data: np.ndarray, truth: np.ndarray, spec: Spec):
        raise NotImplementedError


class Flaml(Searcher):
    """FLAML 2, with the boosters that are installed."""

    METRICS = {"accuracy": "accuracy", "f1": "macro_f1", "logloss": "log_loss", "auc": "roc_auc"}  # noqa: RUF012
    NUMBERS = {"rmse": "rmse", "mae": "mae", "r2": "r2", "rmsle": "rmse"}  # noqa: RUF012

    def search(self, data: np.ndarray, truth: np.ndarray, spec: Spec):
        metric = {**self.METRICS, **self.NUMBERS}.get(spec.metric, "accuracy")
        if metric == "roc_auc" and len(spec.classes) > 2:
            metric = "roc_auc_ovr"
        found = importlib.import_module("flaml").AutoML()
        kind = "regression" if spec.kind == "regression" else "classification"
        found.fit(data, truth, task=kind, metric=metric, time_budget=spec.seconds, seed=spec.seed, verbose=0, n_jobs=1)
        return found


class LightAutoML(Searcher):
    """LightAutoML 0.4 with linear models and LightGBM; the other models want weights or much time."""

    def search(self, data: np.ndarray, truth: np.ndarray, spec: Spec):
        name = {"binary": "binary", "multiclass": "multiclass", "regression": "reg"}[spec.kind]
        task = importlib.import_module("lightautoml.tasks").Task(name)
        make = importlib.import_module("lightautoml.automl.presets.tabular_presets").TabularAutoML
        # It overran its time by three quarters in a trial, so it is told half.
        found = make(
            task=task, timeout=spec.seconds / 2, cpu_limit=1, general_params={"use_algos": [["linear_l2", "lgb"]]}
        )
        table = self._table(data).assign(target=truth)
        found.fit_predict(table, roles={"target": "target"})
        return found

    def predict(self, data: np.ndarray) -> np.ndarray:
        return np.asarray(self.found_.predict(self._table(data)).data)[:, 0]

    def predict_proba(self, data: np.ndarray) -> np.ndarray:
        chances = np.asarray(self.found_.predict(self._table(data)).data)
        return np.column_stack([1 - chances, chances]) if chances.shape[1] == 1 else chances

    def _table(self, data: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(np.asarray(data, float)).add_prefix("f")


class Fedot(Searcher):
    """FEDOT 0.7; its time is given in minutes."""

    def search(self, data: np.ndarray, truth: np.ndarray, spec: Spec):
        kind = "regression" if spec.kind == "regression" else "classification"
        make = importlib.import_module("fedot.api.main").Fedot
        found = make(problem=kind, timeout=spec.seconds / 60, seed=spec.seed, n_jobs=1, preset="fast_train")
        found.fit(features=data, target=truth)
        return found

    def predict(self, data: np.ndarray) -> np.ndarray:
        return np.asarray(self.found_.predict(features=np.asarray(data, float))).reshape(len(data))

    def predict_proba(self, data: np.ndarray) -> np.ndarray:
        chances = np.asarray(self.found_.predict_proba(features=np.asarray(data, float), probs_for_all_classes=True))
        return chances.reshape(len(data), -1)


TOOLS = {"flaml": Flaml, "lightautoml": LightAutoML, "fedot": Fedot}


def tool(name: str, spec: Spec) -> BaseEstimator:
    """The tool of that name, ready to fit."""
    return TOOLS[name](spec)
