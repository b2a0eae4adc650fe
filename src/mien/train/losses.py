"""The losses of the challenges' heads; each takes raw outputs, truth (n, k), weights (k,) or (2, k) of its classes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mien.errors import InputError
from mien.train.recipe import LossName, Weighing
from mien.types import Floats

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]


def class_weights(truth: Floats, how: Weighing) -> Floats:
    """A weight per class against its frequency; the first three ways differ by a factor, which a weight decay notices.

    min: the most frequent class weighs 1. mean: the weights' mean is 1. balanced: n / (k · count), mean 1 over rows.
    raised: balanced, and the last class, which is the positive one of two, by ABAW-10's 1.15 more.
    """
    count = np.maximum(truth.sum(0), 1).astype(np.float64)
    weights = {
        "none": np.ones_like(count),
        "min": count.max() / count,
        "mean": (1 / count) / np.mean(1 / count),
        "balanced": (balanced := count.sum() / (len(count) * count)),
        "raised": balanced * np.where(np.arange(len(count)) == len(count) - 1, 1.15, 1.0),
    }
    if how not in weights:
        raise InputError(f"class weights are {', '.join(weights)}, got {how!r}")
    return weights[how].astype(np.float32)


def column_weights(truth: Floats) -> Floats:
    """For each column what its zeros and its ones weigh (2, k), so that both sides count the same."""
    ones = np.clip(truth.sum(0), 1, max(len(truth) - 1, 1))
    return (len(truth) / (2 * np.stack([len(truth) - ones, ones]))).astype(np.float32)


def cross_entropy(raw: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Mean over rows of the weight of the true class times its surprise."""
    return -((truth * weights) * raw.log_softmax(-1)).sum(-1).mean()


def smoothed(raw: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy to a truth of which a tenth is spread over all classes."""
    return cross_entropy(raw, 0.9 * truth + 0.1 / truth.shape[1], weights)


def binary(raw: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Binary cross-entropy, zeros and ones of each column weighed."""
    weight = torch.where(truth > 0.5, weights[1], weights[0])
    return functional.binary_cross_entropy_with_logits(raw, truth, weight)


def concordance(guess: Tensor, truth: Tensor) -> Tensor:
    """CCC of each column of a batch."""
    a, b = guess - guess.mean(0), truth - truth.mean(0)
    apart = (guess.mean(0) - truth.mean(0)) ** 2
    return 2 * (a * b).mean(0) / ((a * a).mean(0) + (b * b).mean(0) + apart + 1e-8)


def ccc(raw: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """1 - mean CCC."""
    return 1 - (concordance(raw.tanh(), truth) * weights).mean()


def half_ccc(raw: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """(1 - mean CCC) / 2, on outputs that are not squashed."""
    return (1 - (concordance(raw, truth) * weights).mean()) / 2


def squared_ccc(raw: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Mean squared error + 1 - mean CCC."""
    return functional.mse_loss(raw.tanh(), truth) + ccc(raw, truth, weights)


def pearson(raw: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """1 - weighted mean Pearson of the sigmoid outputs."""
    guess = raw.sigmoid()
    a, b = guess - guess.mean(0), truth - truth.mean(0)
    spread = (a * a).mean(0).clamp(min=1e-8).sqrt()  # a root has no slope at 0, where all answers are alike
    r = (a * b).mean(0) / (spread * (b * b).mean(0).sqrt() + 1e-8)
    return 1 - (r * weights).sum() / weights.sum()


LOSSES: dict[LossName, Loss] = {
    "cross_entropy": cross_entropy,
    "smoothed": smoothed,
    "binary": binary,
    "ccc": ccc,
    "half_ccc": half_ccc,
    "squared_ccc": squared_ccc,
    "pearson": pearson,
}
