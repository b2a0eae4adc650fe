"""Heads on frozen features: seeded by epoch, kept at their best on the tuning split, resumed where a kill left them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mien.train import loop, sam
from mien.train.data import Mask, Target
from mien.train.inputs import CHUNK, Inputs
from mien.train.losses import LOSSES, binary, class_weights, column_weights
from mien.train.questions import Link, Question
from mien.train.recipe import Plan
from mien.types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A question to be learned: its truth on the learning and on the tuning rows."""

    question: Question
    plan: Plan
    truth: Target
    tuning: Target


def network(width: int, plan: Plan, question: Question) -> nn.Module:
    """A linear layer, or one hidden layer between."""
    outputs = len(question.labels)
    if plan.hidden == 0:
        return nn.Linear(width, outputs)
    return nn.Sequential(nn.Linear(width, plan.hidden), nn.ReLU(), nn.Linear(plan.hidden, outputs))


LINKS = {"softmax": partial(torch.softmax, dim=-1), "tanh": torch.tanh, "sigmoid": torch.sigmoid}


class Chained(nn.Module):
    """A head that reads its inputs and, behind them, what the first head answers to the same."""

    def __init__(self, first: nn.Module, link: Link, own: nn.Module) -> None:
        super().__init__()
        self.first, self.link, self.own = first, link, own

    def forward(self, x: Tensor) -> Tensor:
        """Raw answers."""
        return self.own(torch.cat([x, LINKS[self.link](self.first(x))], 1))


def networks(width: int, tasks: Sequence[Task]) -> nn.ModuleList:
    """A head for each task; the chained ones share the first."""
    lead = tasks[0].question
    first = network(width, tasks[0].plan, lead)
    return nn.ModuleList([
        first,
        *(
            Chained(first, lead.link, network(width + len(lead.labels), t.plan, t.question))
            if t.plan.chained else network(width, t.plan, t.question)
            for t in tasks[1:]
        ),
    ])  # fmt: skip


def weights(task: Task, learn: Mask) -> Tensor:
    """The class weights of a task, from its learning rows alone."""
    truth = task.truth.values[learn]
    if LOSSES[task.plan.loss] is binary:
        return torch.from_numpy(column_weights(truth))
    return torch.from_numpy(class_weights(truth, task.plan.weights) if task.plan.weights != "none" else _ones(truth))


def _ones(truth: Floats) -> Floats:
    return np.ones(truth.shape[1], np.float32)


def answers(net: nn.Module, inputs: Inputs, question: Question) -> Floats:
    """Answers to every row, unseen ones included: their values mean nothing."""
    with torch.inference_mode():
        parts = [net(inputs.values[i : i + CHUNK].float()).numpy() for i in range(0, len(inputs.values), CHUNK)]
    raw = np.concatenate(parts) if parts else np.zeros((0, len(question.labels)), np.float32)
    return question.read(raw)


def fit(tasks: Sequence[Task], learn: Inputs, tune: Inputs, seed: int, checkpoint: Path) -> list[nn.Module]:
    """Learn the tasks together (one task: alone) and give each one's network at its best epoch."""
    torch.manual_seed(seed)
    plan = tasks[0].plan
    nets = networks(learn.values.shape[1], tasks)
    known = [torch.from_numpy(t.truth.known & learn.seen) for t in tasks]
    rows = torch.nonzero(torch.stack(known).any(0)).ravel()
    weight = [weights(t, k.numpy()) for t, k in zip(tasks, known, strict=True)]
    truth = [torch.from_numpy(t.truth.values) for t in tasks]
    optimiser = torch.optim.Adam(nets.parameters(), lr=plan.rate, weight_decay=plan.decay)
    kept = nn.ModuleList([copy.deepcopy(net) for net in nets])  # one by one: at their best they share nothing
    run = _Run(checkpoint, nets, optimiser, [float("-inf")] * len(tasks), kept)
    for epoch in range(run.resume(), plan.epochs):
        order = rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed * 1009 + epoch))]
        nets.train()
        for batch in order.split(plan.batch):
            x = learn.values[batch].float()

            def loss(x: Tensor = x, batch: Tensor = batch) -> Tensor:
                total = x.new_zeros(())
                for i, task in enumerate(tasks):
                    mask = known[i][batch]
                    if mask.sum() > 1:  # a correlation needs two rows
                        raw = nets[i](x[mask])
                        loss_here = LOSSES[task.plan.loss](raw, truth[i][batch][mask], weight[i])
                        total = total + task.plan.weight * loss_here
                return total

            if any(int(k[batch].sum()) > 1 for k in known):
                sam.step(optimiser, loss, plan.sam)
        nets.eval()
        run.keep(epoch, [tuned(net, tune, t) for net, t in zip(nets, tasks, strict=True)])
    return list(run.kept.eval())


def tuned(net: nn.Module, tune: Inputs, task: Task) -> float:
    """The task's own score on the tuning split; where nothing is known there, nothing is better than nothing."""
    rows = task.tuning.known & tune.seen
    if not rows.any():
        return 0.0
    guess = answers(net, tune, task.question)[rows]
    score = task.question.score
    return float(score.total(score.rows(task.tuning.values[rows], guess).sum(0)))


class _Run:
    """The state of a training: networks, optimiser, the best so far, written whole after every epoch."""

    def __init__(
        self, path: Path, nets: nn.ModuleList, optimiser: torch.optim.Optimizer, best: list[float], kept: nn.ModuleList
    ) -> None:
        self.path, self.nets, self.optimiser, self.best, self.kept = path, nets, optimiser, best, kept

    def resume(self) -> int:
        """The epoch to go on with."""
        if not self.path.is_file():
            return 0
        with loop.reading(self.path):
            state = torch.load(self.path, weights_only=True)
            self.nets.load_state_dict(state["nets"])
            self.kept.load_state_dict(state["kept"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.best = [float(b) for b in state["best"]]
            return int(state["epoch"])

    def keep(self, epoch: int, scores: list[float]) -> None:
        """Take over the networks that are better, or as good and learned longer, and write all down."""
        for i, score in enumerate(scores):
            if score >= self.best[i]:
                self.best[i] = score
                self.kept[i].load_state_dict(self.nets[i].state_dict())
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(self.path.name + ".part")
        state = {"nets": self.nets.state_dict(), "kept": self.kept.state_dict(), "best": self.best}
        torch.save(state | {"optimiser": self.optimiser.state_dict(), "epoch": epoch + 1}, part)
        part.replace(self.path)
