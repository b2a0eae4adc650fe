"""Does a video run as fast as its parts, decoding, detector and network, measured apart and summed?"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import mien
from mien.bench import Answer, Claim, Setup
from mien.bench.film import write
from mien.bench.timing import in_turns, medians
from mien.io.video import Video
from mien.stream import Watch

FRAMES = 60


def measure(setup: Setup) -> Answer:
    """The example film at 720p."""
    see = mien.perceiver(threads=setup.threads)
    with TemporaryDirectory() as folder:
        file = Path(folder, "clip.mp4")
        write(setup.examples / "two_people.mp4", file, FRAMES, (1280, 720))
        frames = list(Video(file))
        found = [see.detector(frame) for frame in frames]
        (model,) = see.models
        tasks = {
            "watch": lambda: Watch(Video(file), see).table(),
            "decode": lambda: sum(1 for _ in Video(file)),
            "detector": lambda: [see.detector(frame) for frame in frames],
            "network": lambda: [model(faces) for faces in found],
        }
        taken = in_turns(tasks, setup.rounds(7))
    parts = [sum(round_) for round_ in zip(*(taken[name] for name in ("decode", "detector", "network")), strict=True)]
    speed = sorted(apart / whole for apart, whole in zip(parts, taken["watch"], strict=True))[len(parts) // 2]
    claim = Claim("frames/s of watch at 720p, its parts apart = 1", speed, 0.85, at_most=False)
    rates = {name: FRAMES / seconds for name, seconds in medians(taken).items()}
    each = sum(len(faces) for faces in found) / FRAMES
    figures = {"frames_per_second": rates, "faces_per_frame": each, "threads": setup.threads}
    return Answer((claim,), figures, (setup.examples / "two_people.mp4",))
