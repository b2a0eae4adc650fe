"""A game: who earns what. Each is one JSON file, and what it implies (equilibria, generous moves) is computed."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeAlias, TypedDict, cast

from mien.errors import InputError, unknown
from mien.lab.schema import Json, Schema, fault

FOLDER = Path(__file__).parent / "data" / "games"
LARGEST = 2**20  # bytes of a game file; the real ones have a few hundred

Pair: TypeAlias = tuple[float, float]
Move: TypeAlias = int  # 0 or 1 in a matrix and for a responder (reject, accept); the whole sum given for a divider
Role: TypeAlias = Literal["dictator", "proposer", "responder", "recipient"]

ACROSS: Mapping[Role, Role] = {"dictator": "recipient", "proposer": "responder", "responder": "proposer"}
CELLS = tuple(itertools.product((0, 1), (0, 1)))

_NUMBERS: Schema = {"type": "array", "items": {"type": "number"}}
_MATRIX: Schema = {
    "type": "object",
    "required": ["name", "kind", "payoffs"],
    "properties": {
        "name": {"type": "string"},
        "about": {"type": "string"},
        "kind": {"const": "matrix"},
        "rounds": {"type": "integer", "minimum": 1, "maximum": 1000},
        "payoffs": {"type": "array", "items": {"type": "array", "items": _NUMBERS}},
    },
    "additionalProperties": False,
}
_SPLIT: Schema = {
    "type": "object",
    "required": ["name", "kind", "role", "total"],
    "properties": {
        "name": {"type": "string"},
        "about": {"type": "string"},
        "kind": {"const": "split"},
        "role": {"enum": list(ACROSS)},
        "total": {"type": "integer", "minimum": 1, "maximum": 10**15},  # a float holds every number up to it
        "kept": {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}},
    },
    "additionalProperties": False,
}


class _File(TypedDict):
    """The keys of both kinds of file; the schemas above say which must be there."""

    name: str
    about: str
    rounds: int
    payoffs: list[list[list[float]]]
    role: Role
    total: int
    kept: list[float]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Two players, two moves each, chosen at the same time, for some rounds."""

    name: str
    payoffs: tuple[tuple[Pair, Pair], tuple[Pair, Pair]]  # [move of seat 0][move of seat 1] → what each earns
    rounds: int = 10
    about: str = ""

    def __post_init__(self) -> None:
        if not all(0 <= pay < math.inf for cell in self.cells for pay in cell) or not min(map(self.most, (0, 1))) > 0:
            raise InputError(
                f"payoffs of {self.name} must be finite, 0 or more, and above 0 somewhere for each player, "
                f"got {self.payoffs}; add a constant, which changes no choice"
            )

    @property
    def cells(self) -> tuple[Pair, ...]:
        return tuple(cell for row in self.payoffs for cell in row)

    def pay(self, moves: tuple[Move, Move]) -> Pair:
        return self.payoffs[moves[0]][moves[1]]

    def earn(self, seat: int, own: Move, other: Move) -> Pair:
        """What a seat and its co-player earn, in this order."""
        pay = self.pay((own, other) if seat == 0 else (other, own))
        return pay[seat], pay[1 - seat]

    def most(self, seat: int) -> float:
        """The largest pay-off of one round."""
        return max(cell[seat] for cell in self.cells)

    def generous(self, seat: int) -> Move | None:
        """The move that leaves the co-player more on average; None where both leave the same."""
        left = [sum(self.earn(seat, own, other)[1] for other in (0, 1)) for own in (0, 1)]
        return None if left[0] == left[1] else int(left[1] > left[0])

    def best(self, seat: int, other: Move) -> frozenset[Move]:
        """The best replies to a move."""
        pays = [self.earn(seat, own, other)[0] for own in (0, 1)]
        return frozenset(own for own in (0, 1) if pays[own] == max(pays))

    def nash(self) -> frozenset[tuple[Move, Move]]:
        """The cells that nobody leaves alone."""
        return frozenset((a, b) for a, b in CELLS if a in self.best(0, b) and b in self.best(1, a))

    def mixed(self) -> Pair | None:
        """The chances of move 0 at the inner equilibrium; None where there is no single one."""
        chances = [self._indifference(seat) for seat in (1, 0)]
        if any(chance is None or not 0 < chance < 1 for chance in chances):
            return None
        return chances[0] or 0.0, chances[1] or 0.0

    def _indifference(self, seat: int) -> float | None:
        """The chance of the co-player's move 0 that makes both moves of a seat equal."""
        a, b, c, d = (self.earn(seat, own, other)[0] for own in (0, 1) for other in (0, 1))
        slope = a - b - c + d
        return (d - b) / slope if slope else None

    def pareto(self) -> frozenset[tuple[Move, Move]]:
        """The cells where nobody can earn more without the other earning less."""

        def beaten(pay: Pair) -> bool:
            return any(other != pay and other[0] >= pay[0] and other[1] >= pay[1] for other in self.cells)

        return frozenset(cell for cell in CELLS if not beaten(self.pay(cell)))


@dataclass(frozen=True, slots=True)
class Split:
    """One divides a sum; seat 0 has the named role, seat 1 the one across."""

    name: str
    role: Role
    total: int = 1000
    kept: tuple[float, ...] = ()  # what the other keeps of the sum, one offer each; for a responder
    about: str = ""
    rounds: int = 1

    def __post_init__(self) -> None:
        if (self.role == "responder") != bool(self.kept):
            raise InputError(f"{self.name}: the offers `kept` go with the role responder, got {self.role}, {self.kept}")

    def part(self, seat: int) -> Role:
        """The role of a seat."""
        return ACROSS[self.role] if seat else self.role

    def pay(self, moves: tuple[Move, Move]) -> Pair:
        give, agreed = (moves[1], moves[0]) if self.role == "responder" else moves
        if self.role != "dictator" and not agreed:
            return 0.0, 0.0
        keep, given = float(self.total - give), float(give)
        return (given, keep) if self.role == "responder" else (keep, given)

    def most(self, seat: int) -> float:
        """The whole sum."""
        return float(self.total)


Game: TypeAlias = Matrix | Split


def load(name: str | Path) -> Game:
    """A shipped game by its name, or any game by the path of its file."""
    path = Path(name) if str(name).endswith(".json") else FOLDER / f"{name}.json"
    if path.parent == FOLDER and not path.is_file():
        raise unknown("game", str(name), names())
    try:
        with path.open("rb") as file:
            return parse(json.loads(file.read(LARGEST)))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is no game file: {error}") from error


def names() -> tuple[str, ...]:
    """The shipped games."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def parse(value: Json) -> Game:
    """A game from the JSON of its file, or an error that names what is wrong."""
    kind = value.get("kind") if isinstance(value, dict) else None
    if wrong := fault(value, _SPLIT if kind == "split" else _MATRIX, "game"):
        raise InputError(wrong)
    file = cast(_File, value)
    return _split(file) if kind == "split" else _matrix(file)


def dump(game: Game) -> dict[str, Json]:
    """The JSON of a game, as `parse` reads it."""
    fields = json.loads(json.dumps(asdict(game)))
    if isinstance(game, Matrix):
        return {"kind": "matrix", **fields}
    return {"kind": "split", **{name: value for name, value in fields.items() if name != "rounds"}}


def _matrix(file: _File) -> Matrix:
    try:
        ((a, b), (c, d)) = (((float(x), float(y)) for x, y in row) for row in file["payoffs"])
    except (ValueError, OverflowError) as error:
        raise InputError(f"payoffs of {file['name']} must be 2 × 2 pairs, got {file['payoffs']}") from error
    return Matrix(file["name"], ((a, b), (c, d)), file.get("rounds", 10), file.get("about", ""))


def _split(file: _File) -> Split:
    return Split(file["name"], file["role"], file["total"], tuple(file.get("kept", ())), file.get("about", ""))


def everyone() -> Iterator[Game]:
    """Every shipped game."""
    return map(load, names())
