"""What an emotion changes: differences to the same match without it, with intervals and what chance alone would do."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.lab.games.game import names
from mien.lab.games.match import EMOTIONS, WAYS
from mien.lab.games.measure import MEASURES, Score

HUMANS = Path(__file__).parent / "data" / "humans.csv"
COLUMNS = ("game", "measure", "emotion", "way", "direction", "citation", "finding")
DRAWS = 4000  # of the bootstrap and of the sign flips; the smallest p-value is about 1 / DRAWS

Floats = NDArray[np.float64]


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
    """All effects of a log; the corrections count every one of them that could differ from nothing."""
    calm: dict[tuple[str, ...], dict[tuple[str, int], float]] = defaultdict(dict)
    moved: dict[tuple[str, ...], dict[tuple[str, int], float]] = defaultdict(dict)
    for score in log:
        key = score.played.key
        place, pair = (key.player, key.setup, key.game, score.measure), (key.opponent, key.seed)
        if key.emotion == "none":
            calm[place][pair] = score.value
        else:
            moved[(*place, key.emotion, key.way)][pair] = score.value
    rng = np.random.default_rng(seed)
    found = [_effect(cell, values, calm[cell[:4]], rng) for cell, values in moved.items()]
    return corrected([effect for effect in found if effect is not None])


def _effect(
    cell: tuple[str, ...],
    values: dict[tuple[str, int], float],
    calm: dict[tuple[str, int], float],
    rng: np.random.Generator,
) -> Effect | None:
    player, _, game, measure, emotion, way = cell
    pairs = sorted(set(values) & set(calm))
    if not pairs:
        return None
    opponents = sorted({opponent for opponent, _ in pairs})
    strata = [np.array([values[p] - calm[p] for p in pairs if p[0] == opponent]) for opponent in opponents]
    low, high = interval(strata, rng)
    differences = np.concatenate(strata)
    return Effect(
        player, game, measure, emotion, way,
        calm=float(np.mean([calm[p] for p in pairs])),
        change=float(differences.mean()),
        low=low, high=high,
        chance=flips(differences, rng),
        pairs=len(pairs),
    )  # fmt: skip


def interval(strata: Sequence[Floats], rng: np.random.Generator, draws: int = DRAWS) -> tuple[float, float]:
    """95 % bootstrap interval of the mean, drawing anew within each stratum (here: each opponent); nan for one value.

    Strata of one value would pretend to have no variance, so they are thrown together.
    """
    total = sum(map(len, strata))
    if total < 2:
        return float("nan"), float("nan")
    if min(map(len, strata)) < 2:
        strata = [np.concatenate(strata)]
    sums = np.zeros(draws)
    for values in strata:
        n, mean = len(values), values.mean()
        drawn = values[rng.integers(n, size=(draws, n))].mean(axis=1) - mean
        # Means of n draws vary by (n - 1) / n too little; in small strata that is what makes intervals too short.
        sums += n * (mean + drawn * np.sqrt(n / (n - 1)))
    low, high = np.quantile(sums / total, [0.025, 0.975])
    return float(low), float(high)


def flips(differences: Floats, rng: np.random.Generator, draws: int = DRAWS) -> float:
    """Two-sided p-value of a mean of paired differences: under no effect each sign is as likely as the other."""
    signs = rng.choice([-1.0, 1.0], size=(draws, len(differences)))
    seen = abs(differences.mean())
    as_much = np.abs(signs @ differences) / len(differences) >= seen - 1e-12  # ties must count as ties
    return float((1 + as_much.sum()) / (1 + draws))


def holm(chances: Sequence[float]) -> Floats:
    """Holm's step-down correction: the smallest p times n, the next times n − 1, … and never decreasing."""
    p = np.asarray(chances, float)
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return _back(np.minimum(stepped, 1), order)


def discovery(chances: Sequence[float]) -> Floats:
    """Benjamini and Hochberg's correction: the largest p times 1, the next times n / (n − 1), … and never increasing."""
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
    return not clear if human.direction == 0 else clear and effect.sign == human.direction


def matched(found: Sequence[Effect], studies: Sequence[Human]) -> list[tuple[Human, Effect, bool]]:
    """Each finding beside the effect of the same game, measure, emotion and way."""
    return [
        (human, effect, agrees(effect, human))
        for human in studies
        for effect in found
        if (effect.game, effect.measure, effect.emotion, effect.way)
        == (human.game, human.measure, human.emotion, human.way)
    ]


def agreement(found: Sequence[Effect], studies: Sequence[Human], seed: int = 0) -> list[Agreement]:
    """The share of findings matched, by player, with a 95 % bootstrap interval over findings."""
    by_player: dict[str, list[float]] = defaultdict(list)
    for _, effect, same in matched(found, studies):
        by_player[effect.player].append(float(same))
    rng = np.random.default_rng(seed)
    return [
        Agreement(player, int(sum(hits)), len(hits), *interval([np.array(hits)], rng))
        for player, hits in by_player.items()
    ]
