from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.lab.lm.maps import CORES, LowRank, TensorTrain, TrainTable, decompose, digits, factor, train_ranks


def _filled(train: TensorTrain, matrix: torch.Tensor) -> TensorTrain:
    for core, values in zip(train.cores, decompose(matrix, train.rank), strict=True):
        core.data = values
    return train


@pytest.mark.parametrize("shape", [(60, 80), (36, 90), (23, 47), (7, 100)])
def test_a_tensor_train_of_full_rank_is_the_matrix(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, dtype=torch.float64)
    train = _filled(TensorTrain(shape[1], 10**6, shape[0]), matrix)
    torch.testing.assert_close(train.weight, matrix, atol=1e-5, rtol=0)


def test_a_larger_rank_never_fits_worse() -> None:
    matrix = torch.randn(60, 40, dtype=torch.float64)
    trains = [_filled(TensorTrain(40, rank, 60), matrix) for rank in (1, 2, 4, 8, 16, 64)]
    errors = [float((train.weight.detach() - matrix).norm()) for train in trains]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.5 * errors[0]


def test_a_matrix_that_is_a_train_is_found_again() -> None:
    train = TensorTrain(40, 3, 60).double()
    for core in train.cores:
        torch.nn.init.normal_(core)
    matrix = train.weight.detach()
    torch.testing.assert_close(_filled(TensorTrain(40, 3, 60).double(), matrix).weight, matrix)


@pytest.mark.parametrize("sizes", [(40, 60), (23, 47)])
def test_calling_a_map_is_multiplying_with_its_weight(sizes: tuple[int, int]) -> None:
    columns, rows = sizes
    for made in (TensorTrain(columns, 5, rows), LowRank(columns, 5, rows)):
        for weight in made.parameters():
            torch.nn.init.normal_(weight, std=0.5)
        x = torch.randn(3, 2, columns)
        torch.testing.assert_close(made(x), x @ made.weight.T + made.bias, atol=1e-4, rtol=1e-4)


def test_a_train_table_gives_rows_of_its_matrix() -> None:
    table = TrainTable(101, 4, 30)
    for core in table.cores:
        torch.nn.init.normal_(core)
    words = torch.arange(101).view(1, 101)
    torch.testing.assert_close(table(words)[0], table.weight)


@pytest.mark.parametrize("rank", [1, 4, 100])
def test_a_train_has_as_many_numbers_as_the_closed_form_says(rank: int) -> None:
    train = TensorTrain(200, rank, 10_000, bias=False)
    ranks = train_ranks(train.row_digits, train.column_digits, rank)
    expected = sum(
        before * row * column * after
        for before, row, column, after in zip(ranks, train.row_digits, train.column_digits, ranks[1:], strict=False)
    )
    assert sum(core.numel() for core in train.parameters()) == expected
    assert max(ranks) <= rank


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 20_000))
def test_digits_hold_the_number_and_little_more(number: int) -> None:
    found = digits(number)
    assert len(found) == CORES
    assert number <= math.prod(found) <= number * 1.2 + 16


def test_factors_are_the_best_of_their_rank() -> None:
    matrix = torch.randn(30, 20, dtype=torch.float64)
    left, right = factor(matrix, 6)
    rest = scipy.linalg.svdvals(matrix.numpy())[6:]
    assert float((matrix - left @ right).norm()) == pytest.approx(float(np.linalg.norm(rest)))


def test_whitened_factors_beat_plain_ones_on_the_data_they_are_for() -> None:
    torch.manual_seed(0)
    matrix, x = torch.randn(30, 20).double(), torch.randn(500, 20).double() * torch.logspace(0, -2, 20).double()
    moment = x.T @ x / len(x)
    plain, white = (torch.matmul(*factor(matrix, 5, given)) for given in (None, moment))
    assert float((x @ (matrix - white).T).norm()) < 0.7 * float((x @ (matrix - plain).T).norm())
    assert float((matrix - white).norm()) > float((matrix - plain).norm())
    torch.testing.assert_close(torch.matmul(*factor(matrix, 20, moment)), matrix)
