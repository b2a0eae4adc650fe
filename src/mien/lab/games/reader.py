"""A chat that plays by rules: it reads the prompts back into a view and asks a rule-based player.

It shows that the prompts say all there is to know: through it, a player must do exactly what it does without words.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mien.lab.chat import ChatError, Message, Rules
from mien.lab.games.game import Game, Matrix, Move, Role, Split
from mien.lab.games.match import EMOTIONS, WAYS, Emotion, Player, Round, View
from mien.lab.games.prompt import find, order, render

_PARTS: tuple[Role, ...] = ("dictator", "proposer", "responder")


@dataclass(frozen=True, slots=True)
class Reader:
    """Answers what `Language` asks, as another player would."""

    player: Player
    seed: int = 0

    def chat(self, name: str = "rules") -> Rules:
        return Rules(self.answer, name)

    def answer(self, messages: Sequence[Message]) -> str:
        told, asked = messages[0].content, messages[-1].content
        if any(find("ask_reason", asked)):
            return "I compare what each of us would earn."
        view = self._view(told, "\n".join(m.content for m in messages if m.role == "user"))
        if any(find("ask_feeling", asked)):
            return str(self.player.feel(view).value)
        if any(find("ask_shown", asked)):
            return str(self.player.show(view).value)
        return _said(view, self.player.move(view).value, told)

    def _view(self, told: str, heard: str) -> View:
        emotion, rules = _emotion(told), next(find("rules_matrix", told), None)
        if rules is None:
            game = _split(told)
            offers = [int(fields["give"]) for fields in find("ask_reply", heard)]
            return View(game, 0, emotion, offer=offers[-1] if offers else None, seed=self.seed)
        seat, labels = int(rules["seat"]) - 1, (rules["first"], rules["second"])
        game = _matrix(rules, seat)
        return View(game, seat, emotion, _past(heard, seat, labels), seed=self.seed)


def _emotion(told: str) -> Emotion | None:
    coplayer = next(find("environment", told))["coplayer"]
    for name, way in itertools.product(EMOTIONS, WAYS):
        if render(f"emotions/{name}_{way}", coplayer=coplayer) in told:
            return Emotion(name, way)
    return None


def _matrix(rules: Mapping[str, str], seat: int) -> Matrix:
    listed = dict(zip(order(seat), ("first", "second"), strict=True))

    def cell(a: Move, b: Move) -> tuple[float, float]:
        own, other = (b, a) if seat else (a, b)
        pair = f"{listed[own]}_{listed[other]}"
        mine, theirs = float(rules[f"own_{pair}"]), float(rules[f"other_{pair}"])
        return (theirs, mine) if seat else (mine, theirs)

    return Matrix("read", ((cell(0, 0), cell(0, 1)), (cell(1, 0), cell(1, 1))), int(rules["rounds"]))


def _split(told: str) -> Game:
    for part in _PARTS:
        for rules in find(f"rules_{part}", told):
            return Split("read", part, int(rules["total"]), (0.5,) if part == "responder" else ())
    raise ChatError(f"the prompt must hold the rules of a game, got {told[:80]!r}")


def _past(heard: str, seat: int, labels: tuple[str, str]) -> tuple[Round, ...]:
    moves = dict(zip(labels, order(seat), strict=True))
    rounds = {int(fields["round"]): Round((None, None), (0.0, 0.0)) for fields in find("void", heard)}
    for fields in find("outcome", heard):
        own, other = ((moves[fields[side]], float(fields[pay])) for side, pay in (("own", "pay"), ("other", "gain")))
        first, second = (other, own) if seat else (own, other)
        rounds[int(fields["round"])] = Round((first[0], second[0]), (first[1], second[1]))
    return tuple(rounds[number] for number in sorted(rounds))


def _said(view: View, move: Move | None, told: str) -> str:
    if isinstance(view.game, Matrix):
        rules = next(find("rules_matrix", told))
        return (rules["first"], rules["second"])[order(view.seat).index(move or 0)]
    if view.game.part(view.seat) == "responder":
        return "ACCEPT" if move else "REJECT"
    return f"{view.game.total - (move or 0)};{move}"
