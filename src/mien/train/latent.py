"""The process behind the twins: moods that last, faces that drift, people who differ, labels that err.

What is published is taken from there (`mien.train.twins`). Four things are published nowhere and are assumed here,
once, before any recipe ran: how long a mood lasts, how noise is shared between slow and fast, how much people differ,
and how often a label is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mien.circumplex import CENTRES
from mien.labels import AFFWILD2, EXPRESSIONS
from mien.types import Floats

MOOD = 4.0  # seconds an expression lasts on average; the longest of the 0.5 to 4 s usually given for a visible one
UNIT = 1.0  # seconds an action unit stays
DRIFT = 2.0  # seconds over which pose and light change
SLOW = 0.5  # share of the noise's variance that drifts; the rest is new in every frame
PERSON = 0.5  # standard deviation of a person's own face against the noise's
WRONG = 0.1  # share of moods labelled at random
MIXED = 2.0  # Dirichlet strength of a video's own class shares: a video dwells on few moods
IDENTITY = 16  # dimensions that tell people apart and nothing else

Draw = np.random.Generator
OTHER = AFFWILD2.index("other")


def stays(draw: Draw, n: int, step: float, dwell: float) -> NDArray[np.int64]:
    """Number of the stay that each of n rows, `step` seconds apart, falls into; stays last `dwell` on average."""
    return np.cumsum(draw.random(n) < 1 - np.exp(-step / dwell))


def moods(draw: Draw, n: int, step: float, shares: Sequence[float]) -> NDArray[np.int64]:
    """A class for each row, from the video's own shares around the published ones."""
    weights = np.array(shares, np.float64) / np.sum(shares)
    own = draw.dirichlet(np.maximum(weights * MIXED, 1e-3))
    stay = stays(draw, n, step, MOOD)
    return draw.choice(len(own), int(stay.max(initial=0)) + 1, p=own)[stay]


def switches(draw: Draw, n: int, step: float, rates: Sequence[float]) -> NDArray[np.bool_]:
    """Units on and off (n, k), each on at its own rate."""
    columns = []
    for rate in rates:
        stay = stays(draw, n, step, UNIT)
        columns.append((draw.random(int(stay.max(initial=0)) + 1) < rate)[stay])
    return np.stack(columns, 1)


def drift(draw: Draw, n: int, columns: int, step: float, dwell: float) -> Floats:
    """Noise of variance one that forgets over `dwell` seconds (n, columns)."""
    from scipy.signal import lfilter

    keep = float(np.exp(-step / dwell))
    fresh = draw.standard_normal((n, columns)) * np.sqrt(1 - keep**2)
    if n:
        fresh[0] /= np.sqrt(1 - keep**2)
    return np.asarray(lfilter([1.0], [1.0, -keep], fresh, axis=0), np.float32)


def noise(draw: Draw, n: int, columns: int, step: float) -> Floats:
    """What hides the signal: slow and fast parts of total variance one, and the person's own face."""
    slow = drift(draw, n, columns, step, DRIFT) * np.float32(SLOW**0.5)
    fast = draw.standard_normal((n, columns), np.float32) * np.float32((1 - SLOW) ** 0.5)
    return slow + fast + draw.standard_normal((1, columns), np.float32) * np.float32(PERSON)


def affect(draw: Draw, mood: NDArray[np.int64], step: float) -> Floats:
    """Valence and arousal (n, 2): halfway to the mood's centre on the circumplex, and wandering."""
    centres = np.zeros((len(AFFWILD2), 2), np.float32)
    for i, name in enumerate(AFFWILD2):
        if name in EXPRESSIONS.names:
            centres[i] = CENTRES[EXPRESSIONS.index(name)]
    own = draw.standard_normal((1, 2)).astype(np.float32) * 0.2
    wander = drift(draw, len(mood), 2, step, MOOD) * 0.25
    return np.clip(centres[mood] * 0.5 + own + wander, -1, 1).astype(np.float32)


def shown(draw: Draw, mood: NDArray[np.int64]) -> Floats:
    """What a face shows of its mood (n, 8): "other" is half itself and half one of the seven."""
    rows = np.eye(len(AFFWILD2), dtype=np.float32)[mood]
    change = np.concatenate([[0], np.cumsum(np.diff(mood) != 0)]) if len(mood) else np.zeros(0, np.int64)
    beside = draw.integers(0, OTHER, int(change.max(initial=0)) + 1)[change]
    mixed = 0.5 * rows + 0.5 * np.eye(len(AFFWILD2), dtype=np.float32)[beside]
    return np.where((mood == OTHER)[:, None], mixed, rows)


def mislabelled(draw: Draw, mood: NDArray[np.int64], shares: Sequence[float]) -> NDArray[np.int64]:
    """The labels of moods: some stays are labelled by chance."""
    change = np.concatenate([[0], np.cumsum(np.diff(mood) != 0)]) if len(mood) else np.zeros(0, np.int64)
    count = int(change.max(initial=0)) + 1
    weights = np.array(shares, np.float64) / np.sum(shares)
    wrong, chance = draw.random(count) < WRONG, draw.choice(len(weights), count, p=weights)
    return np.where(wrong[change], chance[change], mood)


def bursts(draw: Draw, n: int, share: float, length: float = 15.0) -> NDArray[np.bool_]:
    """Rows that are lost, `share` of all, in runs of about `length` rows."""
    stay = np.cumsum(draw.random(n) < 1 / length)
    return (draw.random(int(stay.max(initial=0)) + 1) < share)[stay]
