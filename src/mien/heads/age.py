"""How old a face looks in years: the expectation over bins five years apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mien.labels import AGE
from mien.link import softmax
from mien.loss import cross_entropy, masked_mean
from mien.types import Floats, Head

if TYPE_CHECKING:
    from torch import Tensor

STEP = 5.0
YEARS = np.arange(0, 101, STEP, dtype=np.float32)


def expectation(raw: Floats) -> Floats:
    """Raw bins (n, 21) → years (n, 1)."""
    return softmax(raw) @ YEARS[:, None]


HEAD = Head("age", AGE, expectation, len(YEARS))


def loss(raw: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """Cross-entropy to the two nearest bins plus a tenth of the absolute error in years; target (n, 1), known (n,)."""
    years = raw.new_tensor(YEARS)
    age = target.where(known[:, None], target.new_zeros(())).clamp(0, float(YEARS[-1]))
    soft = (1 - (age - years).abs() / STEP).clamp(min=0)
    off = (raw.softmax(-1) * years).sum(-1) - age[:, 0]
    return cross_entropy(raw, soft, known) + 0.1 * masked_mean(off.abs(), known)


def metric(values: Floats, target: Floats) -> float:
    """Minus the mean absolute error in years, so that more is better and perfect is 0."""
    return -float(np.mean(np.abs(values - target)))


__all__ = ["HEAD", "loss", "metric"]
