"""Compression as a pipeline of steps: `whiten(40) | tune | quantize(8)`."""

import copy
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from mien.errors import InputError, unknown
from mien.lab.lm.lowrank import Activity, linear, narrow, observe, project
from mien.lab.lm.maps import LowRank, TensorTrain, TrainTable, decompose, factor
from mien.lab.lm.models import GATES, LanguageModel, Layer, Map
from mien.lab.lm.storage import decode, encode
from mien.lab.lm.thin import cut, flows

PARTS = ("embedding", "recurrent", "output")
TRAINED = ("tune", "gradual")  # the steps that are a training
Train = TypeVar("Train", bound=TensorTrain)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name, its number, and the parts it is held to (none means all)."""

    name: str
    number: float = 0.0
    parts: tuple[str, ...] = ()

    def touches(self, part: str) -> bool:
        """Whether the step is to change this part."""
        return not self.parts or part in self.parts


Tune = Callable[[LanguageModel, Step], LanguageModel]


def parse(text: str) -> tuple[Step, ...]:
    """Steps of a pipeline such as `prune(0.9, output) | tune | quantize(8)`."""
    return tuple(_step(part.strip()) for part in text.split("|"))


def compress(model: LanguageModel, steps: Sequence[Step], text: Tensor, tune: Tune) -> LanguageModel:
    """A smaller model; the given one stays as it is. `text` (n,) is read by steps that look at what flows through, and
    `tune` trains it for a step of that name and for `gradual`, which prunes meanwhile."""
    model = _own(model, apart=any(step.name != "quantize" for step in steps))
    for step in steps:
        model = tune(model, step) if step.name in TRAINED else STEPS[step.name](model, step, text)
    return model


def matrices(model: LanguageModel, step: Step) -> list[nn.Parameter]:
    """Every matrix of the parts that the step touches."""
    touched = [model.get_submodule("layers" if part == "recurrent" else part) for part in PARTS if step.touches(part)]
    return [weight for module in touched for weight in module.parameters() if weight.dim() > 1]


def prune(model: LanguageModel, step: Step, text: Tensor) -> LanguageModel:
    """Zero the given share of the weights of each matrix, the smallest in magnitude."""
    for weight in matrices(model, step):
        size = weight.detach().abs()
        if count := round(step.number * size.numel()):
            weight.data[size <= size.flatten().kthvalue(count).values] = 0
    return model


def thin(model: LanguageModel, step: Step, text: Tensor) -> LanguageModel:
    """Zero the given share of all weights, those the loss spares most easily on the text; the others are refitted."""
    cut([flow for flow in flows(model, text) if step.touches(flow.part)], step.number)
    return model


def quantize(model: LanguageModel, step: Step, text: Tensor) -> LanguageModel:
    """Round every matrix to what a file of so many bits per weight can hold."""
    model.bits = int(step.number)
    for weight in model.parameters():
        weight.data = decode(encode(weight.detach(), model.bits), weight.shape)
    return model


def low_rank(model: LanguageModel, step: Step, text: Tensor) -> LanguageModel:
    """Factor the matrices: all together with the papers' shared projections, or single parts into pairs."""
    return _low_rank(model, step, None)


def whiten(model: LanguageModel, step: Step, text: Tensor) -> LanguageModel:
    """As `lowrank`, but the factors keep what the layers compute on the text rather than the matrices themselves."""
    return _low_rank(model, step, observe(model, text))


def tensor_train(model: LanguageModel, step: Step, text: Tensor) -> LanguageModel:
    """Turn matrices into tensor trains of at most the given rank."""
    rank = int(step.number)
    if step.touches("embedding"):
        table = model.embedding.weight.detach()
        model.embedding = _cores(TrainTable(table.shape[0], rank, table.shape[1]), table)
    for layer in _layers(model) if step.touches("recurrent") else ():
        layer.input, layer.recurrent = _train(layer.input, rank), _train(layer.recurrent, rank)
    if step.touches("output"):
        model.output = _train(model.output, rank)
    return model


def drop_units(model: LanguageModel, step: Step, text: Tensor) -> LanguageModel:
    """Remove the given share of the hidden units of each layer, those whose readers take least from them."""
    activity, layers = observe(model, text), _layers(model)
    for place, layer in enumerate(layers):
        following = layers[place + 1].input if place + 1 < len(layers) else model.output
        readers = torch.cat([layer.recurrent.weight, following.weight]).detach()
        taken = readers.square().sum(0) * activity.outputs[place].diagonal()
        count = max(1, round(layer.units * (1 - step.number)))
        keep = taken.topk(count).indices.sort().values
        rows = (torch.arange(GATES[layer.kind])[:, None] * layer.units + keep).flatten()
        bias = layer.input.bias
        layer.input = linear(layer.input.weight[rows], None if bias is None else bias[rows])
        layer.recurrent = linear(layer.recurrent.weight[rows][:, keep])
        narrower = linear(following.weight[:, keep], following.bias)
        if place + 1 < len(layers):
            layers[place + 1].input = narrower
        else:
            model.output = narrower
    return model


STEPS: dict[str, Callable[[LanguageModel, Step, Tensor], LanguageModel]] = {
    "prune": prune,
    "thin": thin,
    "units": drop_units,
    "lowrank": low_rank,
    "whiten": whiten,
    "tt": tensor_train,
    "quantize": quantize,
}
WHOLE = ("units", "quantize", "tune")  # the steps that cannot be held to parts
# Of a step's number; a rank may be anything from 1.
RANGES = {"prune": (0, 1), "gradual": (0, 1), "thin": (0, 1), "units": (0, 1), "quantize": (2, 8)}


def _step(text: str) -> Step:
    found = re.fullmatch(r"(\w+)(?:\(\s*(\d+\.?\d*|\.\d+)((?:\s*,\s*\w+)*)\s*\))?", text)
    if not found:
        raise InputError(f"a step reads like lowrank(40) or prune(0.9, output), got {text!r}")
    name, parts = found[1], tuple(re.findall(r"\w+", found[3] or ""))
    if name not in (*STEPS, *TRAINED):
        raise unknown("compression step", name, (*STEPS, *TRAINED))
    if wrong := [part for part in parts if part not in PARTS]:
        raise unknown("part", wrong[0], PARTS)
    if (name in WHOLE and parts) or (name == "tune" and found[2]):
        raise InputError(f"{name} takes {'nothing' if name == 'tune' else 'a number alone'}, got {text!r}")
    number = float(found[2] or 0)
    low, high = RANGES.get(name, (1, float("inf")))
    if name != "tune" and not (low <= number <= high and (low == 0 or number.is_integer())):
        raise InputError(f"{name} takes a number from {low} to {high}, got {found[2] or 'none'}")
    return Step(name, number, parts)


def _own(model: LanguageModel, apart: bool) -> LanguageModel:
    # A copy whose embedding and output layer, if tied, can go separate ways where they are to.
    model = copy.deepcopy(model)
    if model.tied and apart:
        model.output = linear(model.output.weight, model.output.bias)
    return model


def _low_rank(model: LanguageModel, step: Step, activity: Activity | None) -> LanguageModel:
    rank = int(step.number)
    if not step.parts:
        return project(model, rank, activity)
    layers = _layers(model)
    before = [None, *activity.outputs] if activity else [None] * (len(layers) + 1)
    for place, layer in enumerate(layers) if step.touches("recurrent") else ():
        layer.input = _pair(layer.input, rank, before[place])
        layer.recurrent = _pair(layer.recurrent, rank, before[place + 1])
    if step.touches("embedding"):
        table, weight = narrow(model.embedding.weight.detach(), layers[0].input.weight.detach(), rank, activity)
        model.embedding = nn.Embedding.from_pretrained(table, freeze=False)
        layers[0].input = linear(weight, layers[0].input.bias)
    if step.touches("output"):
        model.output = _pair(model.output, rank, before[-1])
    return model


def _layers(model: LanguageModel) -> list[Layer]:
    layers = [layer for layer in model.stack if isinstance(layer, Layer) and not layer.project]
    if len(layers) != len(model.stack):
        raise InputError("this step needs unprojected layers; put it before lowrank(…) or whiten(…)")
    return layers


def _pair(module: Map, rank: int, moment: Tensor | None) -> LowRank:
    second, first = factor(module.weight.detach(), rank, moment)
    pair = LowRank(first.shape[1], len(first), len(second), module.bias is not None)
    pair.first, pair.second = linear(first), linear(second, module.bias)
    return pair


def _train(module: Map, rank: int) -> TensorTrain:
    rows, columns = module.weight.shape
    train = _cores(TensorTrain(columns, rank, rows, module.bias is not None), module.weight.detach())
    if train.bias is not None and module.bias is not None:
        train.bias.data = module.bias.detach().clone()
    return train


def _cores(train: Train, matrix: Tensor) -> Train:
    for core, values in zip(train.cores, decompose(matrix, train.rank), strict=True):
        core.data = values.contiguous()
    return train
