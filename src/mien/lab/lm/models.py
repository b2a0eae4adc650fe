"""The language model and its recurrent layers; every matrix in them is a module that a smaller one can replace."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from mien.errors import InputError, unknown
from mien.lab.lm.maps import LowRank, TensorTrain, TrainTable

Kind = Literal["rnn", "gru", "lstm"]
GATES: dict[Kind, int] = {"rnn": 1, "gru": 3, "lstm": 4}

Map = nn.Linear | LowRank | TensorTrain
Table = nn.Embedding | TrainTable
LayerState = tuple[Tensor, ...]  # what one layer remembers, each (batch, size): h, and for LSTM also c
State = tuple[LayerState, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """An uncompressed model in numbers; `sizes` are the hidden sizes, the first is also that of the embedding."""

    kind: Kind
    sizes: tuple[int, ...]
    words: int
    tied: bool = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise unknown("recurrent layer", self.kind, get_args(Kind))
        if not self.sizes or min(*self.sizes, self.words) < 1:
            raise InputError(f"sizes and words must be positive, got sizes {self.sizes} and {self.words} words")
        if self.tied and self.sizes[0] != self.sizes[-1]:
            raise InputError(f"tying needs the last size equal to the first, got {self.sizes}; untie the model")


class Layer(nn.Module):
    """One recurrent layer over a sequence (time, batch, size).

    `input` and `recurrent` map to the gates, stacked in torch's order. `project`, if any, shrinks what the layer
    remembers and hands on: the shared projection of the low-rank models.
    """

    def __init__(self, kind: Kind, input: Map, recurrent: Map, project: nn.Linear | None = None) -> None:  # noqa: A002
        super().__init__()
        self.kind: Kind = kind
        self.input, self.recurrent, self.project = input, recurrent, project

    @property
    def units(self) -> int:
        """How many units it has, before any projection."""
        return self.input.out_features // GATES[self.kind]

    @property
    def size(self) -> int:
        """How many numbers it hands on."""
        return self.project.out_features if self.project else self.units

    def zero(self, batch: int) -> LayerState:
        """The state before the first word."""
        new = self.input.weight.new_zeros
        out = new(batch, self.size)
        return (out, new(batch, self.units)) if self.kind == "lstm" else (out,)

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
        # torch has one call for a whole sequence, which knows a projection only for LSTM.
        return unrolled(self, x, state) if self.project and self.kind != "lstm" else self._fused(x, state)

    def step(self, gates: Tensor, state: LayerState) -> LayerState:
        """State after one word whose input part of the gates is given."""
        h, inner = state[0], self.recurrent(state[0])
        if self.kind == "lstm":
            i, f, g, o = (gates + inner).chunk(4, -1)
            c = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
            return self._shrink(o.sigmoid() * c.tanh()), c
        if self.kind == "gru":
            (r, z, n), (hr, hz, hn) = gates.chunk(3, -1), inner.chunk(3, -1)
            z = (z + hz).sigmoid()
            return ((1 - z) * (n + (r + hr).sigmoid() * hn).tanh() + z * h,)
        return (self._shrink((gates + inner).tanh()),)

    def _shrink(self, h: Tensor) -> Tensor:
        return self.project(h) if self.project else h

    def _fused(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
        bias = self.input.bias
        assert bias is not None, "the input map carries the layer's bias"
        weights = [self.input.weight, self.recurrent.weight, bias, torch.zeros_like(bias)]
        if self.project:
            weights.append(self.project.weight)
        h = state[0][None]
        options = (True, 1, 0.0, self.training, False, False)  # biases, layers, dropout, training, two-way, batch first
        if self.kind == "lstm":
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "LSTM with projections")  # torch tells that oneDNN lacks them
                out, h, c = torch.lstm(x, (h, state[1][None]), weights, *options)
            return out, (h[0], c[0])
        out, h = (torch.gru if self.kind == "gru" else torch.rnn_tanh)(x, h, weights, *options)
        return out, (h[0],)


class ReducedGRU(nn.Module):
    """The papers' low-rank GRU: state and gates live in `size` dimensions, only the candidate has all `units`."""

    def __init__(self, columns: int, units: int, size: int) -> None:
        super().__init__()
        self.columns, self.units, self.size = columns, units, size
        self.input = nn.Linear(columns, 2 * size + units)
        self.gates, self.candidate = nn.Linear(size, 2 * size, bias=False), nn.Linear(size, units, bias=False)
        self.project = nn.Linear(units, size, bias=False)

    def zero(self, batch: int) -> LayerState:
        """The state before the first word."""
        return (self.input.weight.new_zeros(batch, self.size),)

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
        return unrolled(self, x, state)

    def step(self, gates: Tensor, state: LayerState) -> LayerState:
        """State after one word whose input part of the gates is given."""
        (h,) = state
        r, z = (gates[..., : 2 * self.size] + self.gates(h)).sigmoid().chunk(2, -1)
        candidate = (gates[..., 2 * self.size :] + self.candidate(r * h)).tanh()
        return ((1 - z) * self.project(candidate) + z * h,)


class LanguageModel(nn.Module):
    """Words (time, batch) → scores of the next word (time, batch, words), and the state to go on from."""

    def __init__(self, embedding: Table, layers: Sequence[Layer | ReducedGRU], output: Map, bits: int = 32) -> None:
        super().__init__()
        self.embedding, self.output = embedding, output
        self.layers = nn.ModuleList(layers)
        self.drop = nn.Dropout(0.0)
        self.bits = bits  # per weight when stored

    @property
    def tied(self) -> bool:
        """Whether the output layer is the embedding read backwards."""
        return isinstance(self.output, nn.Linear) and self.output.weight is self.embedding.weight

    @property
    def stack(self) -> list[Layer | ReducedGRU]:
        """The recurrent layers, first to last."""
        return [layer for layer in self.layers if isinstance(layer, Layer | ReducedGRU)]

    def zero(self, batch: int) -> State:
        """The state before the first word of each of `batch` texts."""
        return tuple(layer.zero(batch) for layer in self.stack)

    def features(self, words: Tensor, state: State) -> tuple[Tensor, State]:
        """What the output layer reads (time, batch, size), and the state after the last word."""
        x, after = self.drop(self.embedding(words)), []
        for layer, before in zip(self.stack, state, strict=True):
            x, now = layer(x, before)
            x = self.drop(x)
            after.append(now)
        return x, tuple(after)

    def forward(self, words: Tensor, state: State) -> tuple[Tensor, State]:
        x, state = self.features(words, state)
        return self.output(x), state


def build(shape: Shape, seed: int = 0) -> LanguageModel:
    """A new model, all weights uniform as Zaremba's: within 0.1, from 600 units 0.05, from 1500 units 0.04."""
    torch.manual_seed(seed)
    gates, sizes = GATES[shape.kind], (shape.sizes[0], *shape.sizes)
    layers = [
        Layer(shape.kind, nn.Linear(before, gates * size), nn.Linear(size, gates * size, bias=False))
        for before, size in pairwise(sizes)
    ]
    output = nn.Linear(sizes[-1], shape.words)
    model = LanguageModel(nn.Embedding(shape.words, sizes[0]), layers, output)
    bound = 0.04 if max(sizes) >= 1500 else 0.05 if max(sizes) >= 600 else 0.1
    for weight in model.parameters():
        nn.init.uniform_(weight, -bound, bound)
    if shape.tied:
        output.weight = model.embedding.weight
    return model


def unrolled(layer: Layer | ReducedGRU, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
    """One recurrent layer word by word: any layer can, and a device does."""
    outputs = []
    for gates in layer.input(x).unbind(0):
        state = layer.step(gates, state)
        outputs.append(state[0])
    return torch.stack(outputs), state


def detach(state: State) -> State:
    """The same state, cut off from its past: truncated back-propagation stops here."""
    return tuple(tuple(part.detach() for part in layer) for layer in state)
