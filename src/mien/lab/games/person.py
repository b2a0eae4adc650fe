"""Parametric people: inequity aversion, reciprocity and noise, shifted by emotions as `data/people.json` declares.

They exist to test the engine and the statistics against a known truth. They are evidence about nobody.

The utility is linear in the parameters, so that choices form a conditional logit (`fit.py` inverts it):

    own − envy · max(other − own, 0) − guilt · max(own − other, 0) + reciprocity · kindness · other

in shares of the largest pay-off of the game (Fehr and Schmidt 1999 for the first three terms).
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypedDict

from mien.errors import InputError
from mien.lab.games.game import Matrix, Move
from mien.lab.games.match import EMOTIONS, WAYS, Answer, Emotion, View

STEPS = 20  # a divider gives one of 0, 1/20 … 20/20 of the sum
FILE = Path(__file__).parent / "data" / "people.json"
PARAMETERS = ("envy", "guilt", "reciprocity", "noise")
Terms: TypeAlias = tuple[float, float, float, float]  # own, −envy, −guilt, reciprocity


@dataclass(frozen=True, slots=True)
class Person:
    """The four parameters; as a divider, expects co-players to be like `expects`."""

    envy: float
    guilt: float
    reciprocity: float = 0.0
    noise: float = 0.1
    expects: Person | None = None

    def __post_init__(self) -> None:
        if not (self.noise > 0 and all(map(math.isfinite, self.numbers))):
            raise InputError(f"noise must be above 0 and every parameter finite, got {self.numbers}")

    @property
    def numbers(self) -> tuple[float, float, float, float]:
        return self.envy, self.guilt, self.reciprocity, self.noise

    def utility(self, terms: Terms) -> float:
        own, envy, guilt, kind = terms
        return own + self.envy * envy + self.guilt * guilt + self.reciprocity * kind

    def chances(self, view: View) -> list[float]:
        """The chance of each option of `options(view)`: a logit response."""
        utilities = [self.utility(terms) / self.noise for terms in features(view, self.expects or self)]
        top = max(utilities)
        weights = [math.exp(utility - top) for utility in utilities]
        return [weight / sum(weights) for weight in weights]

    def choose(self, view: View) -> Move:
        """An option drawn with the luck of the view."""
        luck = view.chance()
        for move, reached in zip(options(view), itertools.accumulate(self.chances(view)), strict=True):
            if luck < reached:
                return move
        return options(view)[-1]


def options(view: View) -> Sequence[Move]:
    """The moves a person considers."""
    if isinstance(view.game, Matrix) or view.game.part(view.seat) == "responder":
        return 0, 1
    return [round(step * view.game.total / STEPS) for step in range(STEPS + 1)]


def features(view: View, expected: Person) -> list[Terms]:
    """The terms of the utility of each option; `expected` is whom a proposer believes to answer."""
    if isinstance(view.game, Matrix):
        return [_matrix_terms(view.game, view, move) for move in (0, 1)]
    if view.game.part(view.seat) == "responder":
        return [(0.0, 0.0, 0.0, 0.0), _terms((view.offer or 0) / view.game.total)]
    shares = [step / STEPS for step in range(STEPS + 1)]
    if view.game.part(view.seat) == "proposer":
        return [_times(acceptance(share, expected), _terms(1 - share)) for share in shares]
    return [_terms(1 - share) for share in shares]


def acceptance(share: float, person: Person) -> float:
    """The chance that a person takes this share of a sum when refusing leaves both with nothing."""
    odds = person.utility(_terms(share)) / person.noise
    return 1 / (1 + math.exp(-odds)) if odds > -700 else 0.0  # exp overflows beyond


def threshold(envy: float) -> float:
    """The smallest share that inequity aversion accepts: envy / (1 + 2 · envy)."""
    return envy / (1 + 2 * envy)


def _terms(own: float) -> Terms:
    return own, -max(1 - 2 * own, 0.0), -max(2 * own - 1, 0.0), 0.0


def _times(chance: float, terms: Terms) -> Terms:
    own, envy, guilt, kind = terms
    return chance * own, chance * envy, chance * guilt, chance * kind


def _matrix_terms(game: Matrix, view: View, move: Move) -> Terms:
    """Expected over the co-player's next move, which is believed to follow the counts so far (Laplace's rule)."""
    seen = view.seen()
    scale = max(game.most(0), game.most(1))
    first = (1 + sum(other == 0 for _, other in seen)) / (2 + len(seen))
    kindness = _kindness(game, view.seat, seen[-1]) / scale if seen else 0.0
    own = envy = guilt = kind = 0.0
    for chance, reply in ((first, 0), (1 - first, 1)):
        mine, theirs = (pay / scale for pay in game.earn(view.seat, move, reply))
        own += chance * mine
        envy -= chance * max(theirs - mine, 0.0)
        guilt -= chance * max(mine - theirs, 0.0)
        kind += chance * kindness * theirs
    return own, envy, guilt, kind


def _kindness(game: Matrix, seat: int, last: tuple[Move, Move]) -> float:
    """What the co-player's last move brought me, against what its other move would have."""
    own, other = last
    return game.earn(seat, own, other)[0] - game.earn(seat, own, 1 - other)[0]


class _File(TypedDict):
    base: dict[str, float]
    shifts: dict[str, dict[str, float]]
    ways: dict[str, float]


@dataclass(frozen=True, slots=True)
class People:
    """A base person and what each emotion adds to its parameters, times the strength of the way; a `Player`."""

    base: Person
    shifts: Mapping[str, Mapping[str, float]]
    ways: Mapping[str, float]

    @classmethod
    def load(cls, path: Path = FILE) -> People:
        """The declared people, or those of another file of the same form."""
        try:
            file: _File = json.loads(path.read_bytes())
            base = file["base"]
            people = cls(
                Person(base["envy"], base["guilt"], base["reciprocity"], base["noise"]), file["shifts"], file["ways"]
            )
            if strange := {name for shift in people.shifts.values() for name in shift} - set(PARAMETERS):
                raise ValueError(f"shifts must be among {PARAMETERS}, got {sorted(strange)}")
            for name, way in itertools.product(EMOTIONS, WAYS):
                people.under(Emotion(name, way))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} declares no people ({type(error).__name__}: {error})") from error
        return people

    def under(self, emotion: Emotion | None) -> Person:
        """The person that feels so; it expects its co-players to feel nothing."""
        if emotion is None:
            return self.base
        strength, shift = self.ways[emotion.way], self.shifts.get(emotion.name, {})
        moved = (
            number + strength * shift.get(name, 0.0) for name, number in zip(PARAMETERS, self.base.numbers, strict=True)
        )
        envy, guilt, reciprocity, noise = moved
        return Person(envy, guilt, reciprocity, noise, expects=self.base)

    def move(self, view: View) -> Answer[Move]:
        return Answer(self.under(view.emotion).choose(view))

    def feel(self, view: View) -> Answer[str]:
        """Angry when behind, guilty when ahead, else happy or sad with the sum of both."""
        last = view.past[-1]
        own, other = last.pay[view.seat], last.pay[1 - view.seat]
        if own != other:
            return Answer("angry" if own < other else "guilty")
        best = max(sum(cell) for cell in view.game.cells) if isinstance(view.game, Matrix) else 0.0
        return Answer("happy" if 2 * (own + other) >= best else "sad")

    show = feel
