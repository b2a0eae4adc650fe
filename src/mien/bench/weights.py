"""How fast and how small are the networks that ship?"""

from __future__ import annotations

from functools import partial
from importlib.resources import files

import numpy as np

from mien import store
from mien.api import NETWORK
from mien.bench import SEED, Answer, Claim, Setup
from mien.bench.timing import in_turns, medians
from mien.detectors.load import FINDER
from mien.runtime.onnx import Onnx
from mien.types import Floats

FACES, LONG = 32, 640


def measure(setup: Setup) -> Answer:
    """The detector on a square of 640 pixels with one thread, the face network on 32 faces with two, as raw calls."""
    rng = np.random.default_rng(SEED)
    finder, network = (
        Onnx(store.read(card), card, threads=threads)
        for card, threads in ((store.card(FINDER), 1), (store.card(NETWORK), 2))
    )
    side = store.card(NETWORK).input.size

    def noise(count: int, channels: int, long: int) -> Floats:
        return rng.standard_normal((count, channels, long, long), np.float32)

    tasks = {
        "finder": partial(finder.run, noise(1, 1, LONG)),
        "mien_s": partial(network.run, noise(FACES, 3, side)),
    }
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
