"""A time-ordered gallery → events: a border stands where two photos in a row are too unlike, or too far apart in time.

No network has to know the kinds of events: any description of a picture will do, and where a classifier's scores are
given, those of an event are pooled over its photos.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mien.types import Floats

Ids = NDArray[np.int64]
Times = NDArray[np.float64]
WINDOWS = (1, 3, 6, 10, 15)


@dataclass(frozen=True, slots=True)
class Borders:
    """`unlike` is the dissimilarity above which a border stands; `gap` the hours above which one stands in any case,
    and `near` the hours within which none does. `window` photos to each side are compared by their means."""

    unlike: float = 0.427
    gap: float = 8.0
    near: float = 0.25
    window: int = 6

    @property
    def reach(self) -> int:
        """Places to each side of a border where no other stands."""
        return self.window

    def __call__(
        self, scenes: Floats, times: Times | None = None, folders: Sequence[str] = (), moments: Times | None = None
    ) -> Ids:
        """An event number per photo, from 0; `times` in seconds, NaN where a photo does not tell.

        `moments` are times that have those of a neighbour there: an undated photo must not bridge a gap of years.
        Where no time tells, a border stands between two `folders`.
        """
        if not len(scenes):
            return np.zeros(0, np.int64)
        border = peaks(dissimilarity(scenes, self.window), self.unlike, self.reach)
        if times is not None:
            hours, apart = (np.abs(np.diff(t)) / 3600 for t in (times, times if moments is None else moments))
            moved = np.array([a != b for a, b in pairwise(folders)], bool) if folders else np.zeros_like(border)
            border = (border & ~(hours < self.near)) | (apart > self.gap) | (np.isnan(apart) & moved)
        return np.concatenate([[0], np.cumsum(border)])


def dissimilarity(scenes: Floats, window: int = 1) -> Floats:
    """Euclidean distance of the means of the photos before and after each place between two photos: (n - 1,)."""
    sums = np.vstack([np.zeros_like(scenes[:1], np.float64), np.cumsum(scenes, axis=0, dtype=np.float64)])
    n, places = len(scenes), np.arange(1, len(scenes))
    low, high = np.maximum(places - window, 0), np.minimum(places + window, n)
    before = (sums[places] - sums[low]) / (places - low)[:, None]
    after = (sums[high] - sums[places]) / (high - places)[:, None]
    return np.linalg.norm(before - after, axis=1).astype(np.float32)


def chi2_step(scores: Floats) -> Floats:
    """The released dissimilarity of score vectors in a row: mean over classes of (s - t)^2 / (s + t)."""
    s, t = scores[:-1], scores[1:]
    total = s + t
    return np.where(total > 1e-4, (s - t) ** 2 / np.maximum(total, 1e-12), 0).mean(1).astype(np.float32)


def peaks(steps: Floats, threshold: float, reach: int = 1) -> NDArray[np.bool_]:
    """Where a step passes the threshold and none within reach is higher: windows see one border from many places."""
    if not len(steps):
        return np.zeros(0, bool)
    padded = np.pad(steps, reach, constant_values=-np.inf)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    return (steps > threshold) & (around.argmax(1) == reach)


def fit(galleries: Sequence[Floats], truth: Sequence[Ids], windows: Sequence[int] = WINDOWS) -> Borders:
    """Window and threshold with the best mean F1 of borders over galleries whose events are known."""
    best = (-1.0, Borders())
    for window in windows:
        steps = [dissimilarity(g, window) for g in galleries]
        for limit in np.quantile(np.concatenate(steps), np.linspace(0.5, 0.995, 25)).tolist():
            rule = Borders(unlike=limit, window=window)
            found = [peaks(s, limit, rule.reach) for s in steps]
            score = np.mean([border_f1(np.diff(t) != 0, f) for f, t in zip(found, truth, strict=True)])
            best = max(best, (float(score), rule), key=lambda b: b[0])
    return best[1]


def border_f1(truth: NDArray[np.bool_], found: NDArray[np.bool_]) -> float:
    """F1 of borders at their exact places; 1 where there is none and none was found."""
    hits, total = int((truth & found).sum()), int(truth.sum() + found.sum())
    return 2 * hits / total if total else 1.0


def pooled(scores: Floats, events: Ids, own: float = 0.5) -> Floats:
    """Per-photo scores refined by the event: `own` is the weight of the photo against the mean of its event."""
    out = np.empty_like(scores)
    for event in np.unique(events):
        rows = events == event
        out[rows] = own * scores[rows] + (1 - own) * scores[rows].mean(0)
    return out


def label(times: Times, folders: Sequence[str] = ()) -> str:
    """An event's days; where they are not known, the folder that holds it all."""
    known = times[np.isfinite(times)]
    if not len(known):
        return folders[0] if len(set(folders)) == 1 and folders[0] != "." else "undated"
    first, last = (
        datetime.fromtimestamp(float(t), timezone.utc).date().isoformat() for t in (known.min(), known.max())
    )
    return first if first == last else f"{first} to {last}"
