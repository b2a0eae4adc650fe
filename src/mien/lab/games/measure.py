"""What a match shows about the player in seat 0, as numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from mien.lab.games.game import Game, Matrix
from mien.lab.games.grid import Played
from mien.lab.games.scripted import best_total

Measure: TypeAlias = Callable[[Played], float | None]  # None where a match says nothing about it


@dataclass(frozen=True, slots=True)
class Score:
    """One measure of one match."""

    played: Played
    measure: str
    value: float


def offered(played: Played) -> float | None:
    """The share of the sum that a divider gives."""
    move = played.rounds[0].moves[0]
    if isinstance(played.game, Matrix) or played.game.role == "responder" or move is None:
        return None
    return move / played.game.total


def accepted(played: Played) -> float | None:
    """1 if a responder takes the offer, 0 if not."""
    move = played.rounds[0].moves[0]
    return None if move is None or not _is_responder(played.game) else float(move)


def cooperation(played: Played) -> float | None:
    """The share of kind moves (those that leave the co-player more on average) among those that could be read."""
    kind = played.game.generous(0) if isinstance(played.game, Matrix) else None
    moves = [round_.moves[0] for round_ in played.rounds if round_.moves[0] is not None]
    return None if kind is None or not moves else sum(move == kind for move in moves) / len(moves)


def of_most(played: Played) -> float | None:
    """What was earned, as a share of the largest pay-off in every round; a void round earns nothing."""
    return sum(r.pay[0] for r in played.rounds) / (len(played.rounds) * played.game.most(0))


def of_best(played: Played) -> float | None:
    """What was earned, as a share of what the best play against this opponent earns; a void round earns nothing."""
    best = best_total(played.game, played.key.opponent)
    return sum(r.pay[0] for r in played.rounds) / best if best else None


MEASURES: Mapping[str, Measure] = {
    measure.__name__: measure for measure in (offered, accepted, cooperation, of_most, of_best)
}


def scores(log: Iterable[Played]) -> Iterator[Score]:
    """Every measure of every match that has it."""
    for played in log:
        for name, measure in MEASURES.items():
            value = measure(played)
            if value is not None:
                yield Score(played, name, value)


def _is_responder(game: Game) -> bool:
    return not isinstance(game, Matrix) and game.role == "responder"
