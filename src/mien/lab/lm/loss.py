"""Cross-entropy of a large output layer: in 16 bits while training on a processor, exact when scoring."""

import math
from typing import cast

import torch
from torch import Tensor
from torch.autograd.function import BackwardCFunction, FunctionCtx
from torch.nn import functional as F

from mien.lab.lm.corpus import EOS, Vocabulary, columns
from mien.lab.lm.maps import LowRank
from mien.lab.lm.models import LanguageModel, Map


def training_loss(x: Tensor, output: Map, targets: Tensor, taught: Tensor | None = None, share: float = 0) -> Tensor:
    """Mean cross-entropy of the next words (n,) given what the output layer reads (n, size).

    With a teacher's answers (n, words) the gradient is that of the mixture `share` · teacher + (1 − `share`) · text;
    the value stays the text's, so that logs with and without a teacher compare.
    """
    if isinstance(output, LowRank):
        x, output = output.first(x), output.second
    return cast(Tensor, _Fused.apply(x, output.weight, output.bias, targets, taught, share))


class _Fused(torch.autograd.Function):
    """`training_loss` of softmax(x Wᵀ + b), its gradients taken on the way.

    The output layer is three quarters of all arithmetic. Doing its three products in bfloat16 and never keeping the
    scores makes a step over twice as fast on a processor; weights, sums over the text and updates stay in float32.
    """

    @staticmethod
    def forward(
        ctx: FunctionCtx, x: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, taught: Tensor | None, share: float
    ) -> Tensor:
        small, matrix = x.bfloat16(), weight.bfloat16()
        wrong = torch.softmax(torch.addmm(bias.bfloat16(), small, matrix.T), -1)
        rows = torch.arange(len(targets), device=x.device)
        loss = -wrong[rows, targets].float().clamp_min(1e-30).log().mean()
        wrong[rows, targets] -= 1 if taught is None else 1 - share
        if taught is not None:
            wrong.sub_(taught, alpha=share)
        ones = wrong.new_ones(1, len(targets))
        grads = (wrong @ matrix, wrong.T @ small, (ones @ wrong)[0])
        ctx.save_for_backward(*(grad.float().div_(len(targets)) for grad in grads))
        return loss

    @staticmethod
    def backward(ctx: BackwardCFunction, *grads: Tensor) -> tuple[Tensor | None, ...]:
        return (*(grads[0] * saved for saved in ctx.saved_tensors), None, None, None)


@torch.no_grad()
def answers(teacher: LanguageModel, x: Tensor) -> Tensor:
    """A teacher's probabilities (n, words) of the next words, in 16 bits, given its `features` as (n, size)."""
    weight, bias = teacher.output.weight.bfloat16(), teacher.output.bias
    return torch.softmax(F.linear(x.bfloat16(), weight, None if bias is None else bias.bfloat16()), -1)


@torch.no_grad()
def perplexity(model: LanguageModel, numbers: Tensor, vocabulary: Vocabulary, streams: int = 1) -> float:
    """exp of the mean cross-entropy over every word and `<eos>` of a text, read in one pass with carried state.

    More `streams` read faster, as so many texts side by side, each from an empty state; a published number wants one.
    """
    training = model.training
    model.eval()
    device = next(model.parameters()).device
    inputs, targets = (part.to(device) for part in columns(numbers, streams, vocabulary.index[EOS]))
    state, total = model.zero(streams), 0.0
    rows = max(1, 500 // streams)  # the scores of 500 words are 20 MB, which still fits a large cache
    for start in range(0, len(inputs), rows):
        scores, state = model(inputs[start : start + rows], state)
        total += F.cross_entropy(scores.flatten(0, 1), targets[start : start + rows].flatten(), reduction="sum").item()
    model.train(training)
    return math.exp(min(total / targets.numel(), 700.0))  # a model that has diverged shall score badly, not overflow
