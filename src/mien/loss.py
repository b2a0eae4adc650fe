"""Masked losses out of tensor methods alone, so that heads need no import of torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def masked_mean(loss: Tensor, known: Tensor) -> Tensor:
    """Mean over known places; exactly zero, and still differentiable, where none is known."""
    return loss.where(known, loss * 0).sum() / known.sum().clamp(min=1)


def cross_entropy(raw: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """Soft-label cross-entropy: target (n, k) of probabilities, known (n,)."""
    target = target.where(known[:, None], target.new_zeros(()))
    return masked_mean(-(target * raw.log_softmax(-1)).sum(-1), known)


def binary(raw: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """Binary cross-entropy on logits, a column each; known (n, k)."""
    target = target.where(known, target.new_zeros(()))
    return masked_mean(raw.clamp(min=0) - raw * target + (-raw.abs()).exp().log1p(), known)


def squared(raw: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """Squared error; known (n, k)."""
    target = target.where(known, target.new_zeros(()))
    return masked_mean((raw - target) ** 2, known)
