"""Ten public tables: the dummy, boosting with defaults, installed AutoML tools, and the agent with rules."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import logging
import multiprocessing
import os
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import sklearn
from sklearn.model_selection import KFold, StratifiedKFold

from mien.errors import MienError, unknown
from mien.lab.tables import automl, learner, models, script
from mien.lab.tables.agent import Settings
from mien.lab.tables.automl import TOOLS
from mien.lab.tables.models import Member
from mien.lab.tables.plan import Recipe, Rules
from mien.lab.tables.sandbox import Limits
from mien.lab.tables.solve import held_out, installed, prepared, solve
from mien.lab.tables.table import Table, read
from mien.lab.tables.task import Task, understand
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


@dataclass(frozen=True, slots=True)
class Effort:
    """What each way may spend on one table, all folds together, and how tables are cut."""

    seconds: float
    folds: int = 5
    threads: int = 2


@dataclass(frozen=True, slots=True)
class Job:
    """One fit of one way: a table's name, the number of the fold, the way, and what it may spend."""

    table: str
    fold: int
    way: str
    effort: Effort
    folder: Path | None = None
    data: str = ""  # the hash of the table and of this code


@dataclass(frozen=True, slots=True)
class Done:
    """The score of one fit, or why there is none; `seconds` without the time to load the libraries."""

    table: str
    fold: int
    way: str
    key: str
    value: float | None
    seconds: float
    fault: str = ""


def bench(names: Sequence[str], folder: Path | None, effort: Effort, log: Path) -> dict[str, Figure]:
    """Figures of some tables; each fit goes to the log, and only what is not there or failed is done."""
    for name in names:
        if name not in TABLES:
            raise unknown("table", name, TABLES)
    found: list[Done] = []
    with Workers(effort.threads) as workers:
        known = {(d.table, d.fold, d.way): d for d in read_log(log)}
        for job in jobs(names, folder, effort):
            done = known.get((job.table, job.fold, job.way))
            if done is None or done.key != _key(job) or done.fault:
                done = workers.run(job)
                with log.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(done)) + "\n")
            found.append(done)
    tables = {name: _table(name, folder, [d for d in found if d.table == name]) for name in names}
    shares = {name: _shares(name, folder, [d for d in found if d.table == name]) for name in names}
    return {"tables": tables, **summary(shares), **asdict(effort), "left_out": [n for n in TOOLS if not installed(n)]}


def read_log(log: Path) -> list[Done]:
    """Fits of an earlier run; a line that a kill has cut is left out."""
    found: list[Done] = []
    for line in log.read_text("utf-8").splitlines() if log.exists() else []:
        try:
            found.append(Done(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found


def ways() -> list[str]:
    """What is compared, by name; tools that are not installed are left out."""
    return ["dummy", "boosting", *(name for name in TOOLS if installed(name)), "agent"]


def jobs(names: Sequence[str], folder: Path | None, effort: Effort) -> Iterator[Job]:
    """Every fit, table by table and fold by fold, so that ways meet the same machine."""
    for name in names:
        _, task, places = _parts(name, folder, effort.folds)
        code = digest([Path(__file__).with_name(f) for f in ("learner.py", "models.py", "automl.py", "agent.py")])
        data = f"{_hash(TABLES[name], folder)} {code} {task.metric}"
        for fold, way in itertools.product(range(len(places)), ways()):
            yield Job(name, fold, way, effort, folder, data)


def _key(job: Job) -> str:
    """Changes with all that a score depends on."""
    effort = job.effort
    return hashlib.sha256(f"{job.data} {effort.seconds} {effort.folds} {effort.threads}".encode()).hexdigest()[:16]


class Workers:
    """One process at a time does a fit; it starts with the libraries loaded and is ended when its time is over."""

    def __init__(self, threads: int) -> None:
        # Libraries read these when they are loaded, which is in the server that the processes are copies of.
        self._before = dict(os.environ)
        os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
        self._context = multiprocessing.get_context("forkserver")
        loaded = [module for name in TOOLS if installed(name) for module in _LOADED[name]]
        self._context.set_forkserver_preload([__name__, *loaded])

    def __enter__(self) -> Workers:
        first = self._context.Process(target=installed, args=("",))  # loads the libraries, which no fit is to pay for
        first.start()
        first.join()
        return self

    def __exit__(self, *_: object) -> None:
        os.environ.clear()
        os.environ |= self._before

    def run(self, job: Job) -> Done:
        """The fit of a job; one that is far over its time is ended and said to have failed."""
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_work, args=(job, theirs))
        process.start()
        theirs.close()
        start, least = time.monotonic(), 2 * _seconds(job) + 20
        try:
            value, seconds, fault = ours.recv() if ours.poll(least) else (None, least, f"stopped after {least:.0f} s")
        except EOFError:
            process.join()
            value, seconds, fault = None, time.monotonic() - start, f"it ended with code {process.exitcode}"
        if process.is_alive() and process.pid is not None:
            process.join(2)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        process.join()
        return Done(job.table, job.fold, job.way, _key(job), value, round(seconds, 2), fault)


_LOADED = {
    "flaml": ("flaml.automl.model", "lightgbm", "xgboost"),
    "lightautoml": ("lightautoml.automl.presets.tabular_presets", "catboost"),
    "fedot": ("fedot.api.main",),
}


def _seconds(job: Job) -> float:
    return job.effort.seconds / len(_parts(job.table, job.folder, job.effort.folds)[2])


def _work(job: Job, pipe: Connection) -> None:
    """In a process of its own: fit, score, send."""
    os.setsid()  # so that all it starts can be ended with it
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    try:
        job = replace(job, folder=job.folder and job.folder.resolve())
        with TemporaryDirectory() as scratch:
            os.chdir(scratch)  # tools leave files where they stand
            pipe.send((*(_agent(job) if job.way == "agent" else _direct(job)), ""))
    except Exception as error:
        pipe.send((None, 0.0, f"{type(error).__name__}: {error}"[:300]))


def _agent(job: Job) -> tuple[float, float]:
    """The score of the agent with rules, of which all time counts."""
    table, _, places = _parts(job.table, job.folder, job.effort.folds)
    settings = Settings(_seconds(job), limits=Limits(threads=job.effort.threads))
    answer = solve(table, TABLES[job.table].sentence, [Rules()], settings, held=places[job.fold]).answer
    if answer.planner != "rules":
        raise MienError("it fell back to the dummy: " + "; ".join(answer.faults[-3:]))
    return answer.value, answer.seconds


def _direct(job: Job) -> tuple[float, float]:
    """The score of one model or tool, with the same columns and rows as the agent has, and its search's seconds."""
    models.tool = automl.tool
    table, _, places = _parts(job.table, job.folder, job.effort.folds)
    case, seen, held, _ = prepared(table, TABLES[job.table].sentence, places[job.fold])
    recipe = Recipe(job.way, (Member(job.way),))
    spec = script.spec(case, recipe, 0, seconds=_seconds(job), threads=job.effort.threads)
    start, truth = time.monotonic(), learner.answers(held, spec)
    fitted = learner.fit(learner.features(seen, spec), learner.answers(seen, spec), spec)
    seconds = time.monotonic() - start
    return learner.score(spec.metric, truth, learner.guess(fitted, learner.features(held, spec), spec)), seconds


@cache
def _parts(name: str, folder: Path | None, folds: int) -> tuple[Table, Task, tuple[np.ndarray, ...]]:
    """A table, its task, and held-out places: of each fold, or of one fixed part of a large table."""
    public = TABLES[name]
    table = public.load(folder)
    task = understand(public.sentence, table.frame)
    truth = table.frame[task.target]
    if len(truth) > LARGE or folds < 2:
        return table, task, (held_out(truth, task, 0),)
    fold = KFold if task.kind == "regression" else StratifiedKFold
    return table, task, tuple(held for _, held in fold(folds, shuffle=True, random_state=0).split(truth, truth))


def _table(name: str, folder: Path | None, found: Sequence[Done]) -> Figure:
    task = understand(TABLES[name].sentence, TABLES[name].load(folder).frame)
    rows = {way: [d for d in found if d.way == way] for way in ways()}
    return {"metric": task.metric, "data": _hash(TABLES[name], folder), **{w: figures(r) for w, r in rows.items()}}


def figures(row: Sequence[Done]) -> Figure:
    """Of one way on one table; it has no value where any of its fits failed."""
    values = [d.value for d in row if d.value is not None]
    return {
        "value": round(float(np.mean(values)), 5) if len(values) == len(row) else None,
        "folds": [None if d.value is None else round(d.value, 5) for d in row],
        "longest": max(d.seconds for d in row),
        "seconds": round(sum(d.seconds for d in row), 1),
        "failed": sorted({d.fault for d in row if d.fault}),
    }


def _shares(name: str, folder: Path | None, found: Sequence[Done]) -> dict[str, float | None]:
    """The normalised score of each way, of the mean over folds; absent where a fit failed."""
    task = understand(TABLES[name].sentence, TABLES[name].load(folder).frame)
    shares: dict[str, float | None] = {}
    for way in ways():
        values = [d.value for d in found if d.way == way]
        known = [v for v in values if v is not None]
        shares[way] = task.share(float(np.mean(known))) if known and len(known) == len(values) else None
    return shares


def summary(shares: Mapping[str, Mapping[str, float | None]]) -> dict[str, Figure]:
    """Normalised scores, wins over boosting, and the mean distance to the best tool, in its share.

    A way that failed on a table has its dummy's score there; the tables are listed.
    """
    filled = {n: {w: row["dummy"] if v is None else v for w, v in row.items()} for n, row in shares.items()}
    plain = {n: {w: v for w, v in row.items() if v is not None} for n, row in filled.items()}
    rivals = {n: max(v for way, v in row.items() if way != "agent") for n, row in plain.items()}
    gaps = {n: (rivals[n] - row["agent"]) / max(abs(rivals[n]), 1e-9) for n, row in plain.items()}
    names = list(next(iter(shares.values()), {}))
    return {
        "normalised": {way: round(float(np.mean([row[way] for row in plain.values()])), 5) for way in names},
        "agent_beats_boosting": sum(row["agent"] > row["boosting"] for row in plain.values()),
        "agent_ties_boosting": sum(row["agent"] == row["boosting"] for row in plain.values()),
        "of": len(shares),
        "gaps": {n: round(gap, 5) for n, gap in gaps.items()},
        "mean_gap_to_best": round(float(np.mean(list(gaps.values()))), 5),
        "within_one_percent": bool(np.mean(list(gaps.values())) <= CLOSE),
        "failed": {way: [n for n, row in shares.items() if row[way] is None] for way in names},
    }


def _hash(public: Public, folder: Path | None) -> str:
    """Of the file behind a table; a bundled one is known by the version of scikit-learn."""
    return digest([folder / public.file]) if folder and public.file else f"scikit-learn {sklearn.__version__}"
