"""Sharpness-aware minimisation around any optimiser: the gradient is taken where the loss is worst nearby."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def norm(parameters: list[Tensor]) -> Tensor:
    """Length of the gradient over all parameters together."""
    squares = [p.grad.square().sum() for p in parameters if p.grad is not None]
    return torch.stack(squares).sum().sqrt() if squares else torch.zeros(())


def step(optimiser: torch.optim.Optimizer, loss: Callable[[], Tensor], rho: float) -> Tensor:
    """One step: climb rho along the gradient, take the gradient there, come back, let the optimiser step.

    With rho 0 it is the optimiser's own step and costs one pass instead of two.
    """
    optimiser.zero_grad(set_to_none=True)
    value = loss()
    value.backward()
    if rho > 0:
        parameters = [p for group in optimiser.param_groups for p in group["params"]]
        kept = [p.detach().clone() for p in parameters]
        with torch.no_grad():
            scale = rho / (norm(parameters) + 1e-12)
            for p in parameters:
                if p.grad is not None:
                    p.add_(p.grad * scale)
        optimiser.zero_grad(set_to_none=True)
        loss().backward()
        with torch.no_grad():
            for p, before in zip(parameters, kept, strict=True):
                p.copy_(before)
    optimiser.step()
    return value.detach()
