"""python -m mien.bench.smoothing: seconds to smooth three million rows of eight columns, to results/smoothing.json."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from mien import record
from mien.labels import AFFWILD2
from mien.temporal import pieces
from mien.temporal.smooth import Smooth
from mien.types import Signal

ROWS, VIDEOS, HALF, SEED = 3_000_000, 548, 50, 0


def measure() -> dict[str, float]:
    """Seconds of the clock and of the processor for a box of 101 rows over all videos."""
    draw = np.random.default_rng(SEED)
    values = draw.random((ROWS, len(AFFWILD2)), np.float32)
    whole = Signal(np.arange(ROWS) / 30, values, draw.random(ROWS) < 0.98, AFFWILD2)
    step, starts = Smooth("box", rows=HALF, seconds=None), np.linspace(0, ROWS, VIDEOS + 1)[1:-1].astype(int)
    parts = list(pieces(whole, starts.tolist()))
    clock, processor = time.perf_counter(), time.process_time()
    for part in parts:
        step(part)
    return {"wall": time.perf_counter() - clock, "processor": time.process_time() - processor}


def main() -> None:
    """Measure and write."""
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--result", type=Path, default=Path("results/smoothing.json"))
    given = parse.parse_args()
    found = measure()
    figures = {"rows": ROWS, "columns": len(AFFWILD2), "videos": VIDEOS, "half_window": HALF, **found}
    record.write(given.result, figures, seed=SEED, data=[], seconds=found["wall"])


if __name__ == "__main__":
    main()
