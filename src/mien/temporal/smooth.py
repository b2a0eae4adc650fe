"""Each value replaced by a mean or median of its neighbours in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.types import Floats, Signal

Rows = NDArray[np.int64]
CHUNK = 1 << 16  # rows worked on at once, so that long signals cost little memory and stay in the cache
GATHER = 1 << 22  # numbers gathered at once by the median


@dataclass(frozen=True, slots=True)
class Smooth:
    """A box or Gaussian mean, or a median, over the seen rows of a window that ends where the signal does.

    The window reaches `rows` rows and `seconds` seconds to each side, the tighter of the two where both are given.
    `spread` is the Gaussian's standard deviation, in seconds where `seconds` is given and in rows where not; half of
    the reach by default. A jump in time of more than `gap` seconds is a border. Unseen rows are left as they are.
    """

    kind: Literal["box", "gaussian", "median"] = "box"
    rows: int | None = None
    seconds: float | None = 0.5
    spread: float | None = None
    gap: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("box", "gaussian", "median"):
            raise InputError(f"smoothing must be box, gaussian or median, got {self.kind!r}")
        if self.rows is None and self.seconds is None:
            raise InputError("smoothing needs a half-window: rows=, seconds= or both")
        if not (self.rows or 0) >= 0 or not (self.seconds or 0) >= 0:
            raise InputError(f"a half-window must be 0 or more, got rows={self.rows}, seconds={self.seconds}")
        if self.spread is not None and not self.spread > 0:
            raise InputError(f"spread must be above 0, got {self.spread}; None is half of the reach")

    def __call__(self, signal: Signal) -> Signal:
        """The smoothed signal."""
        low, high = self._window(signal.times)
        filters = {"box": _box, "gaussian": self._gaussian, "median": _median}
        values = filters[self.kind](signal, low, high)
        return Signal(signal.times, values, signal.seen, signal.labels)

    def _window(self, times: NDArray[np.float64]) -> tuple[Rows, Rows]:
        """The first row of each row's window, and the row after its last."""
        n = len(times)
        here = np.arange(n)
        low, high = np.zeros(n, np.int64), np.full(n, n)
        if self.gap is not None:
            starts = np.flatnonzero(np.diff(times) > self.gap) + 1
            piece = np.searchsorted(starts, here, side="right")
            low, high = np.concatenate([[0], starts])[piece], np.concatenate([starts, [n]])[piece]
        if self.rows is not None:
            low, high = np.maximum(low, here - self.rows), np.minimum(high, here + self.rows + 1)
        if self.seconds is not None:
            reach = self.seconds + 1e-6  # times are rounded: a neighbour exactly at the border is inside
            low = np.maximum(low, np.searchsorted(times, times - reach, side="left"))
            high = np.minimum(high, np.searchsorted(times, times + reach, side="right"))
        return low, high

    def _gaussian(self, signal: Signal, low: Rows, high: Rows) -> Floats:
        """Every pair of rows is weighed once and added to both; O(rows × window)."""
        place = np.arange(len(signal), dtype=np.float64) if self.seconds is None else signal.times
        spread = self.spread or max((self.rows if self.seconds is None else self.seconds) or 0, 1e-9) / 2
        values = np.where(signal.seen[:, None], signal.values, 0).astype(np.float64)
        total, weight = values.copy(), signal.seen.astype(np.float64)
        for step in range(1, int((high - np.arange(len(signal))).max(initial=0))):
            pair = np.exp(-0.5 * ((place[step:] - place[:-step]) / spread) ** 2)
            pair *= np.arange(step, len(signal)) < high[:-step]
            ahead, behind = pair * signal.seen[step:], pair * signal.seen[:-step]
            total[:-step] += ahead[:, None] * values[step:]
            total[step:] += behind[:, None] * values[:-step]
            weight[:-step] += ahead
            weight[step:] += behind
        mean = total / np.maximum(weight, 1e-300)[:, None]
        return np.where(signal.seen[:, None], mean, signal.values).astype(np.float32)


def _box(signal: Signal, low: Rows, high: Rows) -> Floats:
    """Differences of running sums: O(rows), whatever the window."""
    out = signal.values.copy()
    counts = np.concatenate([[0], np.cumsum(signal.seen)])
    for start in range(0, len(signal), CHUNK):
        rows = slice(start, min(start + CHUNK, len(signal)))
        first, last = int(low[rows].min()), int(high[rows].max())
        values = np.where(signal.seen[first:last, None], signal.values[first:last], 0)
        lost = ~np.isfinite(values)  # which would stay in every sum from there on
        values[lost] = 0
        sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
        total = sums[high[rows] - first] - sums[low[rows] - first]
        if lost.any():
            gone = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(lost, axis=0)])
            total[gone[high[rows] - first] > gone[low[rows] - first]] = np.nan
        weight = counts[high[rows]] - counts[low[rows]]
        seen = signal.seen[rows]
        out[rows][seen] = total[seen] / weight[seen, None]
    return out


def _median(signal: Signal, low: Rows, high: Rows) -> Floats:
    """Windows gathered and sorted a chunk at a time; unseen rows sort last and are not counted."""
    out = signal.values.copy()
    values = np.where(signal.seen[:, None], signal.values, np.inf)
    counts = np.concatenate([[0], np.cumsum(signal.seen)])
    width = int((high - low).max(initial=1))
    seen = np.flatnonzero(signal.seen)
    size = max(GATHER // max(width * values.shape[1], 1), 1)
    for rows in (seen[i : i + size] for i in range(0, len(seen), size)):
        place = low[rows, None] + np.arange(width)
        window = values[np.minimum(place, len(values) - 1)]
        window[place >= high[rows, None]] = np.inf
        window.sort(axis=1)
        count = counts[high[rows]] - counts[low[rows]]
        each = np.arange(len(rows))
        out[rows] = (window[each, (count - 1) // 2] + window[each, count // 2]) / 2
    return out


STEP = Smooth
