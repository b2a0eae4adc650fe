"""How long, and in how much memory, does a multi-task recipe train on a challenge's full size?"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from mien.bench import Answer, Claim, Setup
from mien.record import Figure

RECIPE, TWIN = "abaw7_mtl", "mtl"


def measure(setup: Setup) -> Answer:
    """The twin of all rows and all columns is drawn, then the recipe is trained on it, each by its own command."""
    with TemporaryDirectory() as folder:
        twin, out = str(Path(folder, "twin")), str(Path(folder, "run"))
        small = ["--scale", "0.001"] if setup.quick else []
        drawn = _run("twins", TWIN, "--out", twin, *small)
        trained = _run("train", RECIPE, "--data", twin, "--out", out, "--threads", str(setup.threads))
    return Answer(
        (
            Claim("minutes to draw the features of all rows", drawn["minutes"], 2.0, at_most=True),
            Claim(f"minutes to train {RECIPE} on all rows", trained["minutes"], 20.0, at_most=True),
            Claim("GB at most while it trains", trained["gigabytes"], 6.0, at_most=True),
        ),
        {"twin": dict[str, Figure](drawn), "training": dict[str, Figure](trained), "threads": setup.threads},
    )


def _run(*words: str) -> dict[str, float]:
    """Minutes of the clock and of the processor, and the most memory of any command so far."""
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", "from mien.cli import main; main()", *words], check=True)
    after, unit = resource.getrusage(resource.RUSAGE_CHILDREN), 1 if sys.platform == "darwin" else 1024
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "minutes": (time.perf_counter() - begin) / 60,
        "processor_minutes": processor / 60,
        "gigabytes": after.ru_maxrss * unit / 1e9,
    }
