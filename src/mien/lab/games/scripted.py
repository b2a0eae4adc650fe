"""The opponents that follow a rule, and who may play against whom.

A move is kind if it leaves the co-player more on average (`Matrix.generous`), and stern otherwise; so the
rules mean the same in both seats and in every game. Where a game has no kind move, move 0 stands for it.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from mien.errors import unknown
from mien.lab.games.game import Game, Matrix, Move, Split
from mien.lab.games.match import TWIN, Answer, Player, Players, Round, View

Rule: TypeAlias = Callable[[Matrix, View], Move]


def cooperative(game: Matrix, view: View) -> Move:
    """Always kind."""
    return game.generous(view.seat) or 0


def deflecting(game: Matrix, view: View) -> Move:
    """Always stern."""
    return 1 - cooperative(game, view)


def alternating(game: Matrix, view: View) -> Move:
    """Kind in the first, third, fifth … round, and stern in between."""
    return deflecting(game, view) if len(view.past) % 2 else cooperative(game, view)


def vindictive(game: Matrix, view: View) -> Move:
    """Kind until the co-player was not, then stern for ever."""
    kind = game.generous(1 - view.seat)
    betrayed = kind is not None and any(other != kind for _, other in view.seen())
    return deflecting(game, view) if betrayed else cooperative(game, view)


def imitative(game: Matrix, view: View) -> Move:
    """Kind first, then whatever move the co-player made last."""
    seen = view.seen()
    return seen[-1][1] if seen else cooperative(game, view)


RULES: Mapping[str, Rule] = {
    rule.__name__: rule for rule in (cooperative, deflecting, alternating, vindictive, imitative)
}
_SHOWS = {"alternating": "angry"}  # this one shows anger whatever it does; the others show nothing


@dataclass(frozen=True, slots=True)
class Scripted:
    """A rule as a player."""

    name: str

    def move(self, view: View) -> Answer[Move]:
        assert isinstance(view.game, Matrix)
        return Answer(RULES[self.name](view.game, view), asked=0)

    def feel(self, view: View) -> Answer[str]:
        return Answer("neutral", asked=0)

    def show(self, view: View) -> Answer[str]:
        return Answer(_SHOWS.get(self.name, "neutral"), asked=0)


@dataclass(frozen=True, slots=True)
class Fixed:
    """Makes one and the same move: an offer, or a yes."""

    value: Move

    def move(self, view: View) -> Answer[Move]:
        return Answer(self.value, asked=0)

    def feel(self, view: View) -> Answer[str]:
        return Answer("neutral", asked=0)

    show = feel


def opponents(game: Game) -> Mapping[str, Player | None]:
    """Who plays the other seat, by name; None is the twin of whoever plays seat 0."""
    if isinstance(game, Matrix):
        return {**{name: Scripted(name) for name in RULES}, TWIN: None}
    if game.role == "responder":
        return {f"keeps {share:g}": Fixed(_given(game, share)) for share in game.kept}
    return {"recipient": Fixed(1)} if game.role == "dictator" else {"accepting": Fixed(1), TWIN: None}


def seats(player: Player, game: Game, opponent: str) -> Players:
    """Both players of a match."""
    known = opponents(game)
    if opponent not in known:
        raise unknown(f"opponent in {game.name}", opponent, known)
    return player, known[opponent] or player


def _given(game: Split, kept: float) -> Move:
    # The slack undoes binary fractions: 0.29 · 100 is 28.999…
    return game.total - math.floor(kept * game.total + 1e-9)


@functools.cache
def best_total(game: Game, opponent: str) -> float | None:
    """The most that seat 0 can earn in all rounds against this opponent; None against a twin, who follows no rule."""
    other = opponents(game)[opponent]
    if other is None:
        return None
    if isinstance(game, Split):
        offer = other.move(View(game, 1)).value or 0
        return game.pay((1, offer))[0] if game.role == "responder" else float(game.total)
    # A rule looks at the round, at the last move and at whether it was ever betrayed. Of all pasts that agree
    # in these, only the richest can be the start of the best one.
    richest: dict[tuple[bool, Move], tuple[float, tuple[Round, ...]]] = {(False, -1): (0.0, ())}
    for _ in range(game.rounds):
        longer: dict[tuple[bool, Move], tuple[float, tuple[Round, ...]]] = {}
        for ((betrayed, _), (total, past)), own in itertools.product(richest.items(), (0, 1)):
            moves = own, other.move(View(game, 1, past=past)).value or 0
            state = betrayed or own != game.generous(0), own
            grown = total + game.pay(moves)[0], (*past, Round(moves, game.pay(moves)))
            longer[state] = max(longer.get(state, grown), grown, key=lambda pair: pair[0])
        richest = longer
    return max(total for total, _ in richest.values())
