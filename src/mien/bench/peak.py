"""Run as a process of its own: the most memory that a task took, in bytes, on standard output."""

from __future__ import annotations

import sys
from pathlib import Path


def main(task: str, argument: str) -> None:
    """`video FILE` watches a film to its table; `crops COUNT` answers so many crops with a B0 of random weights."""
    import resource

    if task == "video":
        _video(Path(argument))
    else:
        _crops(int(argument))
    unit = 1 if sys.platform == "darwin" else 1024
    sys.stdout.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}\n")


def _video(file: Path) -> None:
    from tempfile import TemporaryDirectory

    import mien
    from mien.io.video import Video
    from mien.stream import Watch

    with TemporaryDirectory() as folder:
        Watch(Video(file), mien.perceiver(threads=1)).table().write(Path(folder, "faces.csv"))


def _crops(count: int) -> None:
    from mien.bench import SEED, b0, network
    from mien.heads import EXPRESSION
    from mien.models import Model
    from mien.runtime.onnx import Onnx

    model = Model(b0.CARD, Onnx(b0.onnx_file(SEED), b0.CARD, threads=1), frozenset({EXPRESSION}))
    few = network.faces(network.FACES)
    network.answer(model, (few[i % len(few)] for i in range(count)))


if __name__ == "__main__":
    main(*sys.argv[1:])
