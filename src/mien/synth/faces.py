"""Many rendered faces, each told by (seed, index) alone, and the shards that keep them on disk."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue

import numpy as np

from mien.errors import InputError
from mien.io.whole import whole
from mien.synth.assets import Assets, load
from mien.synth.face import Latent, person, sample
from mien.synth.render import RenderedFace, render

PER_HEAD = 8  # pictures of one person before the next, so that identity can be learnt
SHARD = 4096


@dataclass(frozen=True, slots=True)
class Order:
    """What to render. Heads of different seeds are different people."""

    assets: Path
    count: int
    seed: int
    size: int = 112

    def __post_init__(self) -> None:
        if self.count < 1 or not 16 <= self.size <= 1024 or not 0 <= self.seed < 2**31:
            raise InputError(
                "wanted count ≥ 1, size 16…1024 and seed 0…2³¹; "
                f"got count {self.count}, size {self.size}, seed {self.seed}"
            )

    def shards(self) -> list[tuple[int, int]]:
        """First and end index of every shard."""
        return [(start, min(start + SHARD, self.count)) for start in range(0, self.count, SHARD)]


def latent(seed: int, index: int) -> Latent:
    """The picture number `index` of a seed; eight in a row show the same head."""
    head = index // PER_HEAD
    who = person(np.random.default_rng((seed, 0, head)), identity(seed, index))
    return sample(np.random.default_rng((seed, 1, index)), who)


def identity(seed: int, index: int) -> int:
    """A number for the head in a picture, different for every seed."""
    return (seed << 32) + index // PER_HEAD


def faces(assets: Assets, count: int, seed: int, size: int = 112, start: int = 0) -> Iterator[RenderedFace]:
    """Pictures `start` … `start + count` of a seed."""
    for index in range(start, start + count):
        yield render(assets, latent(seed, index), size)


def write(order: Order, folder: Path, workers: int = 1, report: Callable[[int], None] | None = None) -> None:
    """All shards of an order in a folder; those already there are kept, so a killed run goes on where it was.

    `report` is given the number of pictures done so far.
    """
    folder.mkdir(parents=True, exist_ok=True)
    todo = [span for span in order.shards() if not _done(folder / _name(span[0]), order, span)]
    done = order.count - sum(stop - start for start, stop in todo)
    tell = report or (lambda _: None)
    tell(done)
    assets = load(order.assets)  # a file that is none is refused here, not in every worker
    if workers == 1:
        for span in todo:
            for _ in _shard(assets, order, span, folder):
                done += 1
                tell(done)
        return
    context = multiprocessing.get_context("spawn")
    ticks = context.Queue()
    crew = [
        context.Process(target=_work, args=(order, todo[i::workers], folder, ticks), daemon=True)
        for i in range(workers)
    ]
    for process in crew:
        process.start()
    while any(process.is_alive() for process in crew) or not ticks.empty():
        try:
            done += ticks.get(timeout=1)
        except Empty:
            continue
        tell(done)
    if any(process.exitcode for process in crew):
        raise InputError("a worker stopped before its shards were written; run the same command again to go on")


def _work(order: Order, todo: list[tuple[int, int]], folder: Path, ticks: Queue[int]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    assets = load(order.assets)
    for span in todo:
        for i, _ in enumerate(_shard(assets, order, span, folder), 1):
            if i % 16 == 0 or i == span[1] - span[0]:
                ticks.put(16 if i % 16 == 0 else i % 16)


def _name(start: int) -> str:
    return f"faces-{start:08d}.npz"


def _done(path: Path, order: Order, span: tuple[int, int]) -> bool:
    if not path.exists():
        return False
    with np.load(path, allow_pickle=False) as data:
        who, size = data["identity"], data["images"].shape[1]
    if (int(who[0]), size) != (identity(order.seed, span[0]), order.size):
        raise InputError(
            f"wanted seed {order.seed} and size {order.size}, {path} holds faces of seed {int(who[0]) >> 32} and size "
            f"{size}; choose another folder with --out"
        )
    return len(who) == span[1] - span[0]


def _shard(assets: Assets, order: Order, span: tuple[int, int], folder: Path) -> Iterator[None]:
    """Render and keep one shard; yields after every picture. The file appears only when whole."""
    made: list[RenderedFace] = []
    for face in faces(assets, span[1] - span[0], order.seed, order.size, span[0]):
        made.append(face)
        yield
    with whole(folder / _name(span[0])) as part, part.open("wb") as file:
        np.savez(
            file,
            images=np.stack([face.image for face in made]),
            boxes=np.stack([face.box for face in made]),
            points=np.stack([face.points for face in made]),
            pose=np.stack([face.pose for face in made]),
            aus=np.stack([face.aus for face in made]),
            expression=np.array([face.expression for face in made], np.int64),
            valence=np.array([face.valence for face in made], np.float32),
            arousal=np.array([face.arousal for face in made], np.float32),
            identity=np.array([identity(order.seed, i) for i in range(*span)], np.int64),
        )
