"""What a language model is told: pieces of text, one file each, put together for a view; and read back."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from mien.lab.chat import Message
from mien.lab.games.game import Matrix, Split
from mien.lab.games.match import Round, Setup, View

FOLDER = Path(__file__).parent / "prompts"


@functools.cache
def piece(name: str) -> str:
    """The template of a piece, with its fields in braces."""
    return (FOLDER / f"{name}.txt").read_text("utf-8").strip()


def pieces() -> tuple[str, ...]:
    """The names of all pieces."""
    return tuple(sorted(str(path.relative_to(FOLDER).with_suffix("")) for path in FOLDER.rglob("*.txt")))


@functools.cache
def wording() -> str:
    """A short hash of every piece: two logs with the same one were told the same."""
    text = "\n".join(f"{name}\n{piece(name)}" for name in pieces())
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def render(name: str, **fields: object) -> str:
    """A piece with its fields filled in."""
    return piece(name).format_map({key: _shown(value) for key, value in fields.items()})


def find(name: str, text: str) -> Iterator[Mapping[str, str]]:
    """The fields of every place where a piece was rendered into a text."""
    return (match.groupdict() for match in _pattern(name).finditer(text))


@functools.cache
def _pattern(name: str) -> re.Pattern[str]:
    met: set[str] = set()

    def group(field: re.Match[str]) -> str:
        known = field[1] in met
        met.add(field[1])
        return f"(?P={field[1]})" if known else f"(?P<{field[1]}>.+?)"

    return re.compile(re.sub(r"\\{(\w+)\\}", group, re.escape(piece(name))))


def _shown(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def system(view: View, setup: Setup) -> str:
    """Where one is, what one feels, what the rules are and what to aim at."""
    kind = "matrix" if isinstance(view.game, Matrix) else "split"
    parts = [_general("environment", setup), _rules(view, setup), _general(f"goal_{kind}", setup)]
    if view.emotion is not None:
        feeling = _general(f"emotions/{view.emotion.name}_{view.emotion.way}", setup)
        parts.insert(2 if setup.emotion_last else 1, feeling)
    return "\n\n".join(parts)


def question(view: View, setup: Setup) -> str:
    """What is asked for now."""
    if isinstance(view.game, Matrix):
        first, second = (setup.labels[move] for move in order(view.seat))
        return render("ask_move", round=len(view.past) + 1, first=first, second=second)
    total = view.game.total
    if view.game.part(view.seat) == "responder":
        give = view.offer or 0
        return render("ask_reply", coplayer=setup.coplayer, currency=setup.currency, keep=total - give, give=give)
    return render("ask_split", total=total, currency=setup.currency)


def conversation(view: View, setup: Setup, asked: str) -> list[Message]:
    """System and one user message: many chat templates refuse two turns of the same side."""
    past = [line for number, round_ in enumerate(view.past, 1) for line in _memory(number, round_, view.seat, setup)]
    return [Message("system", system(view, setup)), Message("user", "\n".join([*past, asked]))]


def order(seat: int) -> tuple[int, int]:
    """The moves as they are listed: seat 1 reads them the other way round, so that no move is always first."""
    return (1, 0) if seat else (0, 1)


def _general(name: str, setup: Setup) -> str:
    return render(name, coplayer=setup.coplayer, currency=setup.currency)


def _rules(view: View, setup: Setup) -> str:
    if isinstance(view.game, Split):
        fields = {"coplayer": setup.coplayer, "currency": setup.currency, "total": view.game.total}
        return render(f"rules_{view.game.part(view.seat)}", **fields)
    pays: dict[str, float] = {}
    for own, mine in zip(("first", "second"), order(view.seat), strict=True):
        for other, theirs in zip(("first", "second"), order(view.seat), strict=True):
            pays[f"own_{own}_{other}"], pays[f"other_{own}_{other}"] = view.game.earn(view.seat, mine, theirs)
    first, second = (setup.labels[move] for move in order(view.seat))
    return render(
        "rules_matrix",
        coplayer=setup.coplayer,
        currency=setup.currency,
        seat=view.seat + 1,
        rounds=view.game.rounds,
        first=first,
        second=second,
        **pays,
    )


def _memory(number: int, played: Round, seat: int, setup: Setup) -> Iterator[str]:
    """What a player is reminded of after a round: the outcome, its own feeling, what it showed and what it saw."""
    own, other = played.moves[seat], played.moves[1 - seat]
    if own is None or other is None:
        yield render("void", round=number)
    else:
        yield render(
            "outcome",
            round=number,
            coplayer=setup.coplayer,
            currency=setup.currency,
            own=setup.labels[own],
            other=setup.labels[other],
            pay=played.pay[seat],
            gain=played.pay[1 - seat],
        )
    if felt := played.felt[seat]:
        yield render("felt", round=number, word=felt)
    if shown := played.shown[seat]:
        yield render("shown", round=number, word=shown, coplayer=setup.coplayer)
    if seen := played.shown[1 - seat]:
        yield render("seen", round=number, word=seen, coplayer=setup.coplayer)
