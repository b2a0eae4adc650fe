"""One age and one gender for a person from all their faces: the published rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from mien.album.exif import year

Fuse: TypeAlias = Callable[[Sequence[float]], float]
MALE, FEMALE = np.array([0.875, 0.125]), np.array([0.353, 0.647])  # published templates of (male, female) scores
CERTAIN = 0.6  # published: a median must pass it to say male
_TINY = 1e-9


def birth_year(faces: Sequence[tuple[float, float]]) -> int | None:
    """The median over (age, time taken) of the year of birth; None without faces.

    An age of 30 means between 30 and 31, so half a year more is taken off than the number says.
    """
    years = [year(taken) - age - 0.5 for age, taken in faces]
    return int(np.floor(np.median(years))) if years else None


def median(male: Sequence[float]) -> float:
    """1 or 0: whether the median probability says male."""
    return float(np.median(male) >= CERTAIN)


def geometric(male: Sequence[float]) -> float:
    """1 or 0: whether male has the higher geometric mean."""
    p = np.clip(np.asarray(male, np.float64), _TINY, 1 - _TINY)
    return float(np.log(p).sum() >= np.log(1 - p).sum())


def dempster_shafer(male: Sequence[float]) -> float:
    """1 or 0: whether the product of beliefs, by nearness to the two decision templates, is higher for male."""
    p = np.asarray(male, np.float64)
    scores = np.stack([p, 1 - p], 1)
    near = np.stack([1 / (1 + np.linalg.norm(scores - template, axis=1)) for template in (MALE, FEMALE)])
    near /= near.sum(0)
    belief = near**2 / (1 - near * (1 - near))  # two classes simplify the published product to this
    totals = np.log(belief).sum(1)
    return float(totals[0] >= totals[1])


RULES: dict[str, Fuse] = {"median": median, "geometric mean": geometric, "Dempster-Shafer": dempster_shafer}


def gender(male: Sequence[float], rule: Fuse = geometric) -> str | None:
    """The label of a person, None without faces."""
    return None if not male else "male" if rule(male) else "female"
