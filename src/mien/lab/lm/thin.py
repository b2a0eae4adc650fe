"""Pruning that looks at the text: the weights the loss can best spare go, the others are refitted to stand in for them.

To second order a change D of a matrix costs the loss Σ felt[r] · D[r] C D[r]ᵀ over its rows r: C is how its inputs
vary, felt how much the loss feels each output (optimal brain damage and surgeon, by the factors of Fisher's
information). That is one unit for all matrices, so that one threshold decides how much each of them keeps. An embedding
fits the same formula the other way round: C is how the loss feels its vectors, felt how often the word occurs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mien.errors import InputError
from mien.lab.lm.models import LanguageModel, Layer, Map, State, detach

CUTS = 4  # what is left is weighed anew after each, for refitted weights have other worths
DAMP = 1e-3  # of the mean variance: directions that the text read hardly shows are not made up for


@dataclass(frozen=True, slots=True)
class Flow:
    """One matrix (rows, columns), its bias if any, and what passes through it; see the formula above."""

    part: str
    weight: Tensor
    bias: Tensor | None
    mean: Tensor  # (columns,) of the inputs
    spread: Tensor  # (columns, columns), C
    felt: Tensor  # (rows,)

    def cost(self) -> Tensor:
        """What the loss pays for each weight if it alone goes, (rows, columns)."""
        return self.felt[:, None] * self.weight.square() * self.spread.diagonal()

    def keep(self, places: Tensor) -> None:
        """Zero all else, and refit what is kept, and the bias."""
        fitted = refit(self.weight, places, self.spread)
        if self.bias is not None:
            self.bias.add_((self.weight - fitted) @ self.mean)
        self.weight.copy_(fitted)


def cut(matrices: Sequence[Flow], share: float) -> None:
    """Leave 1 − `share` of all weights of the matrices, in `CUTS` cuts each of the same proportion."""
    total = sum(flow.weight.numel() for flow in matrices)
    with torch.no_grad():
        for turn in range(1, CUTS + 1):
            costs = [flow.cost() for flow in matrices]
            count = max(1, round(total * (1 - share) ** (turn / CUTS)))
            dearest = torch.cat([cost.flatten() for cost in costs]).topk(count, sorted=False).indices
            kept = torch.zeros(total, dtype=torch.bool).scatter_(0, dearest, True)
            for flow, places in zip(matrices, kept.split([cost.numel() for cost in costs]), strict=True):
                flow.keep(places.view_as(flow.weight) & (flow.weight != 0))


def refit(weight: Tensor, keep: Tensor, spread: Tensor, rows: int = 256) -> Tensor:
    """For each row the vector with only the kept places that is nearest to it in D C Dᵀ."""
    metric = spread + DAMP * spread.diagonal().mean() * torch.eye(len(spread), dtype=spread.dtype)
    aims, fitted, counts = weight @ metric, torch.zeros_like(weight), keep.sum(1)
    for chosen in counts.argsort().split(rows):  # rows with as many places left are solved together
        most = int(counts[chosen].max())
        real, places = keep[chosen].to(weight.dtype).topk(most)
        block = metric[places[:, :, None], places[:, None, :]] * real[:, :, None] * real[:, None, :]
        block += torch.diag_embed(1 - real)
        aim = aims[chosen].gather(1, places) * real
        solved = torch.cholesky_solve(aim[:, :, None], torch.linalg.cholesky(block))[:, :, 0]
        fitted[chosen] = torch.zeros_like(weight[chosen]).scatter(1, places, solved * real)
    return fitted


def flows(model: LanguageModel, numbers: Tensor, words: int = 20_000, streams: int = 20, steps: int = 20) -> list[Flow]:
    """What passes through every matrix of a dense model over the first `words` words of a text."""
    used = numbers[: len(numbers[:words]) // streams * streams].view(streams, -1).T
    tape, state = _Tape(model.eval()), model.zero(streams)
    for inputs, targets in zip(used[:-1].split(steps), used[1:].split(steps), strict=True):
        state = tape.read(inputs, targets, state)
    frequency = torch.bincount(used[:-1].flatten(), minlength=len(tape.table.weight)) / used[:-1].numel()
    entered = torch.cat(tape.entered)
    nothing = torch.zeros(entered.shape[1])
    found = [Flow("embedding", tape.table.weight.data, None, nothing, _moment(entered), frequency)]
    for layer, passed in zip(tape.layers, tape.passed, strict=True):
        x, before, felt = (torch.cat(parts) for parts in zip(*passed, strict=True))
        for matrix, vectors in ((layer.input, x), (layer.recurrent, before)):
            found.append(_flow("recurrent", matrix, layer.input.bias, vectors, felt.square().mean(0)))
    return [*found, _flow("output", tape.output, tape.output.bias, torch.cat(tape.left), tape.doubt / len(entered))]


class _Tape:
    """A dense model as it reads, with what passed by: vectors of all words below each other."""

    def __init__(self, model: LanguageModel) -> None:
        layers = [layer for layer in model.stack if isinstance(layer, Layer) and isinstance(layer.recurrent, nn.Linear)]
        dense = len(layers) == len(model.stack) and not any(layer.project for layer in layers)
        if not dense or not isinstance(model.embedding, nn.Embedding) or not isinstance(model.output, nn.Linear):
            raise InputError("thin(…) needs the dense model; put it before lowrank(…), whiten(…) and tt(…)")
        self.table, self.layers, self.output = model.embedding, layers, model.output
        self.entered: list[Tensor] = []  # the loss's gradient by the embeddings
        self.passed: list[list[tuple[Tensor, Tensor, Tensor]]] = [[] for _ in layers]  # input, state before, gradient
        self.left: list[Tensor] = []  # what the output layer reads
        self.doubt = torch.zeros(len(model.output.weight))  # p (1 − p) of each word, summed

    def read(self, inputs: Tensor, targets: Tensor, state: State) -> State:
        """Read so many words (time, streams), and feel what each of them costs."""
        start = x = self.table(inputs).detach().requires_grad_()
        gates, seen, after = [], [], []
        for layer, now in zip(self.layers, state, strict=True):
            gates.append(layer.input(x))
            gates[-1].retain_grad()
            states = [now]
            for one in gates[-1].unbind(0):
                states.append(layer.step(one, states[-1]))
            out = torch.stack([one[0] for one in states])
            seen.append((x, out[:-1]))
            after.append(states[-1])
            x = out[1:]
        scores = self.output(x).flatten(0, 1)
        F.cross_entropy(scores, targets.flatten(), reduction="sum").backward()
        self.entered.append(_gradient(start))
        for passed, pair, gate in zip(self.passed, seen, gates, strict=True):
            passed.append((*(part.detach().flatten(0, 1) for part in pair), _gradient(gate)))
        self.left.append(x.detach().flatten(0, 1))
        chances = scores.detach().softmax(-1)
        self.doubt += (chances - chances.square()).sum(0)
        return detach(tuple(after))


def _flow(part: str, matrix: Map, bias: Tensor | None, vectors: Tensor, felt: Tensor) -> Flow:
    mean = vectors.mean(0)
    return Flow(part, matrix.weight.data, None if bias is None else bias.data, mean, _moment(vectors - mean), felt)


def _moment(vectors: Tensor) -> Tensor:
    return vectors.T @ vectors / len(vectors)


def _gradient(value: Tensor) -> Tensor:
    assert value.grad is not None, "the loss depends on it"
    return value.grad.flatten(0, 1)
