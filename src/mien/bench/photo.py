"""How much faster than the package `fer` is a photo, from its file to the answers?"""

from __future__ import annotations

from mien.api import perceiver
from mien.bench import Answer, Claim, Setup
from mien.bench.peer import Peer
from mien.bench.timing import in_turns, medians, ratio
from mien.errors import InputError
from mien.io import photo


def measure(setup: Setup) -> Answer:
    """The example photos through both, fer with its default detector and network."""
    files = sorted(setup.examples.glob("*.jpg"))
    if not files:
        raise InputError(f"no photo in {setup.examples}; name the folder of the example photos with --examples")
    see = perceiver(threads=setup.threads)
    with Peer("fer", setup.peers, {"BENCH_THREADS": str(setup.threads), "TF_NUM_INTRAOP_THREADS": "1"}) as peer:
        asked = [str(file.absolute()) for file in files]
        tasks = {
            "fer": lambda: peer.ask(photos=asked)["seconds"],
            "mien": lambda: [see(photo.read(file)) for file in files],
        }
        taken = in_turns(tasks, setup.rounds(15))
        found = {"fer": peer.ask(photos=asked)["faces"], "mien": sum(len(see(photo.read(file))) for file in files)}
    claim = Claim("photos/s, fer = 1", ratio(taken, "fer", "mien"), 8.0, at_most=False)
    speeds = {name: len(files) / seconds for name, seconds in medians(taken).items()}
    return Answer((claim,), {"photos_per_second": speeds, "faces": found, "threads": setup.threads}, tuple(files))
