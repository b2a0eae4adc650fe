"""Learned attention: the members of a set are weighed by how telling they are, and added up to one descriptor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.link import softmax
from mien.types import Floats, expect

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Attention:
    """`sum_m a_m x_m` with `a = softmax(x q)`, and a linear classifier of that, learnt together."""

    query: Floats  # (d,)
    weights: Floats  # (classes, d)
    bias: Floats  # (classes,)

    def descriptor(self, members: Floats) -> Floats:
        """One vector (d,) for a set (m, d)."""
        return self.shares(members) @ members

    def shares(self, members: Floats) -> Floats:
        """How much each member counts; they sum to one."""
        expect("members", members, (None, len(self.query)))
        return softmax(members @ self.query)

    def __call__(self, members: Floats) -> Floats:
        """The probabilities (classes,) of a set."""
        return softmax(self.weights @ self.descriptor(members) + self.bias)


def fit(sets: Sequence[Floats], labels: Ids, *, classes: int, steps: int = 300, decay: float = 1e-3) -> Attention:
    """Query and classifier that explain the labels of these sets, by Adam on the cross-entropy; no randomness."""
    if len(sets) != len(labels) or not len(sets):
        raise InputError(f"as many labels as sets are wanted, got {len(labels)} and {len(sets)}")
    members, mask = _padded(sets)
    d = members.shape[2]
    theta = np.zeros((classes + 1) * d + classes, np.float32)
    first, second = np.zeros_like(theta), np.zeros_like(theta)
    for step in range(1, steps + 1):
        slope = _gradient(theta, members, mask, labels, classes) + decay * theta
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        move = 0.05 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        theta = (theta - move * first / (np.sqrt(second) + 1e-8)).astype(np.float32)
    return Attention(*_parts(theta, classes, d))


def _parts(theta: Floats, classes: int, d: int) -> tuple[Floats, Floats, Floats]:
    return theta[:d], theta[d : (classes + 1) * d].reshape(classes, d), theta[(classes + 1) * d :]


def _gradient(theta: Floats, members: Floats, mask: Floats, labels: Ids, classes: int) -> Floats:
    query, weights, bias = _parts(theta, classes, members.shape[2])
    shares = softmax(np.where(mask > 0, members @ query, np.float32(-1e9)))
    pooled = np.einsum("bm,bmd->bd", shares, members)
    wrong = softmax(pooled @ weights.T + bias)
    wrong[np.arange(len(labels)), labels] -= 1
    wrong /= len(labels)
    pull = np.einsum("bd,bmd->bm", wrong @ weights, members)
    slope = shares * (pull - (shares * pull).sum(1, keepdims=True))
    return np.concatenate([np.einsum("bm,bmd->d", slope, members), (wrong.T @ pooled).ravel(), wrong.sum(0)])


def _padded(sets: Sequence[Floats]) -> tuple[Floats, Floats]:
    longest = max(len(s) for s in sets)
    members = np.zeros((len(sets), longest, sets[0].shape[1]), np.float32)
    mask = np.zeros((len(sets), longest), np.float32)
    for i, own in enumerate(sets):
        if not len(own):
            raise InputError(f"set {i} is empty; leave it out")
        members[i, : len(own)], mask[i, : len(own)] = own, 1
    return members, mask
