"""Pruning while a model learns: more and more weights go, but one that proves needed may still come back.

The loss is taken with the weights that are kept, yet its gradient moves all of them (dynamic pruning with feedback, Lin
et al. 2020), so that an early choice is no last word. The share grows by the cubic schedule of Zhu and Gupta (2017).
One threshold for all matrices decides how much each of them keeps.
"""

from collections.abc import Sequence
from typing import TypedDict

import torch
from torch import Tensor, nn

RAMP = 0.8  # of the first stage; the rest of the training is with the choice made last
CHOICES = 200  # on the way there; what they rest on changes little in between


class Memory(TypedDict):
    """What a checkpoint holds of it."""

    turn: int
    dense: list[Tensor]
    kept: list[Tensor]


class Pruner:
    """The dense weights behind a model's matrices, and which of them the model computes with."""

    def __init__(self, weights: Sequence[nn.Parameter], share: float) -> None:
        self.weights, self.share, self.turn = list(weights), share, 0
        self.hold()

    @property
    def settled(self) -> bool:
        """Whether the last choice has been made."""
        return self.turn == CHOICES

    def hold(self) -> None:
        """Take the model's weights, wherever they are now, as dense ones, all of them kept."""
        self.dense = [weight.data for weight in self.weights]
        self.kept = [torch.ones_like(weight, dtype=torch.bool) for weight in self.dense]

    def step(self, optimizer: torch.optim.Adam, done: float) -> None:
        """The optimiser's step, on all weights; then, so much (0 to 1) of the first stage done, a new choice if due."""
        for weight, dense in zip(self.weights, self.dense, strict=True):
            weight.data = dense
        optimizer.step()
        if (turn := min(int(done / RAMP * CHOICES), CHOICES)) > self.turn:
            self.turn = turn
            self._choose([optimizer.state[weight]["exp_avg_sq"] for weight in self.weights])
        self._show()

    def memory(self) -> Memory:
        """What `remember` goes on from."""
        return {"turn": self.turn, "dense": self.dense, "kept": self.kept}

    def remember(self, memory: Memory) -> None:
        """Go on from there."""
        self.turn, self.dense, self.kept = memory["turn"], memory["dense"], memory["kept"]
        self._show()

    def _choose(self, squares: Sequence[Tensor]) -> None:
        # Weight² times the gradient's mean square is what the loss would miss to second order, but worths change while
        # others learn to stand in: in short trials that did worst, weight² alone better, the eighth root between best.
        worths = [dense.square() * square.pow(0.125) for dense, square in zip(self.dense, squares, strict=True)]
        share = self.share * (1 - (1 - self.turn / CHOICES) ** 3)
        if gone := round(share * sum(worth.numel() for worth in worths)):
            most = torch.cat([worth.flatten() for worth in worths]).kthvalue(gone).values
            self.kept = [worth > most for worth in worths]

    def _show(self) -> None:
        for weight, dense, kept in zip(self.weights, self.dense, self.kept, strict=True):
            weight.data = dense * kept
