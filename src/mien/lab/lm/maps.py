"""Matrices in fewer numbers: low-rank pairs and tensor trains that stand in for `nn.Linear` and `nn.Embedding`.

Each has `weight`, the matrix it stands for, and `bias`. Training reads `weight` and runs the layer as if it were dense,
which is faster for a batch; calling the module never builds the matrix, which is faster for one word.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

CORES = 4  # tensors per matrix, as in the papers


class LowRank(nn.Module):
    """A linear map through a narrow middle: `second(first(x))`."""

    def __init__(self, columns: int, rank: int, rows: int, bias: bool = True) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(columns, rank, bias=False), nn.Linear(rank, rows, bias=bias)

    @property
    def weight(self) -> Tensor:
        """The matrix (rows, columns) it stands for."""
        return self.second.weight @ self.first.weight

    @property
    def bias(self) -> Tensor | None:
        return self.second.bias

    @property
    def out_features(self) -> int:
        return self.second.out_features

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x))


class TensorTrain(nn.Module):
    """A matrix (rows, columns) as a chain of cores (rank before, row digit, column digit, rank after)."""

    def __init__(self, columns: int, rank: int, rows: int, bias: bool = True) -> None:
        super().__init__()
        self.in_features, self.out_features, self.rank = columns, rows, rank
        self.column_digits, self.row_digits = digits(columns), digits(rows)
        ranks = train_ranks(self.row_digits, self.column_digits, rank)
        sizes = zip(ranks, self.row_digits, self.column_digits, ranks[1:], strict=False)
        self.cores = nn.ParameterList(torch.zeros(size) for size in sizes)
        self.bias = nn.Parameter(torch.zeros(rows)) if bias else None

    @property
    def weight(self) -> Tensor:
        """The matrix (rows, columns) it stands for."""
        matrix = self.cores[0][0].flatten(0, -1).view(*self.cores[0].shape[1:])
        for core in self.cores[1:]:
            product = torch.einsum("rcp,pdeq->rdceq", matrix, core)
            matrix = product.flatten(0, 1).flatten(1, 2)
        return matrix[: self.out_features, : self.in_features, 0]

    def forward(self, x: Tensor) -> Tensor:
        # The last core first: its column digit and rank lie together, so that each core is one large product.
        padding = math.prod(self.column_digits) - self.in_features
        flat = nn.functional.pad(x.reshape(-1, self.in_features), (0, padding))
        state = flat.reshape(1, -1, 1)  # (row digits done, words × column digits to come, rank)
        for core in reversed(self.cores):
            before, row, column, after = core.shape
            product = state.reshape(len(state), -1, column * after) @ turned(core)
            split = product.reshape(len(state), -1, row, before).permute(2, 0, 1, 3)
            state = split.reshape(row * len(state), -1, before)
        y = state[: self.out_features, :, 0].T.reshape(*x.shape[:-1], self.out_features)
        return y if self.bias is None else y + self.bias


class TrainTable(TensorTrain):
    """An embedding as a tensor train: row `n` of the matrix for word `n`."""

    def __init__(self, words: int, rank: int, size: int) -> None:
        super().__init__(size, rank, words, bias=False)
        self.num_embeddings, self.embedding_dim = words, size

    def forward(self, x: Tensor) -> Tensor:
        rest, place = x.reshape(-1), math.prod(self.row_digits)
        rows = self.cores[0].new_ones(len(rest), 1, 1)  # (words, column digits done, rank)
        for core, base in zip(self.cores, self.row_digits, strict=True):
            place //= base
            picked = core.transpose(0, 1)[rest // place]  # (words, rank before, column digit, rank after)
            rows = (rows @ picked.flatten(2)).view(len(rest), rows.shape[1] * core.shape[2], core.shape[3])
            rest = rest % place
        return rows[:, : self.embedding_dim, 0].reshape(*x.shape, self.embedding_dim)


def factor(matrix: Tensor, rank: int, moment: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Two factors (rows, rank) and (rank, columns), the best there are for the matrix itself.

    With the second moment (columns, columns) of the vectors it will be multiplied with, the best for those products.
    """
    wide = matrix.double()
    root, back = _root(moment) if moment is not None else (None, None)
    left, values, right = torch.linalg.svd(wide if root is None else wide @ root, full_matrices=False)
    half = values[:rank].sqrt()
    second = half[:, None] * right[:rank]
    return (left[:, :rank] * half).to(matrix.dtype), (second if back is None else second @ back).to(matrix.dtype)


def decompose(matrix: Tensor, rank: int) -> list[Tensor]:
    """Cores of the matrix by TT-SVD, ranks at most `rank`; at full rank their product is the matrix."""
    rows, columns = digits(matrix.shape[0]), digits(matrix.shape[1])
    padding = (0, math.prod(columns) - matrix.shape[1], 0, math.prod(rows) - matrix.shape[0])
    padded = nn.functional.pad(matrix, padding).view(*rows, *columns)
    order = [axis for pair in zip(range(CORES), range(CORES, 2 * CORES), strict=True) for axis in pair]
    rest, before, cores = padded.permute(order).reshape(1, -1), 1, []
    for row, column in list(zip(rows, columns, strict=True))[:-1]:
        left, values, right = torch.linalg.svd(rest.reshape(before * row * column, -1), full_matrices=False)
        after = min(rank, len(values))
        cores.append(left[:, :after].reshape(before, row, column, after))
        rest, before = values[:after, None] * right[:after], after
    return [*cores, rest.reshape(before, rows[-1], columns[-1], 1)]


def turned(core: Tensor) -> Tensor:
    """A core as the matrix (column digit × rank after, row digit × rank before) that a row of vectors meets."""
    before, row, column, after = core.shape
    return core.permute(2, 3, 1, 0).reshape(column * after, row * before)


def train_ranks(rows: Sequence[int], columns: Sequence[int], rank: int) -> list[int]:
    """Ranks between the cores: `rank`, or less where fewer already hold everything."""
    sizes = [row * column for row, column in zip(rows, columns, strict=True)]
    ranks, before = [1], 1
    for place in range(1, len(sizes)):
        before = min(rank, before * sizes[place - 1], math.prod(sizes[place:]))
        ranks.append(before)
    return [*ranks, 1]


def digits(number: int) -> tuple[int, ...]:
    """`CORES` factors as equal as may be, whose product is the number or, where it has none such, a little more."""
    while True:
        found = _split(number, CORES)
        # 2 · 2 · 2 · 1009 is a product too, but its last core would be as large as the matrix.
        if max(found) <= 3 * math.ceil(number ** (1 / CORES)):
            return found
        number += 1


def _split(number: int, parts: int) -> tuple[int, ...]:
    if parts == 1:
        return (number,)
    ideal = number ** (1 / parts)
    first = max(factor for factor in range(1, math.floor(ideal + 1e-9) + 1) if number % factor == 0)
    return (first, *_split(number // first, parts - 1))


def _root(moment: Tensor) -> tuple[Tensor, Tensor]:
    # A direction the data hardly shows must not be blown up by the inverse: hence the floor.
    values, vectors = torch.linalg.eigh(moment.double())
    values = values.clamp_min(1e-6 * float(values.max())).sqrt()
    return (vectors * values) @ vectors.T, (vectors / values) @ vectors.T
