"""LightAutoML as a head on frozen features, where the extra `automl` is installed.

Only its random forests and its linear model are asked: they answer several columns at once, and bring no weights of
other people's training. Whoever runs a recipe without the extra gets scikit-learn's boosting, and reads so.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from mien.train.questions import Question
from mien.types import Floats

if TYPE_CHECKING:
    import pandas as pd

ALGORITHMS = [["rf", "linear_l2"]]
SECONDS = 600  # as long as the paper let it search
KINDS = {"softmax": "multiclass", "sigmoid": "multilabel", "tanh": "multi:reg"}  # by how the question reads raw answers
ALONE = {"multilabel": "binary", "multi:reg": "reg"}  # the same with a single column


def installed() -> bool:
    """Whether LightAutoML can be asked."""
    return importlib.util.find_spec("lightautoml") is not None


def tool() -> str:
    """What a member of this kind is learned by here, for the result file."""
    if not installed():
        return "scikit-learn's gradient boosting in place of LightAutoML, which is not installed"
    return f"LightAutoML {importlib.metadata.version('lightautoml')}"


def learn(question: Question, x: Floats, truth: Floats, seed: int) -> Callable[[Floats], Floats]:
    """From rows (n, w) and their truth (n, k), every column of which varies: rows → answers (m, k)."""
    kind, columns = KINDS[question.link], truth
    if kind == "multiclass":
        columns = truth.argmax(1)[:, None].astype(np.float32)
    elif truth.shape[1] == 1:
        kind = ALONE[kind]
    names = [f"y{i}" for i in range(columns.shape[1])]
    search = importlib.import_module("lightautoml.automl.presets.tabular_presets").TabularAutoML(
        task=importlib.import_module("lightautoml.tasks").Task(kind),
        timeout=SECONDS,
        cpu_limit=1,
        general_params={"use_algos": ALGORITHMS},
        rf_params={"default_params": {"n_jobs": 1, "verbose": 0}},
        reader_params={"n_jobs": 1, "random_state": seed},
    )
    roles = {"target": names if len(names) > 1 else names[0]}
    search.fit_predict(_frame(x).assign(**dict(zip(names, columns.T, strict=True))), roles=roles)

    def answer(rows: Floats) -> Floats:
        said = np.asarray(search.predict(_frame(rows)).data, np.float32)
        if kind != "multiclass":
            return said
        values = np.zeros((len(rows), truth.shape[1]), np.float32)
        values[:, np.unique(columns).astype(int)] = said
        return values

    return answer


def _frame(x: Floats) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(x, columns=[f"x{i}" for i in range(x.shape[1])])
