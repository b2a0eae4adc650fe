"""The parameters of a person from its choices: a conditional logit by Newton's method, with clustered errors.

The utility of `person.py` is linear in (1, envy, guilt, reciprocity), so divided by the noise it is a logit whose
weights are (1, envy, guilt, reciprocity) / noise: the likelihood has one maximum, and the parameters are ratios.
A fit describes choices by these parameters; whether the chooser has anything of the kind is not its business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.lab.games.grid import Played
from mien.lab.games.match import View
from mien.lab.games.person import PARAMETERS, Person, features, options

WIDTH = 1.959964  # standard errors on each side of a 95 % interval
STEPS = 60

Floats: TypeAlias = NDArray[np.float64]
Cluster: TypeAlias = tuple[str, str, int]  # game, opponent, seed: matches that share their luck


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and its 95 % interval."""

    name: str
    value: float
    low: float
    high: float

    def holds(self, truth: float) -> bool:
        return self.low <= truth <= self.high


@dataclass(frozen=True, slots=True)
class Fit:
    """The parameters, and how much each cluster of choices moved them."""

    values: Floats  # (4,) in the order of PARAMETERS
    influence: Mapping[Cluster, Floats]  # cluster → (4,)

    def estimates(self) -> list[Estimate]:
        return _estimates(self.values, list(self.influence.values()))

    def shift(self, calm: Fit) -> list[Estimate]:
        """What changed from a calm fit; choices of the same cluster are taken as dependent."""
        none = np.zeros(len(PARAMETERS))
        clusters = {**self.influence, **calm.influence}
        moved = [self.influence.get(c, none) - calm.influence.get(c, none) for c in clusters]
        return _estimates(self.values - calm.values, moved)


@dataclass(frozen=True, slots=True)
class Choices:
    """Every readable choice of seat 0, options padded to the same number."""

    terms: Floats  # (n, options, 4)
    open: NDArray[np.bool_]  # (n, options): real options
    taken: NDArray[np.intp]  # (n,)
    cluster: NDArray[np.intp]  # (n,) index into names
    names: tuple[Cluster, ...]


def choices(log: Iterable[Played], expected: Person) -> Choices:
    """The choices of a log as a proposer saw them who expects such co-players."""
    rows, taken, clusters = [], [], []
    for played in log:
        for number, round_ in enumerate(played.rounds):
            move = round_.moves[0]
            if move is None:
                continue
            view = View(played.game, 0, None, played.rounds[:number], round_.moves[1])
            rows.append(features(view, expected))
            taken.append(int(np.argmin([abs(option - move) for option in options(view)])))
            clusters.append((played.key.game, played.key.opponent, played.key.seed))
    if not rows:
        raise InputError("a fit needs readable choices, got none")
    return _padded(rows, taken, clusters)


def _padded(rows: Sequence[Sequence[Sequence[float]]], taken: list[int], clusters: list[Cluster]) -> Choices:
    most = max(map(len, rows))
    terms = np.zeros((len(rows), most, len(PARAMETERS)))
    is_open = np.zeros((len(rows), most), bool)
    for row, found in enumerate(rows):
        terms[row, : len(found)] = found
        is_open[row, : len(found)] = True
    names = tuple(sorted(set(clusters)))
    index = {name: number for number, name in enumerate(names)}
    return Choices(terms, is_open, np.array(taken), np.array([index[c] for c in clusters]), names)


def fit(log: Iterable[Played], expected: Person) -> Fit:
    """The likeliest parameters, or an error if the choices cannot tell them."""
    data = choices(log, expected)
    weights = _newton(data)
    scores, information = _slopes(data, weights)
    summed = np.zeros((len(data.names), len(weights)))
    np.add.at(summed, data.cluster, scores)
    money = weights[0]
    if money <= 0:
        raise InputError("these choices do not follow the own pay-off, so that no parameter can be a share of it")
    values = np.append(weights[1:], 1.0) / money
    # Derivatives of (weights[1:] / money, 1 / money) by the weights.
    ratio = np.vstack([np.eye(len(weights))[1:], np.zeros(len(weights))]) / money
    ratio[:, 0] = -values / money
    influence = summed @ np.linalg.inv(information) @ ratio.T
    return Fit(values, dict(zip(data.names, influence, strict=True)))


def _newton(data: Choices) -> Floats:
    weights = np.zeros(len(PARAMETERS))
    height = _height(data, weights)
    for _ in range(STEPS):
        scores, information = _slopes(data, weights)
        if np.linalg.matrix_rank(information, tol=1e-9 * max(1.0, np.abs(information).max())) < len(weights):
            raise InputError(
                "these choices cannot tell envy, guilt, reciprocity and noise apart; "
                "play dictator, ultimatum_responder and a matrix game, with more seeds"
            )
        step = np.linalg.solve(information, scores.sum(axis=0))
        while (grown := _height(data, weights + step)) < height - 1e-9:
            step = step / 2
        weights, height = weights + step, grown
        if np.abs(step).max() < 1e-8 * (1 + np.abs(weights).max()):
            return weights
    raise InputError("these choices are too regular for a noise to be fitted; play more seeds or opponents")


def _chances(data: Choices, weights: Floats) -> tuple[Floats, Floats]:
    """Chance of each option (n, options), and the log of the sum that it was divided by (n,)."""
    utility = np.where(data.open, data.terms @ weights, -np.inf)
    top = utility.max(axis=1, keepdims=True)
    raised = np.exp(utility - top)
    total = raised.sum(axis=1, keepdims=True)
    return raised / total, (np.log(total) + top)[:, 0]


def _height(data: Choices, weights: Floats) -> float:
    """The log-likelihood."""
    rows = np.arange(len(data.taken))
    return float((data.terms[rows, data.taken] @ weights - _chances(data, weights)[1]).sum())


def _slopes(data: Choices, weights: Floats) -> tuple[Floats, Floats]:
    """Score of each choice (n, 4), and the information of all (4, 4)."""
    chances, _ = _chances(data, weights)
    mean = np.einsum("no,nop->np", chances, data.terms)
    spread = data.terms - mean[:, None]
    information = np.einsum("no,nop,noq->pq", chances, spread, spread, optimize=True)
    return data.terms[np.arange(len(data.taken)), data.taken] - mean, information


def _estimates(values: Floats, influence: Sequence[Floats]) -> list[Estimate]:
    moved, n = np.stack(influence), len(influence)
    if n < 2:
        raise InputError("an interval needs 2 matches or more, got 1")
    error = np.sqrt((moved**2).sum(axis=0) * n / (n - 1))
    return [
        Estimate(name, float(value), float(value - WIDTH * wide), float(value + WIDTH * wide))
        for name, value, wide in zip(PARAMETERS, values, error, strict=True)
    ]


def shifts(log: Sequence[Played], expected: Person) -> dict[tuple[str, str], list[Estimate]]:
    """For each emotion and way in the log of one player: how the parameters moved."""
    calm = fit([p for p in log if p.key.emotion == "none"], expected)
    felt = sorted({(p.key.emotion, p.key.way) for p in log if p.key.emotion != "none"})
    return {
        (emotion, way): fit([p for p in log if (p.key.emotion, p.key.way) == (emotion, way)], expected).shift(calm)
        for emotion, way in felt
    }
