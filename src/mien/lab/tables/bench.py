"""Ten public tables: the dummy, boosting with defaults, installed AutoML tools, and the agent with rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
from sklearn.model_selection import KFold, StratifiedKFold

from mien.errors import MienError, unknown
from mien.lab.tables.agent import Settings
from mien.lab.tables.automl import TOOLS
from mien.lab.tables.learner import Member
from mien.lab.tables.plan import BOOSTING, Fixed, Planner, Rules
from mien.lab.tables.solve import held_out, installed, solve
from mien.lab.tables.table import Table, read
from mien.lab.tables.task import LOSSES, understand
from mien.record import Figure, digest

LARGE = 5000  # rows; a table with more is scored on one held-out part, smaller ones by folds
CLOSE = 0.01  # of the best tool's normalised score
_ADULT = (
    "age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship",
    "race", "sex", "capital_gain", "capital_loss", "hours", "country", "income",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Public:
    """A public table and what is asked of it."""

    sentence: str
    load: Callable[[Path | None], Table]
    file: str = ""


def _bundled(name: str, drop: Sequence[str] = ()) -> Callable[[Path | None], Table]:
    """A table that comes with scikit-learn; its target, or the first of several, is called target."""

    def load(_: Path | None) -> Table:
        bunch = getattr(import_module("sklearn.datasets"), f"load_{name}")(as_frame=True)
        target = pd.DataFrame(bunch.target).iloc[:, 0]
        frame = pd.DataFrame(bunch.data).drop(columns=list(drop)).assign(target=target)
        return Table(pd.DataFrame({str(n): frame[n].map(repr) for n in frame.columns}))

    return load


def _near(file: str) -> Callable[[Path | None], Table]:
    def load(folder: Path | None) -> Table:
        if folder is None:
            raise MienError(f"{file} is not shipped; give the folder that holds it")
        table = read(folder / file, header=not file.startswith("adult"))
        if file.startswith("adult"):
            return Table(table.frame.set_axis(list(_ADULT), axis=1), table.notes)
        return table

    return load


TABLES = {
    "iris": Public("predict target, logloss", _bundled("iris")),
    "wine": Public("predict target, logloss", _bundled("wine")),
    "breast_cancer": Public("predict target, auc", _bundled("breast_cancer")),
    "digits": Public("predict target, accuracy", _bundled("digits")),
    "diabetes": Public("predict target, rmse", _bundled("diabetes")),
    "iris_petal": Public("predict petal width (cm), rmse", _bundled("iris", ["petal length (cm)"])),
    "wine_proline": Public("predict proline, rmse", _bundled("wine")),
    "adult": Public("predict income, auc", _near("adult-train.csv"), "adult-train.csv"),
    "titanic": Public("predict Survived, accuracy", _near("kaggle/titanic/train.csv"), "kaggle/titanic/train.csv"),
    "ghouls": Public("predict type, accuracy", _near("kaggle/ghouls/train.csv"), "kaggle/ghouls/train.csv"),
}


@dataclass(slots=True)
class Row:
    """Scores of one way on one table, a fold each."""

    values: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    planners: set[str] = field(default_factory=set)


def bench(names: Sequence[str], folder: Path | None, seconds: float, folds: int) -> dict[str, Figure]:
    """Figures of some tables; `seconds` is what each way may take for one table, all folds together."""
    tables: dict[str, Figure] = {}
    shares: dict[str, dict[str, float]] = {}
    for name in names:
        if name not in TABLES:
            raise unknown("table", name, TABLES)
        metric, rows = _scored(TABLES[name], folder, seconds, folds)
        tables[name] = {
            "metric": metric,
            "data": _hash(TABLES[name], folder),
            **{way: _figures(row) for way, row in rows.items()},
        }
        shares[name] = {way: _share(metric, float(np.mean(row.values))) for way, row in rows.items()}
    return {"tables": tables, **_summary(shares), "seconds_a_table": seconds, "folds": folds}


def ways() -> dict[str, list[Planner]]:
    """What is compared, by name; tools that are not installed are left out."""
    tools: dict[str, list[Planner]] = {n: [Fixed("AutoML", n, Member(n))] for n in TOOLS if installed(n)}
    return {"dummy": [], "boosting": [BOOSTING], **tools, "agent": [Rules()]}


def _scored(public: Public, folder: Path | None, seconds: float, folds: int) -> tuple[str, dict[str, Row]]:
    table = public.load(folder)
    task = understand(public.sentence, table.frame)
    places = list(_parts(table.frame[task.target], public, folds))
    rows = {way: Row() for way in ways()}
    for held in places:
        for way, planners in ways().items():
            solved = solve(table, public.sentence, planners, Settings(seconds / len(places)), held=held)
            rows[way].values.append(solved.answer.value)
            rows[way].seconds.append(solved.answer.seconds)
            rows[way].planners.add(solved.answer.planner)
    return task.metric, rows


def _parts(truth: pd.Series, public: Public, folds: int) -> Iterator[np.ndarray]:
    """Held-out places: of each fold, or of one fixed part of a large table."""
    task = understand(public.sentence, pd.DataFrame({"other": truth, truth.name: truth}))
    if len(truth) > LARGE or folds < 2:
        yield held_out(truth, task, 0)
        return
    fold = KFold if task.kind == "regression" else StratifiedKFold
    yield from (held for _, held in fold(folds, shuffle=True, random_state=0).split(truth, truth))


def _figures(row: Row) -> Figure:
    return {
        "value": round(float(np.mean(row.values)), 5),
        "folds": [round(v, 5) for v in row.values],
        "longest": round(max(row.seconds), 1),
        "seconds": round(sum(row.seconds), 1),
        "planners": sorted(row.planners),
    }


def _share(metric: str, value: float) -> float:
    return 1 / (1 + value) if metric in LOSSES else value


def _summary(shares: dict[str, dict[str, float]]) -> dict[str, Figure]:
    """Normalised scores, wins over boosting, and the mean distance to the best tool, in its share."""
    rivals = {n: max(v for way, v in row.items() if way != "agent") for n, row in shares.items()}
    gaps = [(rivals[n] - row["agent"]) / max(abs(rivals[n]), 1e-9) for n, row in shares.items()]
    names = next(iter(shares.values()), {})
    return {
        "normalised": {way: round(float(np.mean([row[way] for row in shares.values()])), 5) for way in names},
        "agent_beats_boosting": sum(row["agent"] > row["boosting"] for row in shares.values()),
        "agent_ties_boosting": sum(row["agent"] == row["boosting"] for row in shares.values()),
        "of": len(shares),
        "mean_gap_to_best": round(float(np.mean(gaps)), 5),
        "within_one_percent": bool(np.mean(gaps) <= CLOSE),
        "left_out": [name for name in TOOLS if not installed(name)],
    }


def _hash(public: Public, folder: Path | None) -> str:
    """Of the file behind a table; a bundled one is known by the version of scikit-learn."""
    return digest([folder / public.file]) if folder and public.file else f"scikit-learn {sklearn.__version__}"
