"""How fast and how small are the networks that ship?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.resources import files

import numpy as np

from mien import store
from mien.api import NETWORK
from mien.bench import SEED, Answer, Claim, Setup
from mien.bench.timing import in_turns, medians
from mien.detectors.load import FINDER
from mien.runtime.onnx import Onnx

FACES, LONG = 32, 640


def measure(setup: Setup) -> Answer:
    """The detector on a square of 640 pixels with one thread, the face network on 32 faces with two, as raw calls."""
    rng = np.random.default_rng(SEED)

    def ready(name: str, threads: int, count: int, side: int) -> Callable[[], object]:
        card = store.card(name)
        noise = rng.standard_normal((count, len(card.input.mean), side, side), np.float32)
        return partial(Onnx(store.read(card), card, threads=threads).run, noise)

    tasks = {"finder": ready(FINDER, 1, 1, LONG), "mien_s": ready(NETWORK, 2, FACES, store.card(NETWORK).input.size)}
    taken = medians(in_turns(tasks, setup.rounds(41)))
    speed, ship = FACES / taken["mien_s"], files("mien") / "weights"
    size = sum(len(file.read_bytes()) for file in ship.iterdir() if file.name.endswith((".onnx", ".json"))) / 1e6
    return Answer(
        (
            Claim("ms of the detector, 640 × 640, one thread", taken["finder"] * 1e3, 8.0, at_most=True),
            Claim("faces/s of mien_s, batch 32, two threads", speed, 1500.0, at_most=False),
            Claim("MB of all weights that ship", size, 16.0, at_most=True),
        ),
        {"seconds": taken},
    )
