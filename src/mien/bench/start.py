"""What does `import mien` cost beside `import numpy`?"""

from __future__ import annotations

import subprocess
import sys
from functools import partial

from mien.bench import Answer, Claim, Setup
from mien.bench.timing import in_turns, medians, ratio


def measure(setup: Setup) -> Answer:
    """Whole processes, interpreter included."""
    tasks = {name: partial(_import, name) for name in ("mien", "numpy")}
    taken = in_turns(tasks, setup.rounds(25))
    claim = Claim("seconds of import mien, import numpy = 1", ratio(taken, "mien", "numpy"), 1.5, at_most=True)
    return Answer((claim,), {"seconds": medians(taken)})


def _import(name: str) -> None:
    subprocess.run([sys.executable, "-c", f"import {name}"], check=True)
