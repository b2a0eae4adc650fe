"""How long do three million rows of eight columns take to smooth?"""

from __future__ import annotations

import time

import numpy as np

from mien.bench import SEED, Answer, Claim, Setup
from mien.bench.timing import in_turns, medians
from mien.labels import AFFWILD2
from mien.temporal import pieces
from mien.temporal.smooth import Smooth
from mien.types import Signal

ROWS, VIDEOS, HALF = 3_000_000, 548, 50


def measure(setup: Setup) -> Answer:
    """A box of 101 rows over all videos, by the clock; the processor's share is beside it."""
    draw, rows = np.random.default_rng(SEED), ROWS // 100 if setup.quick else ROWS
    values = draw.random((rows, len(AFFWILD2)), np.float32)
    whole = Signal(np.arange(rows) / 30, values, draw.random(rows) < 0.98, AFFWILD2)
    step, starts = Smooth("box", rows=HALF, seconds=None), np.linspace(0, rows, VIDEOS + 1)[1:-1].astype(int)
    parts = list(pieces(whole, starts.tolist()))
    processor = list[float]()

    def smooth() -> None:
        begin = time.process_time()
        for part in parts:
            step(part)
        processor.append(time.process_time() - begin)

    seconds = medians(in_turns({"smooth": smooth}, setup.rounds(5)))["smooth"]
    claim = Claim("seconds to smooth 3,000,000 rows", seconds, 2.0, at_most=True)
    figures = {"rows": rows, "columns": len(AFFWILD2), "videos": VIDEOS, "half_window": HALF}
    return Answer((claim,), {**figures, "processor_seconds": float(np.median(processor))})
