"""Many matches: what is to be played, played in parallel, each round logged as one line of JSON, resumable.

The log depends on what was asked and answered alone: no clock, no order of arrival. Two equal runs are equal files.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TypeAlias, TypedDict

from mien.errors import InputError
from mien.lab.games.game import Game, dump, parse
from mien.lab.games.match import EMOTIONS, WAYS, Emotion, Match, Player, Round, Setup, play
from mien.lab.games.prompt import wording
from mien.lab.games.scripted import opponents, seats
from mien.lab.schema import Json

LOG = "rounds.jsonl"
Lines: TypeAlias = list[str]


@dataclass(frozen=True, slots=True)
class Key:
    """What tells one match from another, in every line of a log."""

    player: str
    setup: str  # hash of the game, the setup and the wording of every prompt
    game: str
    emotion: str
    way: str
    opponent: str
    seed: int


@dataclass(frozen=True, slots=True)
class Grid:
    """Every game × opponent × emotion × way × seed, and the unemotional match of each beside it."""

    player: str
    games: tuple[Game, ...]
    emotions: tuple[str, ...] = EMOTIONS
    ways: tuple[str, ...] = WAYS
    opponents: tuple[str, ...] = ()  # all that the game has, if empty
    seeds: int = 1
    setup: Setup = field(default_factory=Setup)

    def __post_init__(self) -> None:
        known = {name for game in self.games for name in opponents(game)}
        if strange := set(self.opponents) - known:
            raise InputError(f"opponents must be among {sorted(known)}, got {sorted(strange)}")
        if self.seeds < 1 or not self.games:
            raise InputError(f"a grid needs games and 1 seed or more, got {len(self.games)} and {self.seeds}")

    def matches(self) -> Iterator[Match]:
        """All of them, in the order of the log."""
        feelings = [None, *(Emotion(name, way) for name in self.emotions for way in self.ways)]
        for game in self.games:
            for opponent in [name for name in opponents(game) if name in self.opponents or not self.opponents]:
                for feeling in feelings:
                    for seed in range(self.seeds):
                        yield Match(game, feeling, opponent, seed)

    def key(self, match: Match) -> Key:
        emotion, way = (match.emotion.name, match.emotion.way) if match.emotion else ("none", "none")
        setup = _digest(match.game, self.setup)
        return Key(self.player, setup, match.game.name, emotion, way, match.opponent, match.seed)


@dataclass(frozen=True, slots=True)
class Played:
    """A finished match, from a log."""

    key: Key
    game: Game
    rounds: tuple[Round, ...]


def run(grid: Grid, player: Player, folder: Path, workers: int = 1) -> tuple[int, int]:
    """Play what the log of a folder lacks; how many matches were played now, and how many were there before."""
    keys = {grid.key(match): match for match in grid.matches()}
    folder.mkdir(parents=True, exist_ok=True)
    _describe(grid, folder / "setups.json")
    path = folder / LOG
    lines = _complete(path)
    todo = {key: match for key, match in keys.items() if key not in lines}
    _write(path, [line for kept in lines.values() for line in kept])
    with path.open("a", encoding="utf-8") as log:
        for key, rounds in _play(todo, player, grid.setup, workers):
            lines[key] = [_line(key, number, rounds) for number in range(1, len(rounds) + 1)]
            log.writelines(lines[key])
            log.flush()
    order = [*(key for key in lines if key not in keys), *keys]  # what other grids left stays in front
    _write(path, [line for key in order for line in lines[key]])
    return len(todo), len(keys) - len(todo)


def _play(todo: Mapping[Key, Match], player: Player, setup: Setup, workers: int) -> Iterator[tuple[Key, list[Round]]]:
    """Matches as they finish; after a failure those under way are still given out before it is raised."""
    with ThreadPoolExecutor(workers) as pool:
        waiting = {
            pool.submit(play, match, seats(player, match.game, match.opponent), setup): key
            for key, match in todo.items()
        }
        try:
            for done in as_completed(waiting):
                yield waiting.pop(done), done.result()
        except Exception:
            pool.shutdown(cancel_futures=True)
            for done, key in waiting.items():
                if not done.cancelled() and not done.exception():
                    yield key, done.result()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def read(folder: Path) -> list[Played]:
    """The complete matches of a folder."""
    setups = _setups(folder / "setups.json")
    found = _complete(folder / LOG)
    if strange := {key.setup for key in found} - set(setups):
        raise InputError(f"{folder / 'setups.json'} says not what {sorted(strange)} stand for; keep it with its log")
    return [
        Played(key, parse(setups[key.setup]["game"]), tuple(_round(line) for line in lines))
        for key, lines in found.items()
    ]


def _complete(path: Path) -> dict[Key, Lines]:
    """The lines of each match that was logged to its end; a torn last line is what a stop leaves behind."""
    found: dict[Key, Lines] = {}
    try:
        text = path.read_text("utf-8") if path.is_file() else ""
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no log ({error}); restore it, or play in another folder") from error
    last: dict[Key, bool] = {}
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if not line.endswith("\n"):
            break
        try:
            record = json.loads(line)
            key = Key(*(record[part.name] for part in fields(Key)))
            found.setdefault(key, []).append(line)
            last[key] = record["round"] == record["of"] == len(found[key])
            _round(line)
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} line {number} is no round ({type(error).__name__}: {error})") from error
    return {key: lines for key, lines in found.items() if last[key]}


def _line(key: Key, number: int, rounds: Sequence[Round]) -> str:
    record = {**_flat(key), "round": number, "of": len(rounds), **_flat(rounds[number - 1])}
    return json.dumps(record) + "\n"


def _flat(thing: Key | Round) -> dict[str, object]:
    return {part.name: getattr(thing, part.name) for part in fields(thing)}


def _round(line: str) -> Round:
    """The round of a line; both entries of its moves are whole numbers or nothing, and those of its pay are numbers."""
    record = json.loads(line)
    made = Round(*(tuple(record[field.name]) for field in fields(Round)))
    (a, b), (mine, theirs) = made.moves, made.pay
    if not all(move is None or type(move) is int for move in (a, b)) or not math.isfinite(mine + theirs):
        raise ValueError(f"moves {made.moves} and pay {made.pay}")
    return made


def _write(path: Path, lines: Sequence[str]) -> None:
    """Replace a file at once, so that a stop leaves the old one or the new one."""
    new = path.with_suffix(".new")
    new.write_text("".join(lines), "utf-8")
    new.replace(path)


@functools.cache
def _digest(game: Game, setup: Setup) -> str:
    told = json.dumps([dump(game), asdict(setup), wording()], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _describe(grid: Grid, path: Path) -> None:
    """Keep what each hash in the log stands for; one folder has one setup and one form of each game."""
    known = _setups(path) if path.is_file() else {}
    made: dict[str, _Setup] = {
        _digest(game, grid.setup): {"game": dump(game), "setup": _jsonable(grid.setup), "wording": wording()}
        for game in grid.games
    }
    for new in made.values():
        for old in (*known.values(), *made.values()):
            if (old["setup"], old["wording"]) != (new["setup"], new["wording"]):
                raise InputError(f"{path.parent} holds matches of another setup or wording; use another folder")
            if old["game"] != new["game"] and old["game"]["name"] == new["game"]["name"]:
                raise InputError(
                    f"another game named {new['game']['name']} is in {path.parent} or asked for; "
                    "use another folder or name"
                )
    _write(path, [json.dumps({**known, **made}, indent=1, sort_keys=True) + "\n"])


def _jsonable(setup: Setup) -> dict[str, Json]:
    return json.loads(json.dumps(asdict(setup)))


class _Setup(TypedDict):
    game: Mapping[str, Json]
    setup: Mapping[str, Json]
    wording: str


def _setups(path: Path) -> dict[str, _Setup]:
    try:
        known = json.loads(path.read_bytes())
        for setup in known.values():
            if missing := {"game", "setup", "wording"} - set(setup):
                raise ValueError(f"{sorted(missing)} of a setup are missing")
            parse(setup["game"])
        return known
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} says not what was played ({error}); is this the folder of a run?") from error
