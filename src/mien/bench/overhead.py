"""What does Model cost beside the bare call of onnxruntime that it makes?"""

from __future__ import annotations

from functools import partial

import numpy as np

from mien import store
from mien.api import NETWORK
from mien.bench import SEED, Answer, Claim, Setup
from mien.bench.timing import in_turns, medians, ratio
from mien.geometry import normalise
from mien.models.load import load
from mien.types import Floats

BATCHES = (1, 8, 16, 64)  # one crop is no batch: its figure is kept, nothing is claimed of it


def measure(setup: Setup) -> Answer:
    """Crops of the card's size through the network that ships, in batches of several sizes."""
    model, side = load(NETWORK, threads=setup.threads), store.card(NETWORK).input.size
    pixels = np.random.default_rng(SEED).integers(0, 256, (max(BATCHES), side, side, 3)).astype(np.uint8)
    bare = _bare(setup.threads)
    claims, figures = [], {}
    for count in BATCHES:
        crops = list(pixels[:count])
        batch = normalise(crops, model.card.input)
        taken = in_turns(
            {"model": partial(model.answers, crops), "onnxruntime": partial(bare, batch)}, setup.rounds(41)
        )
        times = ratio(taken, "model", "onnxruntime")
        figures[f"ratio_{count}"] = times
        if count > 1:
            claims.append(Claim(f"seconds of {count} crops, onnxruntime = 1", times, 1.15, at_most=True))
        figures[f"seconds_{count}"] = medians(taken)
    return Answer(tuple(claims), figures)


def _bare(threads: int) -> partial[object]:
    """onnxruntime's own call on the same file, with the same threads."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    content = store.read(store.card(NETWORK))
    session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    (name,) = (i.name for i in session.get_inputs())

    def call(batch: Floats) -> object:
        return session.run(None, {name: batch})

    return partial(call)
