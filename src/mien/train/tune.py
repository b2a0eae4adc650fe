"""Your own folder of labelled faces → a shipped network learns on, all of it → one ONNX file and its card."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mien import store
from mien.card import Card, Output
from mien.errors import ModelError
from mien.geometry import luma, normalise
from mien.labels import EXPRESSIONS
from mien.link import softmax
from mien.runtime.onnx import Onnx
from mien.train import augment, own
from mien.train.data import Ints
from mien.train.inputs import CHUNK
from mien.train.losses import LOSSES, class_weights
from mien.train.nets import FaceNet
from mien.train.recipe import LossName
from mien.train.replica import Replica
from mien.train.tally import MACRO_F1
from mien.types import Floats

TENSOR = "expression"
APART = 0.02  # most that the written file's raw answers may lie from the trained ones: it keeps weights in 16 bits


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast; the papers' rate is 1e-4."""

    epochs: int = 3
    rate: float = 1e-4
    batch: int = 64


PLAN = Plan()


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Grey faces (n, S, S), their classes (n, k), and which k of the network's expressions these are."""

    images: NDArray[np.uint8]
    truth: Floats
    columns: Ints
    loss: LossName = "cross_entropy"


@dataclass(frozen=True, slots=True, eq=False)
class Tuned:
    """The network at its best epoch, and its macro-F1 on the people it did not learn from."""

    base: Card
    net: Replica
    score: float
    images: NDArray[np.uint8]  # of those people


def adapt(net: Replica, lesson: Lesson, plan: Plan, seed: int) -> Iterator[int]:
    """Learn without end, a step at a time; gives the number of steps done."""
    optimiser = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=plan.rate)
    weight = torch.from_numpy(class_weights(lesson.truth, "balanced"))
    step = 0
    while True:
        rows = _rows(len(lesson.images), plan.batch, seed, step)
        raw = _answers(net, lesson.images[rows], seed * 1_000_003 + step)[:, torch.from_numpy(lesson.columns)]
        loss = LOSSES[lesson.loss](raw.float(), torch.from_numpy(lesson.truth[rows]), weight)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        step += 1
        yield step


def per_epoch(lesson: Lesson, plan: Plan) -> int:
    """Steps that see every face once; the last faces that fill no batch wait for the next epoch's order."""
    return max(len(lesson.images) // plan.batch, 1)


def _rows(count: int, batch: int, seed: int, step: int) -> Ints:
    epoch, place = divmod(step, max(count // batch, 1))
    return np.random.default_rng((seed, epoch)).permutation(count)[place * batch : (place + 1) * batch]


def _answers(net: Replica, images: NDArray[np.uint8], draw: int) -> Tensor:
    """Raw expressions of faces turned and lit anew."""
    rng = torch.Generator().manual_seed(draw)
    flips = torch.rand(len(images), generator=rng) < 0.5
    batch = augment.faces(torch.from_numpy(images), flips, FaceNet.SIZE, augment.Strength(), rng)
    with torch.autocast("cpu", torch.bfloat16):
        return net(batch)[TENSOR]


def ask(net: Replica, images: NDArray[np.uint8], tensor: str = TENSOR) -> Floats:
    """Raw answers to grey faces of the network's own size."""
    parts = []
    with torch.inference_mode():
        for start in range(0, len(images), CHUNK >> 6):
            batch = torch.from_numpy(images[start : start + (CHUNK >> 6), None]).float()
            parts.append(net((batch / 255 - 0.5) / 0.25)[tensor].numpy())
    return np.concatenate(parts)


def replica(card: Card) -> Replica:
    """The network of a card, ready to learn."""
    how = card.input
    if (how.size, how.mean, how.std) != (FaceNet.SIZE, (0.5,), (0.25,)):
        raise ModelError(f"fine-tuning knows the networks that ship, as mien_s.default.fp32, got {card.name}")
    return Replica(store.read(card))


def learn(head: own.Learned, faces: own.Faces, plan: Plan = PLAN, seed: int = 0) -> Tuned:
    """From the head learned on the frozen network, all weights together; as good on the fifth held out, or better."""
    net, out = replica(head.model.card), own.held_out(faces.people)
    weight, bias = net.layer(TENSOR)
    weight.data, bias.data = torch.from_numpy(head.weight.copy()), torch.from_numpy(head.bias.copy())
    images = np.stack([luma(c) for c in own.crops(faces.files, FaceNet.SIZE)])
    lesson = Lesson(images[~out], faces.one_hot[~out], np.arange(len(EXPRESSIONS)))
    every, best, kept = per_epoch(lesson, plan), head.score, copy.deepcopy(net.state_dict())
    for step in islice(adapt(net, lesson, plan, seed), every * plan.epochs):
        score = _score(net, images[out], faces.one_hot[out]) if step % every == 0 else best
        if score > best:
            best, kept = score, copy.deepcopy(net.state_dict())
    net.load_state_dict(kept)
    return Tuned(head.model.card, net, best, images[out])


def _score(net: Replica, images: NDArray[np.uint8], truth: Floats) -> float:
    return float(MACRO_F1.total(MACRO_F1.rows(truth, softmax(ask(net, images))).sum(0)))


def ship(tuned: Tuned, file: Path, card: Path) -> None:
    """The network and its card: expressions and the embedding alone, for the other answers learned nothing."""
    embeddings = tuple(o for o in tuned.base.outputs if o.head.startswith("embedding"))
    outputs = (Output("expression", TENSOR, 0, len(EXPRESSIONS)), *embeddings)
    content = tuned.net.content([o.tensor for o in outputs])
    crops = list(tuned.images[:8, :, :, None])
    written = Onnx(content, threads=1).run(normalise(crops, tuned.base.input))[TENSOR]
    apart = float(np.abs(written - ask(tuned.net, tuned.images[:8])).max())
    if apart > APART:
        raise ModelError(f"the file's answers differ from the trained ones by {apart:.2g}, wanted at most {APART}")
    own.write(content, replace(tuned.base, outputs=outputs, note=f"fine-tuned from {tuned.base.name}"), file, card)
