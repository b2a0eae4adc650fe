"""What a match shows, and what an emotion changes in it: differences, intervals, and what chance alone would do."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.lab.games.game import Game, Matrix, names
from mien.lab.games.grid import Played
from mien.lab.games.match import EMOTIONS, WAYS
from mien.lab.games.scripted import best_total

HUMANS = Path(__file__).parent / "data" / "humans.csv"
COLUMNS = ("game", "measure", "emotion", "way", "direction", "citation", "finding")
DRAWS = 4000  # of the bootstrap, and at least of the sign flips

Floats: TypeAlias = NDArray[np.float64]
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


@dataclass(frozen=True, slots=True)
class Effect:
    """A measure under an emotion less the measure without it, in matched pairs of matches."""

    player: str
    game: str
    measure: str
    emotion: str
    way: str
    calm: float  # mean without emotion
    change: float
    low: float  # of the 95 % interval
    high: float
    chance: float  # p-value: how often random signs of the differences give as much
    pairs: int
    holm: float = 1.0  # p-value corrected so that any false alarm among all effects is rare
    discovery: float = 1.0  # p-value corrected so that false alarms are a small share of the alarms

    @property
    def sign(self) -> int:
        return int(np.sign(self.change))


def effects(log: Iterable[Score], seed: int = 0) -> list[Effect]:
    """All effects of a log, corrected for their number."""
    cells = _cells(log)
    rng = np.random.default_rng(seed)
    shapes: dict[tuple[int, ...], list[_Cell]] = defaultdict(list)
    for cell in cells:
        shapes[cell.sizes].append(cell)
    found: dict[int, Effect] = {}
    for sizes, alike in shapes.items():
        values = np.stack([cell.differences for cell in alike])
        is_binary = np.array([cell.names[2] == accepted.__name__ for cell in alike])
        bounds = np.where(is_binary[:, None], binary_intervals(values), intervals(values, sizes, rng))
        chances = flips(values, rng, max(DRAWS, 40 * len(cells)))  # else no p-value could survive Holm's correction
        for cell, (low, high), chance in zip(alike, bounds.tolist(), chances.tolist(), strict=True):
            change = float(cell.differences.mean())
            found[id(cell)] = Effect(*cell.names, cell.calm, change, low, high, chance, sum(sizes))
    return corrected([found[id(cell)] for cell in cells])


@dataclass(frozen=True, slots=True)
class _Cell:
    """The matched pairs behind one effect, opponent by opponent."""

    names: tuple[str, str, str, str, str]  # player, game, measure, emotion, way
    calm: float
    differences: Floats  # (pairs,)
    sizes: tuple[int, ...]  # pairs of each opponent


def _cells(log: Iterable[Score]) -> list[_Cell]:
    values: dict[tuple[str, ...], dict[tuple[str, int], float]] = defaultdict(dict)
    for score in log:
        key = score.played.key
        place = (key.player, key.game, score.measure, key.emotion, key.way, key.setup)
        values[place][key.opponent, key.seed] = score.value
    cells = []
    for (player, game, measure, emotion, way, setup), moved in values.items():
        calm = values.get((player, game, measure, "none", "none", setup), {})
        pairs = sorted(set(moved) & set(calm))
        if emotion != "none" and pairs:
            differences = np.array([moved[pair] - calm[pair] for pair in pairs])
            sizes = tuple(Counter(opponent for opponent, _ in pairs).values())
            mean = float(np.mean([calm[pair] for pair in pairs]))
            cells.append(_Cell((player, game, measure, emotion, way), mean, differences, sizes))
    return cells


def intervals(values: Floats, sizes: Sequence[int], rng: np.random.Generator, draws: int = DRAWS) -> Floats:
    """95 % bootstrap interval of the mean of each row (rows, n) → (rows, 2), drawing anew within each stratum of n.

    Strata of one value would pretend to have no variance, so they are thrown together; one value alone gives nan.
    """
    total = values.shape[1]
    if total < 2:
        return np.full((len(values), 2), np.nan)
    sizes = (total,) if min(sizes) < 2 else sizes
    stretch = _student(total - len(sizes)) / _student(np.inf)
    means = np.zeros((draws, len(values)))
    for stratum in np.split(values, np.cumsum(sizes)[:-1], axis=1):
        n = stratum.shape[1]
        counts = rng.multinomial(n, np.full(n, 1 / n), size=draws)
        mean = stratum.mean(axis=1)
        # Means of n draws vary by (n - 1) / n too little, and a percentile forgets that the variance is an estimate:
        # without both corrections (Hesterberg 2015) 95 % intervals of strata of two hold the mean 83 % of the time.
        means += (mean + (counts @ stratum.T / n - mean) * np.sqrt(n / (n - 1)) * stretch) * (n / total)
    return np.quantile(means, [0.025, 0.975], axis=0).T


def binary_intervals(values: Floats) -> Floats:
    """95 % interval of the mean of each row of -1, 0, 1 (rows, n) → (rows, 2), after Agresti and Min (2005).

    Half a pair is added to each kind of pair: where few answers differ, a bootstrap sees no variance at all.
    """
    n = values.shape[1] + 2
    more, less = ((values == sign).sum(axis=1) + 0.5 for sign in (1, -1))
    middle = (more - less) / n
    half = _student(np.inf) * np.sqrt((more + less) / n - middle**2) / n**0.5
    return np.stack([middle - half, middle + half], axis=1)


def _student(freedom: float) -> float:
    """The 97.5 % point of Student's distribution, by its expansion around the normal one; within 1 % from 3 on."""
    z = 1.959964
    terms = z, (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96, (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return sum(term / freedom**power for power, term in enumerate(terms))


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    z, share = 1.959964, hits / of
    middle, half = share + z**2 / (2 * of), z * (share * (1 - share) / of + z**2 / (4 * of**2)) ** 0.5
    return (middle - half) / (1 + z**2 / of), (middle + half) / (1 + z**2 / of)


def flips(values: Floats, rng: np.random.Generator, draws: int = DRAWS) -> Floats:
    """Two-sided p-value of the mean of each row (rows, n): without an effect each sign is as likely as the other."""
    seen = np.abs(values.sum(axis=1))
    as_much = np.zeros(len(values))
    for start in range(0, draws, 1000):  # in blocks, so that memory does not grow with the draws
        signs = rng.integers(0, 2, size=(min(1000, draws - start), values.shape[1])) * 2.0 - 1
        as_much += (np.abs(signs @ values.T) >= seen - 1e-9).sum(axis=0)  # ties must count as ties
    return (1 + as_much) / (1 + draws)


def holm(chances: Sequence[float]) -> Floats:
    """Holm's step-down correction: the smallest p times n, the next times n − 1, … and never decreasing."""
    p = np.asarray(chances, float)
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return _back(np.minimum(stepped, 1), order)


def discovery(chances: Sequence[float]) -> Floats:
    """Benjamini and Hochberg's correction: the largest p, the next times n / (n − 1), … and never increasing."""
    p = np.asarray(chances, float)
    order = np.argsort(p)[::-1]
    stepped = np.minimum.accumulate(p[order] * len(p) / np.arange(len(p), 0, -1))
    return _back(np.minimum(stepped, 1), order)


def _back(values: Floats, order: NDArray[np.intp]) -> Floats:
    placed = np.empty_like(values)
    placed[order] = values
    return placed


def corrected(found: Sequence[Effect]) -> list[Effect]:
    """The effects with both corrections over all of them."""
    chances = [effect.chance for effect in found]
    both = zip(found, holm(chances), discovery(chances), strict=True)
    return [replace(effect, holm=float(h), discovery=float(d)) for effect, h, d in both]


@dataclass(frozen=True, slots=True)
class Human:
    """What one study of people found: the direction in which an emotion moved a measure, 0 for no effect."""

    game: str
    measure: str
    emotion: str
    way: str
    direction: int
    citation: str
    finding: str


def humans(path: Path = HUMANS) -> list[Human]:
    """The studies of a CSV; a row without a citation is refused."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise InputError(f"{path} must have the columns {', '.join(COLUMNS)}, got {reader.fieldnames}")
        return [_human(row, f"{path} line {reader.line_num}") for row in reader]


def _human(row: dict[str, str], where: str) -> Human:
    allowed = {
        "game": names(), "measure": tuple(MEASURES), "emotion": EMOTIONS, "way": WAYS, "direction": ("-1", "0", "1")
    }  # fmt: skip
    if None in row:
        raise InputError(f"{where} must have {len(COLUMNS)} values, got more; quote a comma inside one")
    for column, known in allowed.items():
        if row[column] not in known:
            raise InputError(f"{where}: {column} must be one of {', '.join(known)}, got {row[column]!r}")
    if not (row["citation"] or "").strip():
        raise InputError(f"{where}: every row needs a citation")
    return Human(**{**row, "direction": int(row["direction"])})


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many findings of studies a player matches in direction."""

    player: str
    matched: int
    findings: int
    low: float
    high: float


def agrees(effect: Effect, human: Human) -> bool:
    """Same sign with an interval that excludes 0; where people showed no effect, an interval that includes it."""
    clear = effect.low > 0 or effect.high < 0
    return effect.low <= 0 <= effect.high if human.direction == 0 else clear and effect.sign == human.direction


def matched(found: Sequence[Effect], studies: Sequence[Human]) -> list[tuple[Human, Effect, bool]]:
    """Each finding beside the effect of the same game, measure, emotion and way."""
    return [
        (human, effect, agrees(effect, human))
        for human in studies
        for effect in found
        if (effect.game, effect.measure, effect.emotion, effect.way)
        == (human.game, human.measure, human.emotion, human.way)
    ]


def agreement(found: Sequence[Effect], studies: Sequence[Human]) -> list[Agreement]:
    """The share of findings matched, by player; the interval takes findings as independent, which they hardly are."""
    by_player: dict[str, list[bool]] = defaultdict(list)
    for _, effect, same in matched(found, studies):
        by_player[effect.player].append(same)
    return [Agreement(p, sum(hits), len(hits), *wilson(sum(hits), len(hits))) for p, hits in by_player.items()]
