"""How much faster than the package `fer` is a photo, from its file to the answers?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from mien.api import perceiver
from mien.bench import Answer, Claim, Setup
from mien.bench.peer import Peer
from mien.bench.timing import in_turns, medians, ratio
from mien.errors import InputError
from mien.geometry import shrink
from mien.io import photo
from mien.perceive import Perceiver
from mien.record import Figure

PASSES = 8  # of ours in a turn, so that both work for as long: who has waited begins slowly, and pays once a turn
PHONE = 4000  # pixels of a phone photo's longer side


def measure(setup: Setup) -> Answer:
    """The example photos as they are, and one as large as phones make them; fer with its defaults."""
    files = sorted(setup.examples.glob("*.jpg"))
    if not files:
        raise InputError(f"no photo in {setup.examples}; name the folder of the example photos with --examples")
    see, claims, figures = perceiver(threads=setup.threads), [], {}
    settings = {"BENCH_THREADS": str(setup.threads), "TF_NUM_INTRAOP_THREADS": str(setup.threads)}
    with TemporaryDirectory() as folder, Peer("fer", setup.peers, settings) as peer:
        sizes = {"small": files, "phone": [_enlarged(files[0], Path(folder, "phone.jpg"))]}
        for size, photos in sizes.items():
            speed, figures[size] = _compare(see, peer, photos, setup.rounds(11 if size == "small" else 5))
            claims.append(Claim(f"{size} photos/s, fer = 1", speed, 8.0, at_most=False))
    return Answer(tuple(claims), {**figures, "threads": setup.threads}, tuple(files))


def _compare(see: Perceiver, peer: Peer, photos: Sequence[Path], rounds: int) -> tuple[float, Figure]:
    asked, found = [str(file.absolute()) for file in photos], dict[str, int]()

    def theirs() -> float:
        told = peer.ask(photos=asked)
        found["fer"] = int(told["faces"])
        return told["seconds"]

    def ours() -> float:
        begin = time.perf_counter()
        for _ in range(PASSES):
            found["mien"] = sum(len(see(photo.read(file))) for file in photos)
        return (time.perf_counter() - begin) / PASSES

    taken = in_turns({"fer": theirs, "mien": ours}, rounds)
    speeds = {name: len(photos) / seconds for name, seconds in medians(taken).items()}
    return ratio(taken, "fer", "mien"), {
        "photos_per_second": speeds,
        "faces": found,
        "photos": len(photos),
        "passes": PASSES,
    }


def _enlarged(source: Path, file: Path) -> Path:
    from PIL import Image

    pixels = photo.read(source).pixels
    scale = PHONE / max(pixels.shape)
    Image.fromarray(shrink(pixels, (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale)))).save(file)
    return file
