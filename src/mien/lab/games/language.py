"""A language model as a player: asked in words, read strictly, asked again twice, and then counted as unreadable."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from mien.lab.chat import Chat, Message, Usage
from mien.lab.games import prompt
from mien.lab.games.game import Matrix, Move
from mien.lab.games.match import FEELINGS, Answer, Setup, View

TRIES = 3  # one question and two more
_AROUND = " \t\n.,!*_`\"'"  # what may stand around an answer without changing it
_MONEY = r"\$?\s*(\d{1,3}(?:,\d{3})+|\d+)(?:\.0+)?\s*\$?"
_SPLIT = re.compile(rf"{_MONEY}\s*;\s*{_MONEY}")
_WORD = re.compile(r"[A-Za-z]{2,20}")

T = TypeVar("T")
Parse: TypeAlias = Callable[[str], T]  # raises ValueError with what is wrong


@dataclass(frozen=True, slots=True)
class Language:
    """A player behind chats; each seed has a chat of its own, so that runs can be repeated and replayed."""

    chats: Callable[[int], Chat]
    setup: Setup

    def move(self, view: View) -> Answer[Move]:
        asked = prompt.question(view, self.setup)
        if not self.setup.reason:
            return self._ask(view, prompt.conversation(view, self.setup, asked), asked, self._parser(view))
        talk = prompt.conversation(view, self.setup, prompt.render("ask_reason"))
        thought = self.chats(view.seed).complete(talk)
        talk += [Message("assistant", thought.text), Message("user", asked)]
        return self._ask(view, talk, asked, self._parser(view), thought.usage)

    def feel(self, view: View) -> Answer[str]:
        asked = prompt.render("ask_feeling", round=len(view.past), choices=", ".join(FEELINGS))
        return self._ask(view, prompt.conversation(view, self.setup, asked), asked, read_feeling)

    def show(self, view: View) -> Answer[str]:
        asked = prompt.render("ask_shown", round=len(view.past), coplayer=self.setup.coplayer)
        return self._ask(view, prompt.conversation(view, self.setup, asked), asked, read_word)

    def _parser(self, view: View) -> Parse[Move]:
        if isinstance(view.game, Matrix):
            return lambda text: read_move(text, self.setup.labels)
        if view.game.part(view.seat) == "responder":
            return read_reply
        total = view.game.total
        return lambda text: read_split(text, total)

    def _ask(
        self, view: View, talk: list[Message], asked: str, parse: Parse[T], spent: Usage | None = None
    ) -> Answer[T]:
        chat, spent = self.chats(view.seed), spent or Usage()
        for tries in range(1, TRIES + 1):
            reply = chat.complete(talk)
            spent += reply.usage
            try:
                return Answer(parse(reply.text), tries, spent)
            except ValueError as error:
                again = prompt.render("ask_again", fault=error)
                talk = [*talk, Message("assistant", reply.text), Message("user", f"{again} {asked}")]
        return Answer(None, TRIES, spent)


def read_move(text: str, labels: tuple[str, str]) -> Move:
    """One of the two letters and nothing else."""
    found = [i for i, label in enumerate(labels) if text.strip(_AROUND).casefold() == label.casefold()]
    if len(found) != 1:
        raise ValueError(f"the answer must be {labels[0]} or {labels[1]} alone, and it was {_quoted(text)}")
    return found[0]


def read_split(text: str, total: int) -> Move:
    """What is given, from "keep;give"; the two must add up."""
    match = _SPLIT.fullmatch(text.strip(_AROUND))
    if match is None:
        raise ValueError(f"the answer must be two whole numbers like {total - 1};1, and it was {_quoted(text)}")
    keep, give = (int(number.replace(",", "")) for number in match.groups())
    if keep + give != total:
        raise ValueError(f"the two numbers must add up to {total}, and {keep} + {give} is {keep + give}")
    return give


def read_reply(text: str) -> Move:
    """1 for ACCEPT, 0 for REJECT."""
    word = text.strip(_AROUND).casefold()
    if word not in ("accept", "reject"):
        raise ValueError(f"the answer must be ACCEPT or REJECT alone, and it was {_quoted(text)}")
    return int(word == "accept")


def read_feeling(text: str) -> str:
    """One of the feelings on offer."""
    word = text.strip(_AROUND).casefold()
    if word not in FEELINGS:
        raise ValueError(f"the answer must be one of {', '.join(FEELINGS)}, and it was {_quoted(text)}")
    return word


def read_word(text: str) -> str:
    """One plain word: it is shown to the co-player, who must not be told anything else by it."""
    word = text.strip(_AROUND)
    if not _WORD.fullmatch(word):
        raise ValueError(f"the answer must be one word of letters, and it was {_quoted(text)}")
    return word.casefold()


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")
