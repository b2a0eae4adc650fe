"""Heads that learn together, the later ones reading the first one's answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from mien.train import fit
from mien.train.data import Target
from mien.train.fit import Task
from mien.train.inputs import Inputs
from mien.train.questions import named
from mien.train.recipe import Plan

torch.set_num_threads(1)


def tasks(rows: int, chained: bool) -> tuple[Inputs, list[Task]]:
    """Valence and arousal lie in the inputs; every unit is there where valence is positive."""
    draw = np.random.default_rng(0)
    affect = draw.uniform(-0.9, 0.9, (rows, 2)).astype(np.float32)
    units = np.repeat(affect[:, :1] > 0, 12, 1).astype(np.float32)
    known = np.ones(rows, bool)
    inputs = Inputs(torch.from_numpy(affect.astype(np.float16)), known, np.array([0, rows]))
    plans = Plan("ccc", rate=1e-2, batch=50, epochs=3), Plan("binary", rate=1e-2, weight=0.5, chained=chained)
    told = (("valence_arousal", plans[0], affect), ("action_units", plans[1], units))
    return inputs, [Task(named(q), p, Target(v, known), Target(v, known)) for q, p, v in told]


def test_a_chained_head_moves_with_the_first_ones_answers_and_another_does_not() -> None:
    for chained in (True, False):
        _, both = tasks(20, chained)
        first, second = fit.networks(2, both)
        x = torch.ones(1, 2)
        before = second(x).detach()
        first.bias.data += 1  # type: ignore[union-attr,operator]
        assert torch.equal(before, second(x)) != chained


def test_at_their_best_the_heads_share_nothing(tmp_path: Path) -> None:
    inputs, both = tasks(100, True)
    first, second = fit.fit(both, inputs, inputs, 0, tmp_path / "heads.pt")
    before = fit.answers(second, inputs, both[1].question)
    first.bias.data += 1  # type: ignore[union-attr,operator]
    np.testing.assert_array_equal(before, fit.answers(second, inputs, both[1].question))


def test_a_heads_weight_tells_how_much_the_shared_first_one_learns_from_it(tmp_path: Path) -> None:
    inputs, both = tasks(100, True)
    moved = []
    for weight in (0.0, 0.0, 5.0):
        plan = Plan("binary", rate=1e-2, chained=True, weight=weight)
        tried = [both[0], Task(both[1].question, plan, both[1].truth, both[1].tuning)]
        first, _ = fit.fit(tried, inputs, inputs, 0, tmp_path / f"{len(moved)}.pt")
        moved.append(torch.cat([p.detach().ravel() for p in first.parameters()]))
    assert torch.equal(moved[0], moved[1]) and not torch.allclose(moved[0], moved[2], atol=1e-4)
