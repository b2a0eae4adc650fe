"""AutoML tools behind fit and predict alone; a script that uses one holds this file too."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

if TYPE_CHECKING:
    from mien.lab.tables.models import Spec


class Searcher(BaseEstimator):
    """A tool that looks for a model by itself; subclasses search and answer."""

    def __init__(self, spec: Spec | None = None) -> None:
        self.spec = spec

    def fit(self, data: np.ndarray, truth: np.ndarray) -> Searcher:
        assert self.spec is not None
        self.classes_ = np.arange(len(self.spec.classes))
        self.levels_: dict[str, pd.Index] = {}
        self.levels_ = {str(n): pd.Index(c.unique()) for n, c in self.table(data).items() if c.dtype == object}
        self.found_ = self.search(self.table(data), truth, self.spec)
        return self

    def predict(self, data: np.ndarray) -> np.ndarray:
        return np.asarray(self.found_.predict(self.table(data)))

    def predict_proba(self, data: np.ndarray) -> np.ndarray:
        return np.asarray(self.found_.predict_proba(self.table(data)))

    def table(self, data: np.ndarray) -> pd.DataFrame:
        """Columns of floats, and of the categories that were there when it was fitted."""
        made = pd.DataFrame(data).add_prefix("f").infer_objects()
        return made.assign(**{n: pd.Categorical(made[n], levels) for n, levels in self.levels_.items()})

    def search(self, data: pd.DataFrame, truth: np.ndarray, spec: Spec):
        raise NotImplementedError


class Flaml(Searcher):
    """FLAML 2 without CatBoost, whose rounds on small tables overrun any budget: 44 s of 12 on wine."""

    LEARNERS = ("lgbm", "xgboost", "xgb_limitdepth", "rf", "extra_tree")
    METRICS = {"accuracy": "accuracy", "f1": "macro_f1", "logloss": "log_loss", "auc": "roc_auc"}  # noqa: RUF012
    NUMBERS = {"rmse": "rmse", "mae": "mae", "r2": "r2", "rmsle": "rmse"}  # noqa: RUF012

    def search(self, data: pd.DataFrame, truth: np.ndarray, spec: Spec):
        metric = {**self.METRICS, **self.NUMBERS}.get(spec.metric, "accuracy")
        if metric == "roc_auc" and len(spec.classes) > 2:
            metric = "roc_auc_ovr"
        found = importlib.import_module("flaml").AutoML()
        kind = "regression" if spec.kind == "regression" else "classification"
        found.fit(
            data, truth, task=kind, metric=metric, time_budget=spec.seconds, seed=spec.seed, verbose=0,
            n_jobs=spec.threads, estimator_list=list(self.LEARNERS),
        )  # fmt: skip
        return found


class LightAutoML(Searcher):
    """LightAutoML 0.4 with the models of its tabular preset."""

    def search(self, data: pd.DataFrame, truth: np.ndarray, spec: Spec):
        name = {"binary": "binary", "multiclass": "multiclass", "regression": "reg"}[spec.kind]
        task = importlib.import_module("lightautoml.tasks").Task(name)
        make = importlib.import_module("lightautoml.automl.presets.tabular_presets").TabularAutoML
        # It looks at the clock between models alone, so it is told half of what there is.
        found = make(
            task=task,
            timeout=spec.seconds / 2,
            cpu_limit=spec.threads,
            reader_params={"n_jobs": spec.threads, "random_state": spec.seed},
        )
        found.fit_predict(data.assign(target=truth), roles={"target": "target"})
        return found

    def table(self, data: np.ndarray) -> pd.DataFrame:
        """The same with categories as plain text, which it encodes itself."""
        made = super().table(data)
        return made.astype(dict.fromkeys(self.levels_, object))

    def predict(self, data: np.ndarray) -> np.ndarray:
        return np.asarray(self.found_.predict(self.table(data)).data)[:, 0]

    def predict_proba(self, data: np.ndarray) -> np.ndarray:
        chances = np.asarray(self.found_.predict(self.table(data)).data)
        return np.column_stack([1 - chances, chances]) if chances.shape[1] == 1 else chances


class Fedot(Searcher):
    """FEDOT 0.7; its time is given in minutes."""

    def search(self, data: pd.DataFrame, truth: np.ndarray, spec: Spec):
        kind = "regression" if spec.kind == "regression" else "classification"
        make = importlib.import_module("fedot.api.main").Fedot
        found = make(problem=kind, timeout=spec.seconds / 60, seed=spec.seed, n_jobs=spec.threads, preset="fast_train")
        found.fit(features=data, target=truth)
        return found

    def predict(self, data: np.ndarray) -> np.ndarray:
        return np.asarray(self.found_.predict(features=self.table(data))).reshape(len(data))

    def predict_proba(self, data: np.ndarray) -> np.ndarray:
        chances = np.asarray(self.found_.predict_proba(features=self.table(data), probs_for_all_classes=True))
        return chances.reshape(len(data), -1)


TOOLS = {"flaml": Flaml, "lightautoml": LightAutoML, "fedot": Fedot}


def tool(name: str, spec: Spec) -> BaseEstimator:
    """The tool of that name, ready to fit."""
    return TOOLS[name](spec)
