"""Does memory stay flat however long a film is and however many faces are asked about?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mien.bench import SEED, Answer, Claim, Setup, b0, network
from mien.bench.film import write
from mien.bench.peer import Peer

FRAMES, CROPS, THEIRS = (1_000, 10_000), (500, 5_000), (64, 192)
MB = 1e6


def measure(setup: Setup) -> Answer:
    """Peaks of whole processes; EmotiEffLib is asked about few faces, as it takes all of them into one batch."""
    scale = 20 if setup.quick else 1
    film = setup.examples / "two_people.mp4"
    video = [_film(film, frames // scale) for frames in FRAMES]
    crops = [_peak("crops", str(count // scale)) for count in CROPS]
    theirs = [_theirs(setup, count) for count in THEIRS]
    claims = (
        Claim("MB that 10,000 frames take more than 1,000", video[1] - video[0], 60, at_most=True),
        Claim("MB that 5,000 crops take more than 500", crops[1] - crops[0], 60, at_most=True),
    )
    figures = {
        "mb_by_frames": dict(zip(map(str, FRAMES), video, strict=True)),
        "mb_by_crops": dict(zip(map(str, CROPS), crops, strict=True)),
        "emotiefflib_mb_by_crops": dict(zip(map(str, THEIRS), theirs, strict=True)),
    }
    return Answer(claims, figures, (film,))


def _film(source: Path, frames: int) -> float:
    with TemporaryDirectory() as folder:
        file = Path(folder, "film.mp4")
        write(source, file, frames, (320, 180))
        return _peak("video", str(file))


def _peak(task: str, argument: str) -> float:
    run = [sys.executable, "-m", "mien.bench.peak", task, argument]
    return int(subprocess.run(run, check=True, capture_output=True, text=True).stdout) / MB


def _theirs(setup: Setup, count: int) -> float:
    with TemporaryDirectory() as folder:
        place = Path(folder, ".emotiefflib", f"{network.NAME}.onnx")
        place.parent.mkdir()
        place.write_bytes(b0.onnx_file(SEED))
        file = Path(folder, "crops.npy")
        np.save(file, network.faces(count))
        with Peer("emotiefflib", setup.peers, network.settings(folder, 1)) as peer:
            return peer.ask(crops=str(file), count=count)["peak"] / MB
