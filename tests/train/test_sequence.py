"""Heads over time: masks, edges, windows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mien.errors import InputError
from mien.train import sequence
from mien.train.data import Target
from mien.train.fit import Task
from mien.train.inputs import Inputs
from mien.train.questions import named
from mien.train.recipe import Kind, Member, Plan

torch.set_num_threads(1)


def inputs(lengths: list[int], width: int = 4, seed: int = 0) -> Inputs:
    n = sum(lengths)
    values = np.random.default_rng(seed).standard_normal((n, width)).astype(np.float16)
    return Inputs(torch.from_numpy(values), np.ones(n, bool), np.cumsum([0, *lengths]).astype(np.int64))


class Own(nn.Module):
    """Answers each row from itself alone."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The first two columns."""
        return x[..., :2]


def test_overlapping_windows_answer_every_row_once_on_average() -> None:
    rows = inputs([1, 31, 32, 33, 100, 5])
    question = named("violence")
    np.testing.assert_allclose(
        sequence.answers(Own(), rows, question), question.read(rows.values[:, :2].float().numpy()), rtol=1e-5
    )


def test_no_window_crosses_two_videos() -> None:
    rows = inputs([20, 40, 70])
    learned = [w.numpy() for w in sequence._windows(rows, 2, np.random.default_rng(0))]
    for windows in (*sequence._covers(rows), *learned):
        video = np.searchsorted(rows.starts, windows, side="right")
        assert (video == video[:, :1]).all()


def test_a_head_over_time_refuses_what_is_not_a_class(tmp_path: Path) -> None:
    rows = inputs([40])
    truth = Target(np.zeros((40, 2), np.float32), np.ones(40, bool))
    task = Task(named("valence_arousal"), Plan("ccc", kind="tcn"), truth, truth)
    with pytest.raises(InputError, match='got the question valence_arousal; use kind="net"'):
        sequence.fit(task, rows, rows, 0, tmp_path / "a.pt")


def test_unknown_rows_have_no_loss_and_no_gradient() -> None:
    raw = torch.randn(2, 8, 2, requires_grad=True)
    truth, known = torch.zeros(2, 8, dtype=torch.int64), torch.zeros(2, 8, dtype=torch.bool)
    loss = sequence.masked(raw, truth, known, torch.ones(2))
    loss.backward()
    assert loss.item() == 0 and raw.grad is not None and not raw.grad.any()


def test_rows_near_a_change_of_class_count_more_and_those_near_a_gap_do_not() -> None:
    truth = torch.tensor([[0] * 10 + [1] * 10])
    known = torch.ones(1, 20, dtype=torch.bool)
    assert sequence.edges(truth, known)[0].nonzero().ravel().tolist() == [7, 8, 9, 10, 11, 12]
    known[0, 9] = False
    assert not sequence.edges(truth, known).any()


@pytest.mark.parametrize("kind", ["tcn", "bilstm", "transformer"])
def test_a_head_over_time_learns_what_one_row_cannot_tell(kind: Kind, tmp_path: Path) -> None:
    """The class is the sign of the mean over a neighbourhood, in noise."""
    draw = np.random.default_rng(0)
    hidden = np.repeat(draw.choice([-1, 1], 60), 20)
    rows = inputs([400, 400, 400])
    values = draw.standard_normal((1200, 4)) + 0.8 * hidden[:, None] * [1, 0, 0, 0]
    rows = replace(rows, values=torch.from_numpy(values.astype(np.float16)))
    truth = Target(np.eye(2, dtype=np.float32)[(hidden > 0).astype(int)], np.ones(1200, bool))
    task = Task(named("violence"), Plan(kind=kind, rate=3e-3, epochs=12, batch=8), truth, truth)
    net = sequence.fit(task, rows, rows, 0, tmp_path / "head.pt")
    right = (sequence.answers(net, rows, task.question).argmax(1) == truth.values.argmax(1)).mean()
    alone = ((values[:, 0] > 0) == (hidden > 0)).mean()
    assert right > alone + 0.05
    again = sequence.fit(task, rows, rows, 0, tmp_path / "head.pt")  # a finished head is read back
    np.testing.assert_array_equal(
        sequence.answers(again, rows, task.question), sequence.answers(net, rows, task.question)
    )


def test_two_streams_attend_to_each_other() -> None:
    both = inputs([10], 6).beside(inputs([10], 3))
    net = sequence.network(both, "bilstm", 2).eval()
    x = torch.randn(2, 10, 9)
    moved = x.clone()
    moved[:, 7, 6:] += 1  # the second stream, elsewhere in time
    assert isinstance(net, sequence.Crossed) and net(x).shape == (2, 10, 2)
    assert (net(x)[:, 0] != net(moved)[:, 0]).any()


def test_a_second_stream_lends_its_columns_but_not_its_eyes() -> None:
    one, other = inputs([3, 4], 6), inputs([3, 4], 2, seed=1)
    one.seen[2] = False
    both = one.beside(other)
    assert both.seen.tolist() == one.seen.tolist() and both.second == 2
    np.testing.assert_array_equal(both.values.numpy(), np.hstack([one.values.numpy(), other.values.numpy()]))


def test_a_head_that_reads_rows_one_by_one_takes_no_second_stream() -> None:
    with pytest.raises(InputError, match="beside another stream is one of tcn"):
        Member("faces", Plan(), beside="skeleton")
