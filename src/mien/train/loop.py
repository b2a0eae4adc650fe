"""One training loop: seeded by step, so that a killed run resumes where it was and ends as it would have ended."""

from __future__ import annotations

import copy
import hashlib
import math
import pickle
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from mien.errors import InputError

Net = TypeVar("Net", bound=nn.Module)
Losses = dict[str, Tensor]
Step = Callable[[nn.Module, int], Losses]  # the losses of one batch, drawn from the step's own seed


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast: a warm-up, then a cosine to nothing."""

    steps: int
    rate: float = 2e-3
    decay: float = 0.05
    warmup: int = 200
    ema: float = 0.998
    save_every: int = 200

    def rate_at(self, step: int) -> float:
        """The learning rate of a step."""
        rise = min(1.0, (step + 1) / max(self.warmup, 1))
        return self.rate * rise * 0.5 * (1 + math.cos(math.pi * step / self.steps))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Tells of a file whose state does not fit what reads it."""
    try:
        yield
    except (OSError, EOFError, LookupError, RuntimeError, TypeError, ValueError, pickle.UnpicklingError) as error:
        what = str(error).partition("\n")[0] or repr(error)
        raise InputError(f"{path} holds no state of this training ({what}); delete it and train again") from None


def averaged(net: Net, *checkpoints: Path) -> Net:
    """The network with a checkpoint's averaged weights, or with the mean of several ones'."""
    kept = []
    for checkpoint in checkpoints:
        with reading(checkpoint):
            kept.append(torch.load(checkpoint, weights_only=True)["kept"])
    net.load_state_dict({name: sum(weights[name] for weights in kept) / len(kept) for name in kept[0]})
    return net


def average(kept: nn.Module, net: nn.Module, keep: float) -> None:
    """Move the kept weights a little towards the trained ones; counts and batch statistics are copied."""
    with torch.no_grad():
        for a, b in zip(kept.parameters(), net.parameters(), strict=True):
            a.lerp_(b, 1 - keep)
        for a, b in zip(kept.buffers(), net.buffers(), strict=True):
            a.copy_(b)


def run(net: nn.Module, step: Step, plan: Plan, checkpoint: Path) -> nn.Module:
    """Train and give the averaged network; resumes from the checkpoint where there is one of this plan and start."""
    plain = [p for p in net.parameters() if p.ndim < 2]
    heavy = [p for p in net.parameters() if p.ndim >= 2]
    optimiser = torch.optim.AdamW(
        [{"params": heavy, "weight_decay": plan.decay}, {"params": plain, "weight_decay": 0.0}],
        lr=plan.rate,
        foreach=True,
    )
    kept, origin = copy.deepcopy(net).eval(), _origin(net, plan)
    start = _load(checkpoint, net, kept, optimiser, origin)
    began, shown = time.monotonic(), {}
    for now in range(start, plan.steps):
        torch.manual_seed(now)
        for group in optimiser.param_groups:
            group["lr"] = plan.rate_at(now)
        net.train()
        losses = step(net, now)
        total = torch.stack(list(losses.values())).sum()
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        average(kept, net, min(plan.ema, (now + 1) / (now + 10)))
        for name, loss in losses.items():
            shown[name] = 0.98 * shown.get(name, loss.item()) + 0.02 * loss.item()
        if (now + 1) % plan.save_every == 0 or now + 1 == plan.steps:
            _save(checkpoint, net, kept, optimiser, now + 1, origin)
            _tell(now + 1 - start, now + 1, plan.steps, time.monotonic() - began, shown)
    return kept


def _tell(done: int, step: int, steps: int, seconds: float, shown: dict[str, float]) -> None:
    left = seconds / done * (steps - step)
    losses = "  ".join(f"{name} {value:.3f}" for name, value in shown.items())
    sys.stderr.write(f"step {step}/{steps}  {left / 60:.0f} min left  {losses}\n")
    sys.stderr.flush()


def _origin(net: nn.Module, plan: Plan) -> str:
    """A fingerprint of the plan and of the weights before the first step, which the seed and the start make."""
    total = hashlib.sha256(repr(plan).encode())
    for name, weights in net.state_dict().items():
        total.update(name.encode() + weights.cpu().numpy().tobytes())
    return total.hexdigest()


def _save(
    path: Path, net: nn.Module, kept: nn.Module, optimiser: torch.optim.Optimizer, step: int, origin: str
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    state = {"net": net.state_dict(), "kept": kept.state_dict(), "optimiser": optimiser.state_dict(), "step": step}
    torch.save(state | {"origin": origin}, part)
    part.replace(path)


def _load(path: Path, net: nn.Module, kept: nn.Module, optimiser: torch.optim.Optimizer, origin: str) -> int:
    if not path.is_file():
        return 0
    with reading(path):
        state = torch.load(path, weights_only=True)
    if state.get("origin", origin) != origin:  # older checkpoints do not tell
        raise InputError(f"{path} holds a training of another plan, seed or start; delete it or choose another name")
    with reading(path):
        net.load_state_dict(state["net"])
        kept.load_state_dict(state["kept"])
        optimiser.load_state_dict(state["optimiser"])
        return int(state["step"])
