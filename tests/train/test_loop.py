"""The training loop: resumable to the last digit, and kind to what it cannot know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mien.errors import InputError
from mien.train import loop


def line(seed: int = 0) -> nn.Linear:
    torch.manual_seed(seed)
    return nn.Linear(3, 1)


def step(net: nn.Module, now: int) -> loop.Losses:
    rng = torch.Generator().manual_seed(now)
    x = torch.randn(16, 3, generator=rng)
    return {"fit": ((net(x)[:, 0] - x.sum(1)) ** 2).mean()}


class Killed(Exception):
    """Stands for a lost process."""


@pytest.mark.parametrize("when", [5, 9, 19])
def test_a_killed_run_resumes_and_ends_as_the_undisturbed_one(tmp_path: Path, when: int) -> None:
    plan = loop.Plan(steps=20, rate=0.05, warmup=2, save_every=3)
    whole = loop.run(line(), step, plan, tmp_path / "whole.pt")

    def dying(net: nn.Module, now: int) -> loop.Losses:
        if now == when:
            raise Killed
        return step(net, now)

    with pytest.raises(Killed):
        loop.run(line(), dying, plan, tmp_path / "cut.pt")
    resumed = loop.run(line(), step, plan, tmp_path / "cut.pt")
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), resumed.parameters(), strict=True))


def test_the_averaged_network_learns(tmp_path: Path) -> None:
    kept = loop.run(line(), step, loop.Plan(steps=300, rate=0.05, warmup=5, decay=0.0, ema=0.9), tmp_path / "n.pt")
    assert isinstance(kept, nn.Linear)
    np.testing.assert_allclose(kept.weight.detach().numpy(), np.ones((1, 3)), atol=0.02)  # the truth is the plain sum


def test_the_rate_rises_then_falls_to_nothing() -> None:
    plan = loop.Plan(steps=1000, rate=1.0, warmup=100)
    rates = [plan.rate_at(s) for s in range(1000)]
    assert max(rates) <= 1.0 and int(np.argmax(rates)) == 99 and rates[-1] < 1e-4 and rates[0] == pytest.approx(0.01)


def test_of_several_checkpoints_the_mean_is_loaded(tmp_path: Path) -> None:
    nets = [torch.nn.BatchNorm1d(3) for _ in range(2)]
    for i, net in enumerate(nets):
        torch.nn.init.constant_(net.weight, 1.0 + 2 * i)
        torch.save({"kept": net.state_dict()}, tmp_path / f"{i}.pt")
    mixed = loop.averaged(torch.nn.BatchNorm1d(3), tmp_path / "0.pt", tmp_path / "1.pt")
    assert mixed.weight.tolist() == [2.0, 2.0, 2.0]
    assert loop.averaged(mixed, tmp_path / "1.pt").weight.tolist() == [3.0, 3.0, 3.0]


def test_a_checkpoint_of_another_plan_or_seed_is_refused_and_one_that_does_not_tell_goes_on(tmp_path: Path) -> None:
    plan, path = loop.Plan(steps=6, warmup=2, save_every=3), tmp_path / "a.pt"
    loop.run(line(), step, plan, path)
    for net, other in ((line(1), plan), (line(), loop.Plan(steps=9, warmup=2, save_every=3))):
        with pytest.raises(InputError, match="of another plan, seed or start"):
            loop.run(net, step, other, path)
    state = torch.load(path, weights_only=True)
    del state["origin"]
    torch.save(state, path)
    assert torch.equal(loop.run(line(), step, plan, path).state_dict()["weight"], state["kept"]["weight"])


@pytest.mark.parametrize("content", [b"", b"PK\3\4 cut", b"garbage"], ids=["empty", "cut", "garbage"])
def test_a_damaged_checkpoint_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.pt holds no state of this training"):
        loop.run(line(), step, loop.Plan(steps=3), tmp_path / "a.pt")
    with pytest.raises(InputError, match=r"a\.pt holds no state of this training"):
        loop.averaged(line(), tmp_path / "a.pt")
