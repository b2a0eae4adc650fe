"""Shards: each picture told by seed and index, a killed run goes on."""

from __future__ import annotations

import queue
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.synth import faces as module
from mien.synth.assets import Assets
from mien.synth.faces import PER_HEAD, Order, faces, identity, latent, write


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, egg: Assets) -> Order:
    """An order of three small shards of the small head."""
    monkeypatch.setattr(module, "SHARD", 4)
    monkeypatch.setattr(module, "load", lambda path: egg)
    return Order(Path("unread.npz"), 10, seed=4, size=32)


def _read(folder: Path) -> dict[str, np.ndarray]:
    shards = [dict(np.load(path)) for path in sorted(folder.glob("*.npz"))]
    return {name: np.concatenate([shard[name] for shard in shards]) for name in shards[0]}


def test_a_picture_alone_equals_the_same_in_a_run(egg: Assets) -> None:
    run = list(faces(egg, 10, seed=1, size=48))
    (alone,) = faces(egg, 1, seed=1, size=48, start=9)
    assert (alone.image == run[9].image).all()
    assert (alone.aus == run[9].aus).all()


def test_pictures_of_one_head_share_the_person_and_nothing_else() -> None:
    first, second, other = latent(1, 0), latent(1, PER_HEAD - 1), latent(1, PER_HEAD)
    assert first.person == second.person != other.person
    assert first.pose != second.pose


def test_heads_of_another_seed_are_other_people() -> None:
    ours = {latent(1, i).person.identity for i in range(0, 400, PER_HEAD)}
    theirs = {latent(2, i).person.identity for i in range(0, 400, PER_HEAD)}
    assert len(ours) == 50
    assert not ours & theirs
    assert identity(1, 399) < identity(2, 0)


def test_shards_hold_every_picture_once_in_order(small: Order, egg: Assets, tmp_path: Path) -> None:
    seen: list[int] = []
    write(small, tmp_path, report=seen.append)
    found = _read(tmp_path)
    assert len(list(tmp_path.glob("*.npz"))) == 3
    assert seen == list(range(11))
    for i, face in enumerate(faces(egg, 10, small.seed, 32)):
        assert (found["images"][i] == face.image).all()
        assert (found["points"][i] == face.points).all()
        assert found["identity"][i] == identity(small.seed, i)


def test_a_killed_run_goes_on_to_the_same_end(small: Order, tmp_path: Path) -> None:
    write(small, tmp_path / "whole")

    def stop(done: int) -> None:
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(small, tmp_path / "killed", report=stop)
    assert len(list((tmp_path / "killed").glob("*.npz"))) == 1
    before = next((tmp_path / "killed").glob("*.npz")).stat().st_mtime_ns
    again: list[int] = []
    write(small, tmp_path / "killed", report=again.append)
    assert again[0] == 4
    assert min(path.stat().st_mtime_ns for path in (tmp_path / "killed").glob("*.npz")) == before
    whole, killed = _read(tmp_path / "whole"), _read(tmp_path / "killed")
    assert all((whole[name] == killed[name]).all() for name in whole)


@pytest.mark.parametrize(("seed", "size"), [(5, 32), (4, 48)])
def test_shards_of_another_seed_or_size_are_not_taken_for_done(
    small: Order, tmp_path: Path, seed: int, size: int
) -> None:
    write(small, tmp_path)
    with pytest.raises(InputError, match="holds faces of seed 4 and size 32; choose another folder"):
        write(replace(small, seed=seed, size=size), tmp_path)


def test_a_worker_writes_its_share_and_counts_every_picture(small: Order, tmp_path: Path) -> None:
    write(small, tmp_path / "one")
    ticks: queue.Queue[int] = queue.Queue()
    for share in (small.shards()[0::2], small.shards()[1::2]):
        module._work(small, share, tmp_path / "two", ticks)
    assert sum(ticks.get() for _ in range(ticks.qsize())) == small.count
    one, two = _read(tmp_path / "one"), _read(tmp_path / "two")
    assert all((one[name] == two[name]).all() for name in one)


@pytest.mark.parametrize(("count", "size", "seed"), [(0, 112, 1), (1, 8, 1), (1, 5000, 1), (1, 112, -1)])
def test_an_impossible_order_is_refused(count: int, size: int, seed: int) -> None:
    with pytest.raises(InputError, match="wanted count"):
        Order(Path("x"), count, seed, size)
