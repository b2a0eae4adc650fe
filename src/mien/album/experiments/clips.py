"""Tracks cut from real clips: how many persons each gives, and whether the two halves of a clip hold the same ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.album.experiments import faces as crops
from mien.album.experiments.figures import Figures
from mien.api import perceiver
from mien.heads import IDENTITY
from mien.identity import descriptor
from mien.identity.cast import LOOKS
from mien.identity.compare import SAME
from mien.identity.gate import Gate
from mien.identity.nodes import Nodes, average
from mien.io.video import Video
from mien.quality import measure
from mien.record import Figure
from mien.stream import Watch
from mien.types import Floats

EVERY = 5


def run(data: Path, seed: int) -> Figures:
    """All figures of this measurement; nothing is random in it."""
    found: dict[str, Figure] = {}
    halves: dict[str, tuple[Floats, Floats]] = {}
    for path in _clips(data):
        tracks = _tracks(path)
        good = [t for t in tracks if len(t) >= LOOKS]
        nodes = Nodes.of(np.stack([descriptor.mean(t) for t in good])) if good else None
        persons = int(average(nodes, SAME).max()) + 1 if nodes else 0
        found[path.name] = {"tracks": len(tracks), "good tracks": len(good), "persons": persons}
        if good and len(longest := max(good, key=len)) >= 2 * LOOKS:
            middle = len(longest) // 2
            halves[path.name] = descriptor.mean(longest[:middle]), descriptor.mean(longest[middle:])
    first, second = (np.stack([h[k] for h in halves.values()]) for k in (0, 1))
    apart = 1 - first @ second.T
    own = np.eye(len(apart), dtype=bool)
    return {
        "clips": found,
        "distance between halves of one track": [float(d) for d in apart[own]],
        "distance between tracks of two clips": [float(d) for d in apart[~own]],
        "threshold": SAME,
        "networks": crops.networks(crops.NETWORK, "finder", "judge"),
    }


def files(data: Path) -> list[Path]:
    """What the numbers hang on beside the code."""
    return _clips(data)


def _clips(data: Path) -> list[Path]:
    return sorted(p for p in (data / "video").iterdir() if p.suffix in (".mp4", ".gif"))


def _tracks(path: Path) -> list[Floats]:
    """Each person's vectors in the order of time, of faces that pass the gate."""
    gate, see = Gate(), perceiver()
    rows: dict[int, list[Floats]] = {}
    for faces in Watch(Video(path, EVERY), lambda frame: measure(see(frame))):
        for face in faces:
            own = rows.setdefault(face.person if face.person is not None else -1, [])
            if not gate.reason(face):
                own.append(face[IDENTITY].values)
    return [np.stack(r) if r else np.zeros((0, 128), np.float32) for r in rows.values()]
