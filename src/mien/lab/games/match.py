"""One match: two players, one game, some rounds, and all that a log should keep of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, TypeAlias, TypeVar

from mien.errors import InputError, unknown
from mien.lab.chat import Usage
from mien.lab.games.game import Game, Matrix, Move, Pair

EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
WAYS = ("plain", "coplayer", "external")  # no cause given, the other player's doing, something from elsewhere
FEELINGS = ("angry", "sad", "happy", "guilty", "neutral")  # what a player may call itself after a round
TWIN = "twin"  # the opponent that is the player itself, without an emotion

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Emotion:
    """A feeling and the way it was induced."""

    name: str
    way: str

    def __post_init__(self) -> None:
        if self.name not in EMOTIONS:
            raise unknown("emotion", self.name, EMOTIONS)
        if self.way not in WAYS:
            raise unknown("way to induce an emotion", self.way, WAYS)


@dataclass(frozen=True, slots=True)
class Setup:
    """The wording and the questions of an experiment; all of it is part of what was measured."""

    coplayer: str = "coplayer"
    currency: str = "dollars"
    labels: tuple[str, str] = ("J", "F")
    reason: bool = False  # a turn to think aloud before each answer
    feel: bool = False  # after each round, name the own feeling
    show: bool = False  # after each round, show a feeling to the co-player
    emotion_last: bool = False  # the emotion after the rules instead of before

    def __post_init__(self) -> None:
        if len({label.strip().casefold() for label in self.labels} - {""}) != 2:
            raise InputError(f"the labels of the moves must be two different ones, got {self.labels}")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What a player replied; None if no try could be read."""

    value: T | None
    asked: int = 1
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Round:
    """What happened once; both entries of every field go by seat."""

    moves: tuple[Move | None, Move | None]
    pay: Pair
    asked: tuple[int, int] = (1, 1)
    tokens: tuple[int, int] = (0, 0)  # read and written, by both
    felt: tuple[str | None, str | None] = (None, None)  # None if nobody asked, empty if unreadable
    shown: tuple[str | None, str | None] = (None, None)

    @property
    def valid(self) -> bool:
        return None not in self.moves


@dataclass(frozen=True, slots=True)
class View:
    """All that a player knows when it is asked."""

    game: Game
    seat: int
    emotion: Emotion | None = None
    past: tuple[Round, ...] = ()
    offer: Move | None = None  # what a divider gives, once it is known
    seed: int = 0

    def seen(self) -> list[tuple[Move, Move]]:
        """Own and other move of every round that counted; nothing is known of a void one."""
        return [
            (own, other)
            for own, other in ((r.moves[self.seat], r.moves[1 - self.seat]) for r in self.past)
            if own is not None and other is not None
        ]

    def chance(self) -> float:
        """A number in [0, 1) that depends on seed and round alone, so that emotions meet the same luck."""
        return _hash(f"{self.seed}/{len(self.past)}", 8) / 2**64


class Player(Protocol):
    """Whoever plays; `feel` and `show` are asked after a round, if the setup says so."""

    def move(self, view: View) -> Answer[Move]: ...
    def feel(self, view: View) -> Answer[str]: ...
    def show(self, view: View) -> Answer[str]: ...


Players: TypeAlias = tuple[Player, Player]


@dataclass(frozen=True, slots=True)
class Match:
    """One cell of a grid."""

    game: Game
    emotion: Emotion | None
    opponent: str
    seed: int

    def view(self, seat: int) -> View:
        """What a seat knows at the start; only seat 0 has the emotion."""
        seed = _hash(f"{self.game.name}/{self.opponent}/{self.seed}/{seat}", 4) >> 1  # servers take 31 bits
        return View(self.game, seat, None if seat else self.emotion, seed=seed)


def play(match: Match, players: Players, setup: Setup) -> list[Round]:
    """All rounds of a match; an unreadable answer makes a round void, and a void round counts."""
    past: list[Round] = []
    for _ in range(match.game.rounds):
        views = [replace(match.view(seat), past=tuple(past)) for seat in (0, 1)]
        answers = _moves(views, players)
        a, b = (answer.value for answer in answers)
        pay = (0.0, 0.0) if a is None or b is None else match.game.pay((a, b))
        round_ = Round((a, b), pay, (answers[0].asked, answers[1].asked), _tokens(answers))
        past.append(_feelings(round_, views, players, setup) if isinstance(match.game, Matrix) else round_)
    return past


def _moves(views: Sequence[View], players: Players) -> list[Answer[Move]]:
    game = views[0].game
    if isinstance(game, Matrix):
        return [player.move(view) for player, view in zip(players, views, strict=True)]
    divider = 1 if game.role == "responder" else 0
    offer = players[divider].move(views[divider])
    if game.role == "dictator" or offer.value is None:
        reply: Answer[Move] = Answer(None if offer.value is None else 1, asked=0)
    else:
        reply = players[1 - divider].move(replace(views[1 - divider], offer=offer.value))
    return [reply, offer] if divider else [offer, reply]


def _feelings(played: Round, views: Sequence[View], players: Players, setup: Setup) -> Round:
    """The round with what was felt and shown after it; a shown feeling follows the felt one."""
    if setup.feel:
        felt = [p.feel(_after(v, played)) for p, v in zip(players, views, strict=True)]
        played = replace(_spent(played, felt), felt=(felt[0].value or "", felt[1].value or ""))
    if setup.show:
        shown = [p.show(_after(v, played)) for p, v in zip(players, views, strict=True)]
        played = replace(_spent(played, shown), shown=(shown[0].value or "", shown[1].value or ""))
    return played


def _after(view: View, played: Round) -> View:
    return replace(view, past=(*view.past, played))


def _spent(played: Round, answers: Sequence[Answer[str]]) -> Round:
    (read, written), (more, longer) = played.tokens, _tokens(answers)
    return replace(played, tokens=(read + more, written + longer))


def _tokens(answers: Sequence[Answer[Move]] | Sequence[Answer[str]]) -> tuple[int, int]:
    return sum(a.usage.prompt for a in answers), sum(a.usage.reply for a in answers)


def _hash(text: str, size: int) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=size).digest(), "big")
