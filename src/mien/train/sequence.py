"""Heads that read a whole stretch of frames: a temporal convolution, a two-way LSTM, a transformer.

Learned on windows drawn anew each epoch, answered on overlapping windows whose probabilities are averaged.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mien.errors import InputError
from mien.train import loop
from mien.train.data import Ints
from mien.train.fit import Task
from mien.train.inputs import Inputs
from mien.train.losses import class_weights
from mien.train.questions import Question
from mien.train.recipe import Kind
from mien.types import Floats

WINDOW = 32  # rows of a window
BATCH = 64  # windows answered at once
HIDDEN = 64
DROPOUT = 0.3
EDGE = 3  # rows to each side of a change of class
EDGE_WEIGHT = 0.5  # what those rows count for once more


class Tcn(nn.Module):
    """Five dilated convolutions with residual sums; (batch, rows, width) → (batch, rows, classes)."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.enter, self.leave = nn.Conv1d(width, HIDDEN, 1), nn.Conv1d(HIDDEN, classes, 1)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(HIDDEN, HIDDEN, 3, dilation=d, padding=d),
                nn.BatchNorm1d(HIDDEN),
                nn.ReLU(),
                nn.Dropout(DROPOUT),
            )
            for d in (1, 2, 4, 8, 16)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Raw class scores of each row."""
        y = self.enter(x.transpose(1, 2))
        for block in self.blocks:
            y = y + block(y)
        return self.leave(y).transpose(1, 2)


class BiLstm(nn.Module):
    """Two layers, both ways."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        half = HIDDEN // 2
        self.lstm = nn.LSTM(width, half, 2, batch_first=True, bidirectional=True, dropout=DROPOUT)
        self.leave = nn.Linear(HIDDEN, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Raw class scores of each row."""
        return self.leave(self.lstm(x)[0])


class Transformer(nn.Module):
    """Two layers of attention over the window, its rows numbered."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.enter, self.place = nn.Linear(width, HIDDEN), nn.Parameter(torch.zeros(WINDOW, HIDDEN))
        layer = nn.TransformerEncoderLayer(HIDDEN, 4, 2 * HIDDEN, DROPOUT, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.leave = nn.Linear(HIDDEN, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Raw class scores of each row."""
        return self.leave(self.encoder(self.enter(x) + self.place[: x.shape[1]]))


class Crossed(nn.Module):
    """Two streams that attend to each other before a head reads both: pictures, and for instance skeletons."""

    def __init__(self, widths: tuple[int, int], head: nn.Module) -> None:
        super().__init__()
        self.left, self.right = (nn.Sequential(nn.LayerNorm(w), nn.Linear(w, HIDDEN), nn.GELU()) for w in widths)
        self.to_right, self.to_left = (nn.MultiheadAttention(HIDDEN, 4, batch_first=True) for _ in widths)
        self.norms = nn.ModuleList([nn.LayerNorm(HIDDEN) for _ in widths])
        self.split, self.head = widths[0], head

    def forward(self, x: Tensor) -> Tensor:
        """Raw class scores of each row, from both streams side by side in the columns of x."""
        a, b = self.left(x[..., : self.split]), self.right(x[..., self.split :])
        seen_b, seen_a = self.to_right(a, b, b, need_weights=False)[0], self.to_left(b, a, a, need_weights=False)[0]
        return self.head(torch.cat([self.norms[0](a + seen_b), self.norms[1](b + seen_a)], -1))


HEADS: dict[Kind, type[Tcn] | type[BiLstm] | type[Transformer]] = {
    "tcn": Tcn,
    "bilstm": BiLstm,
    "transformer": Transformer,
}


def network(inputs: Inputs, kind: Kind, classes: int) -> nn.Module:
    """A head over time for one stream, or for two that attend to each other."""
    width = inputs.values.shape[1]
    if not inputs.second:
        return HEADS[kind](width, classes)
    return Crossed((width - inputs.second, inputs.second), HEADS[kind](2 * HIDDEN, classes))


def edges(truth: Tensor, known: Tensor) -> Tensor:
    """Rows within reach of a change of class (batch, rows); a change beside an unknown row is none."""
    change = (truth[:, 1:] != truth[:, :-1]) & known[:, 1:] & known[:, :-1]
    near = torch.zeros_like(known)
    near[:, 1:] |= change
    near[:, :-1] |= change
    spread = nn.functional.max_pool1d(near[:, None].float(), 2 * EDGE - 1, 1, EDGE - 1)
    return spread[:, 0] > 0


def masked(raw: Tensor, truth: Tensor, known: Tensor, weights: Tensor) -> Tensor:
    """Weighted cross-entropy over known rows, those near a change counted more; zero where none is known."""
    each = nn.functional.cross_entropy(raw.transpose(1, 2), truth, weights, reduction="none")
    factor = known * (1 + EDGE_WEIGHT * edges(truth, known))
    return (each * factor).sum() / known.sum().clamp(min=1)


def fit(task: Task, learn: Inputs, tune: Inputs, seed: int, checkpoint: Path) -> nn.Module:
    """The head at its best epoch on the tuning rows; a finished one is read back."""
    if task.question.link != "softmax":
        raise InputError(f'a head over time learns classes, got the question {task.question.name}; use kind="net"')
    torch.manual_seed(seed)
    plan, classes = task.plan, len(task.question.labels)
    net = network(learn, plan.kind, classes)
    if checkpoint.is_file():
        with loop.reading(checkpoint):
            net.load_state_dict(torch.load(checkpoint, weights_only=True))
        return net.eval()
    known = torch.from_numpy(task.truth.known & learn.seen)
    truth = torch.from_numpy(task.truth.values.argmax(1))
    weights = torch.from_numpy(class_weights(task.truth.values[known.numpy()], plan.weights))
    optimiser = torch.optim.AdamW(net.parameters(), lr=plan.rate, weight_decay=plan.decay)
    best, kept = float("-inf"), copy.deepcopy(net)
    for epoch in range(plan.epochs):
        torch.manual_seed(seed * 1009 + epoch)
        net.train()
        for rows in _windows(learn, plan.batch, np.random.default_rng((seed, epoch))):
            raw = net(learn.values[rows].float())
            optimiser.zero_grad(set_to_none=True)
            masked(raw, truth[rows], known[rows], weights).backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
        found = _tuned(net, tune, task)
        if found >= best:  # of equals the one that learned longest
            best, kept = found, copy.deepcopy(net)
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    part = checkpoint.with_name(checkpoint.name + ".part")
    torch.save(kept.state_dict(), part)
    part.replace(checkpoint)
    return kept.eval()


def _tuned(net: nn.Module, tune: Inputs, task: Task) -> float:
    rows, score = task.tuning.known & tune.seen, task.question.score
    guess = answers(net, tune, task.question)
    return float(score.total(score.rows(task.tuning.values[rows], guess[rows]).sum(0))) if rows.any() else 0.0


def _windows(inputs: Inputs, batch: int, draw: np.random.Generator) -> Iterator[Tensor]:
    """Batches of windows (batch, rows) that cover every video once, from a random first row."""
    starts: list[int] = []
    for a, b in pairwise(inputs.starts.tolist()):
        room = max(b - a - WINDOW, 0)
        shift = int(draw.integers(0, min(WINDOW, room + 1)))
        starts += range(a + shift, max(b - WINDOW + 1, a + shift + 1), WINDOW)
    order = draw.permutation(np.array(starts))
    last = inputs.starts[np.searchsorted(inputs.starts, order, side="right")] - 1  # a short video's end is repeated
    for i in range(0, len(order), batch):
        yield torch.from_numpy(np.minimum(order[i : i + batch, None] + np.arange(WINDOW), last[i : i + batch, None]))


def answers(net: nn.Module, inputs: Inputs, question: Question) -> Floats:
    """Mean over windows, half a window apart, of each row's answers."""
    net.eval()
    total = np.zeros((len(inputs.values), len(question.labels)), np.float32)
    count = np.zeros((len(inputs.values), 1), np.float32)
    with torch.inference_mode():
        for rows in _covers(inputs):
            said = question.read(net(inputs.values[torch.from_numpy(rows)].float()).numpy())
            np.add.at(total, rows, said)
            np.add.at(count, rows, 1)
    return (total / np.maximum(count, 1)).astype(np.float32)


def _covers(inputs: Inputs) -> Iterator[Ints]:
    """Overlapping windows (batch, rows) over every video, each batch of one length; a short video is one window."""
    by_length: dict[int, list[int]] = {}
    for a, b in pairwise(inputs.starts.tolist()):
        last = max(b - WINDOW, a)
        by_length.setdefault(min(WINDOW, b - a), []).extend(sorted({*range(a, last + 1, WINDOW // 2), last}))
    for length, starts in by_length.items():
        for i in range(0, len(starts), BATCH):
            yield np.array(starts[i : i + BATCH])[:, None] + np.arange(length)
