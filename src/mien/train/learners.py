"""The kinds of heads, each learned in its own way and then asked in the same one: inputs → answers (n, k)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from torch import nn

from mien.errors import InputError
from mien.fusion.compound import compound
from mien.labels import AFFECTNET8, COMPOUND, VALENCE_AROUSAL
from mien.link import softmax
from mien.train import automl, fit, sequence
from mien.train.fit import Task
from mien.train.inputs import Inputs
from mien.train.questions import Question
from mien.train.recipe import Recipe
from mien.train.tally import moments
from mien.types import Floats, Labels, Reading, Signal

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.svm import LinearSVC

Answer = Callable[[Inputs], Floats]
MOST = 20_000  # rows that a kernel machine or boosting learns from; the rest is thinned out evenly
NATIVE = Labels("network", (*AFFECTNET8, *VALENCE_AROUSAL))


def learn(tasks: Sequence[Task], learn: Inputs, tune: Inputs, seed: int, path: Path) -> list[Answer]:
    """An answer for each task; several learn together as networks only."""
    kind = tasks[0].plan.kind
    if kind == "net":
        nets = fit.fit(tasks, learn, tune, seed, path)
        return [partial(_ask, net, task.question) for net, task in zip(nets, tasks, strict=True)]
    if len(tasks) > 1:
        raise InputError(f"heads of the kind {kind} learn one at a time, got {len(tasks)}")
    (task,) = tasks
    if kind == "pretrained":
        return [partial(native, task.question)]
    if kind == "automl" and automl.installed():
        return [searched(task, learn, seed)]
    if kind in ("svm", "boosting", "automl"):
        return [classic(task, learn, seed)]
    return [partial(_ask_sequence, sequence.fit(task, learn, tune, seed, path), task.question)]


def tools(recipe: Recipe) -> tuple[str, ...]:
    """What learns the members whose learner depends on what is installed."""
    return (automl.tool(),) * any(m.plan.kind == "automl" for part in recipe.parts for m in part.members)


def _ask(net: nn.Module, question: Question, inputs: Inputs) -> Floats:
    return fit.answers(net, inputs, question)


def _ask_sequence(net: nn.Module, question: Question, inputs: Inputs) -> Floats:
    return sequence.answers(net, inputs, question)


def native(question: Question, inputs: Inputs) -> Floats:
    """The network's own answers, its logits read without any head of ours: labels matched by name."""
    raw = inputs.values[:, : len(NATIVE)].float().numpy()
    if question.link == "tanh":
        return np.clip(Reading(raw, NATIVE).to(question.labels).values, -1, 1)
    if question.labels is COMPOUND:
        every = Signal(np.arange(len(raw), dtype=np.float64), softmax(raw[:, :8]), inputs.seen, AFFECTNET8)
        return compound(every).values
    common = [i for i, n in enumerate(AFFECTNET8) if n in question.labels.names]
    if not common:
        raise InputError(f"a pre-trained network's logits answer none of {', '.join(question.labels)}; learn a head")
    sure = np.exp(raw[:, common] - raw[:, common].max(1, keepdims=True, initial=-np.inf))
    values = np.zeros((len(raw), len(AFFECTNET8)), np.float32)
    values[:, common] = sure / np.maximum(sure.sum(1, keepdims=True), 1e-12)
    return Reading(values, AFFECTNET8).to(question.labels).values


def searched(task: Task, learn: Inputs, seed: int) -> Answer:
    """What LightAutoML finds; a column that never changes is not asked for."""
    x, truth = _rows(task, learn)
    columns, constant = np.flatnonzero(truth.std(0) > 0), truth.mean(0).astype(np.float32)
    found = automl.learn(task.question, x, truth[:, columns], seed)

    def answer(inputs: Inputs) -> Floats:
        values = np.tile(constant, (len(inputs.values), 1))
        values[:, columns] = found(_unit(inputs.values.float().numpy()))
        return values

    return answer


def _rows(task: Task, learn: Inputs) -> tuple[Floats, Floats]:
    """What is seen and known to learn from, thinned out."""
    rows = np.flatnonzero(task.truth.known & learn.seen)
    rows = rows[:: max(len(rows) // MOST, 1)]
    return _unit(learn.values[rows].float().numpy()), task.truth.values[rows]


def classic(task: Task, learn: Inputs, seed: int) -> Answer:
    """A linear support vector machine, or gradient boosting: a class at a time, or a column at a time."""
    x, truth = _rows(task, learn)
    models = [_model(task, seed).fit(x, truth[:, i]) for i in range(truth.shape[1]) if truth[:, i].std() > 0]
    columns = [i for i in range(truth.shape[1]) if truth[:, i].std() > 0]
    constant = truth.mean(0).astype(np.float32)

    def answer(inputs: Inputs) -> Floats:
        values = np.tile(constant, (len(inputs.values), 1))
        seen = _unit(inputs.values.float().numpy())
        for i, model in zip(columns, models, strict=True):
            values[:, i] = _said(model, seen)
        return task.question.read(values) if task.plan.kind == "svm" else values

    return answer


def _model(task: Task, seed: int) -> LinearSVC | HistGradientBoostingClassifier | HistGradientBoostingRegressor:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.svm import LinearSVC

    if task.plan.kind == "svm":
        return LinearSVC(C=task.plan.rate, random_state=seed)
    if task.question.score.rows is moments:
        return HistGradientBoostingRegressor(max_iter=task.plan.epochs, random_state=seed)
    return HistGradientBoostingClassifier(max_iter=task.plan.epochs, random_state=seed)


def _said(model: LinearSVC | HistGradientBoostingClassifier | HistGradientBoostingRegressor, x: Floats) -> Floats:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.svm import LinearSVC

    if isinstance(model, LinearSVC):
        return model.decision_function(x)
    return model.predict_proba(x)[:, 1] if isinstance(model, HistGradientBoostingClassifier) else model.predict(x)


def _unit(x: Floats) -> Floats:
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
