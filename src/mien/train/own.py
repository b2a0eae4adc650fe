"""Your own folder of labelled faces → a head on a frozen network → one ONNX file with its card."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mien import store
from mien.card import Card, Output
from mien.errors import InputError, ModelError
from mien.geometry import shrink
from mien.io import photo
from mien.io.folder import photos
from mien.io.whole import whole
from mien.labels import EXPRESSIONS
from mien.models import Model
from mien.train import extract, fit
from mien.train.data import Ints, Mask, Target
from mien.train.inputs import Inputs
from mien.train.questions import Question
from mien.train.recipe import Plan
from mien.train.tally import MACRO_F1
from mien.types import Floats, Pixels

QUESTION = Question("own", EXPRESSIONS, "softmax", MACRO_F1)
PLAN = Plan("cross_entropy", "balanced", epochs=30, batch=64, decay=1e-4)
TUNED = 0.2
TENSOR = "own_expression"
NEVER = -30.0  # the bias of a class without pictures


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """What a network says of the pictures, their classes, and whom they show."""

    model: Model
    features: Floats  # (n, width)
    classes: Ints  # (n,) places in EXPRESSIONS
    people: tuple[str, ...]
    files: tuple[Path, ...]

    @property
    def one_hot(self) -> Floats:
        """The classes as rows (n, 8)."""
        return np.eye(len(EXPRESSIONS), dtype=np.float32)[self.classes]


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """A linear layer on the network's embedding, and its macro-F1 on the people it did not learn from."""

    model: Model
    weight: Floats  # (8, width)
    bias: Floats  # (8,)
    score: float


def folder(path: Path, model: Model) -> Faces:
    """Pictures in folders called by expressions, cropped to the face; `person_anything.jpg` tells whom it shows."""
    kinds = sorted(p for p in path.glob("*/") if p.is_dir())
    strange = [p.name for p in kinds if p.name not in EXPRESSIONS.names]
    if strange or not kinds:
        raise InputError(
            f"{path} must hold folders called {', '.join(EXPRESSIONS)}, got {', '.join(strange) or 'none'}"
        )
    listed = [(p, EXPRESSIONS.index(kind.name)) for kind in kinds for p in photos(kind)]
    files, classes = tuple(p for p, _ in listed), np.array([c for _, c in listed], np.int64)
    people = tuple(p.stem.partition("_")[0] for p in files)
    features = model.answers(crops(files, model.card.input.size))[extract.embedding(model)].values
    return Faces(model, features, classes, people, files)


def crops(files: Sequence[Path], side: int) -> Iterator[Pixels]:
    """Each picture as the square that the network sees."""
    return (shrink(photo.read(p).pixels, (side, side)) for p in files)


def held_out(people: tuple[str, ...]) -> Mask:
    """Pictures of the fifth of the people whose names hash lowest; at least one person, never all."""
    keys = [hashlib.sha256(p.encode()).hexdigest() for p in people]
    every = sorted(set(keys))
    if len(every) < 2:
        raise InputError(f"learning needs pictures of two people or more, got {len(every)}; see the files' names")
    chosen = set(every[: max(round(TUNED * len(every)), 1)])
    return np.array([k in chosen for k in keys])


def learn(faces: Faces, seed: int = 0, plan: Plan = PLAN) -> Learned:
    """The layer at its best epoch."""
    out = held_out(faces.people)
    target = Target(faces.one_hot, np.ones(len(out), bool))
    middle, spread = faces.features[~out].mean(0), faces.features[~out].std(0)
    least, most = 0.05 * spread.max() + 1e-6, np.abs(faces.features).max()
    alike = spread.max() < 1e-3 * most  # one picture, or copies of it: how far columns move is not known
    spread = np.maximum(spread, most if alike else least)  # a column that hardly moves is not blown up
    even = (faces.features - middle) / spread
    task = fit.Task(QUESTION, plan, target.pick(~out), target.pick(out))
    with tempfile.TemporaryDirectory() as work:
        (net,) = fit.fit([task], _inputs(even[~out]), _inputs(even[out]), seed, Path(work) / "own.pt")
    weight, bias = (p.detach().numpy() for p in net.parameters())
    missing = faces.one_hot[~out].sum(0) == 0
    weight, bias = weight / spread, np.where(missing, NEVER, bias - weight @ (middle / spread))
    weight[missing] = 0
    weight, bias = weight.astype(np.float32), bias.astype(np.float32)
    shipped = faces.features[out] @ weight.T + bias  # never a missing class, as the fitted net may say
    told = MACRO_F1.rows(faces.one_hot[out], shipped)
    return Learned(faces.model, weight, bias, float(MACRO_F1.total(told.sum(0))))


def _inputs(features: Floats) -> Inputs:
    import torch

    n = len(features)
    return Inputs(torch.from_numpy(features.astype(np.float16)), np.ones(n, bool), np.array([0, n], np.int64))


def ship(head: Learned, file: Path, card: Path) -> None:
    """The network with the new layer for expressions in place of its own, checked on the way; all else as it was."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    base = head.model.card
    tensor = next((o.tensor for o in base.outputs if o.head.startswith("embedding") and not base.embedding), None)
    graph = onnx.load_from_string(store.read(base))
    if tensor is None or tensor not in [o.name for o in graph.graph.output]:
        raise ModelError(f"{base.name} does not give its embedding as an output of its graph; use mien_s.default")
    made = f"{TENSOR}{len(graph.graph.node)}"  # a network of ours that learns once more has such a layer already
    weights = {f"{made}.weight": head.weight, f"{made}.bias": head.bias}
    graph.graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in weights.items())
    graph.graph.node.append(helper.make_node("Gemm", [tensor, *weights], [made], transB=1))
    graph.graph.output.append(helper.make_tensor_value_info(made, TensorProto.FLOAT, ["n", len(EXPRESSIONS)]))
    others = tuple(o for o in base.outputs if o.head != "expression")
    outputs = (Output("expression", made, 0, len(EXPRESSIONS)), *others)
    note = f"expressions learned anew on {base.name}"
    write(graph.SerializeToString(), replace(base, outputs=outputs, note=note), file, card)


def write(content: bytes, made: Card, file: Path, card: Path) -> None:
    """A network's file and its card, named after their paths."""
    made = replace(
        made,
        name=card.stem,
        file=file.name,
        aliases=(),
        url="",
        hash="sha256:" + hashlib.sha256(content).hexdigest(),
        size=len(content),
    )
    with whole(file) as part:
        part.write_bytes(content)
    with whole(card) as part:
        part.write_text(made.to_json() + "\n")
