"""The papers' low-rank models: one projection per layer, shared by everything that reads the layer.

A layer's output h is read by its own recurrent matrix U and by the next layer's matrix W (or the output layer's).
Stacked and factored together, [U; W] ≈ [U'; W'] P: only m = P h, of `rank` numbers, is remembered and handed on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mien.errors import InputError
from mien.lab.lm.maps import factor
from mien.lab.lm.models import LanguageModel, Layer, ReducedGRU


@dataclass(frozen=True, slots=True)
class Activity:
    """What flows through a model as it reads: word frequencies (words,), and E[x xᵀ] of each layer's output."""

    words: Tensor
    outputs: tuple[Tensor, ...]

    @property
    def weights(self) -> Tensor:
        """Weight (words,) of each embedding row: how often it is used, no row entirely ignored."""
        return (self.words + 1e-3 * self.words.mean()).sqrt()


@torch.no_grad()
def observe(model: LanguageModel, numbers: Tensor, words: int = 50_000, streams: int = 20) -> Activity:
    """Activity of the model over the first `words` words of a text."""
    model.eval()
    used = numbers[: words - words % streams]
    text = used[: len(used) - len(used) % streams].view(streams, -1).T
    x, outputs = model.embedding(text), []
    for layer in model.stack:
        x, _ = layer(x, layer.zero(streams))
        flat = x.flatten(0, 1)
        outputs.append(flat.T @ flat / len(flat))
    count = model.embedding.num_embeddings
    return Activity(torch.bincount(text.flatten(), minlength=count).float(), tuple(outputs))


@torch.no_grad()
def project(model: LanguageModel, rank: int, activity: Activity | None = None) -> LanguageModel:
    """The low-rank model nearest to this one: exact where the stacked matrices have that rank.

    With an `activity` nearest in what the layers compute on the text, else nearest in the matrices themselves. A GRU's
    gates have no counterpart in the smaller state and are averaged, so that a low-rank GRU must be trained further.
    """
    layers = [_dense(layer) for layer in model.stack]
    output = model.output
    if not isinstance(output, nn.Linear):
        raise InputError("low rank needs the dense model; put lowrank(…) before steps on the output layer")
    moments: Sequence[Tensor | None] = activity.outputs if activity else [None] * len(layers)
    table, weight = narrow(model.embedding.weight, layers[0].input.weight, rank, activity)
    small: list[Layer | ReducedGRU] = []
    for place, layer in enumerate(layers):
        reader = layers[place + 1].input.weight if place + 1 < len(layers) else output.weight
        both, shared = factor(torch.cat([layer.recurrent.weight, reader]), rank, moments[place])
        recurrent, following = both.split([len(layer.recurrent.weight), len(reader)])
        bias = layer.input.bias
        small.append((_reduced_gru if layer.kind == "gru" else _projected)(layer, weight, recurrent, shared, bias))
        weight = following
    return LanguageModel(nn.Embedding.from_pretrained(table, freeze=False), small, linear(weight, output.bias))


@torch.no_grad()
def narrow(table: Tensor, weight: Tensor, rank: int, activity: Activity | None = None) -> tuple[Tensor, Tensor]:
    """An embedding (words, rank) and a matrix (rows, rank) with the same product as nearly as can be."""
    scale = activity.weights[:, None] if activity else torch.ones(1, 1)
    basis, seen = torch.linalg.qr((scale * table).double())  # the product would be words × rows
    left, right = factor(seen @ weight.double().T, rank)
    return ((basis @ left) / scale).to(table.dtype), right.T.to(table.dtype).contiguous()


def linear(weight: Tensor, bias: Tensor | None = None) -> nn.Linear:
    """A linear map of given numbers."""
    made = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    made.weight.data = weight.detach().clone()
    if bias is not None:
        made.bias.data = bias.detach().clone()
    return made


def _dense(layer: Layer | ReducedGRU) -> Layer:
    if isinstance(layer, ReducedGRU) or layer.project or not isinstance(layer.recurrent, nn.Linear):
        raise InputError("the model is of low rank already; give the dense model")
    return layer


def _projected(layer: Layer, weight: Tensor, recurrent: Tensor, shared: Tensor, bias: Tensor | None) -> Layer:
    return Layer(layer.kind, linear(weight, bias), linear(recurrent), linear(shared))


def _reduced_gru(layer: Layer, weight: Tensor, recurrent: Tensor, shared: Tensor, bias: Tensor | None) -> ReducedGRU:
    units, size = layer.units, len(shared)
    small = ReducedGRU(weight.shape[1], units, size)
    # Each of the few gates takes the mean of the many, weighted by how much of their units its dimension holds.
    mean = shared.square() / shared.square().sum(1, keepdim=True)
    first = torch.block_diag(mean, mean, torch.eye(units))
    small.input = linear(first @ weight, None if bias is None else first @ bias)
    small.gates = linear(first[: 2 * size, : 2 * units] @ recurrent[: 2 * units])
    small.candidate = linear(recurrent[2 * units :])
    small.project = linear(shared)
    return small
