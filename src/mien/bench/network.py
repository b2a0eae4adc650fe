"""Is mien as fast as EmotiEffLib on one and the same network, and how much faster with its own?"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mien.api import NETWORK
from mien.bench import SEED, Answer, Claim, Setup, b0
from mien.bench.peer import Peer
from mien.bench.timing import in_turns, medians, ratio
from mien.geometry import shrink
from mien.heads import EXPRESSION
from mien.models import Model
from mien.models.load import load
from mien.runtime.onnx import Onnx
from mien.types import Pixels

FACES, SIDE = 48, 160
NAME = "enet_b0_8_best_vgaf"  # under this name EmotiEffLib looks for the file, and takes it for 8 classes


def measure(setup: Setup) -> Answer:
    """The same crops through a B0 of random weights in both packages, and through the network that ships."""
    content = b0.onnx_file(SEED)
    theirs_of_ours = Model(b0.CARD, Onnx(content, b0.CARD, threads=setup.threads), frozenset({EXPRESSION}))
    shipped = load(NETWORK, threads=setup.threads)
    with TemporaryDirectory() as folder:
        place = Path(folder, ".emotiefflib", f"{NAME}.onnx")
        place.parent.mkdir()
        place.write_bytes(content)
        pixels, file = faces(FACES), Path(folder, "crops.npy")
        np.save(file, pixels)
        with Peer("emotiefflib", setup.peers, settings(folder, setup.threads)) as peer:
            tasks = {
                "emotiefflib_b0": lambda: peer.ask(crops=str(file), count=FACES)["seconds"],
                "mien_b0": lambda: answer(theirs_of_ours, list(pixels)),
                "mien": lambda: answer(shipped, list(pixels)),
            }
            taken = in_turns(tasks, setup.rounds(7))
    same, own = ratio(taken, "emotiefflib_b0", "mien_b0"), ratio(taken, "emotiefflib_b0", "mien")
    claims = (
        Claim("faces/s on the same B0, EmotiEffLib = 1", same, 1.0, at_most=False),
        Claim("faces/s of our network, EmotiEffLib's B0 = 1", own, 8.0, at_most=False),
        Claim("faces/s of our network, the B0 in mien = 1", ratio(taken, "mien_b0", "mien"), 8.0, at_most=False),
    )
    speeds = {name: FACES / seconds for name, seconds in medians(taken).items()}
    return Answer(claims, {"faces_per_second": speeds, "faces": FACES, "side": SIDE, "threads": setup.threads})


def settings(home: str, threads: int) -> dict[str, str]:
    """What the worker is told: where EmotiEffLib's folder of files is, which file, how many threads."""
    return {"HOME": home, "BENCH_MODEL": NAME, "BENCH_THREADS": str(threads)}


def faces(count: int) -> Pixels:
    """Crops (count, side, side, 3) of noise: what they show costs nothing."""
    return np.random.default_rng(SEED).integers(0, 256, (count, SIDE, SIDE, 3)).astype(np.uint8)


def answer(model: Model, crops: Iterable[Pixels]) -> None:
    """Crops of any size, resized to the card's and answered."""
    size, how = model.card.input.size, model.card.input.resize
    model.answers(shrink(crop, (size, size), how) for crop in crops)
