"""Who joins whom, now and later; and videos among the photos."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

from mien.album import edits, people
from mien.album.experiments.scale import _vectors
from mien.album.index import Looker, index
from mien.album.store import Face, Photo, Store
from mien.album.view import view
from mien.errors import InputError
from mien.identity.score import rand_index


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "album.sqlite") as opened:
        yield opened


def add(store: Store, path: str, *vectors: np.ndarray, **more: str) -> None:
    faces = [Face((0, 0, 50, 50), 0.2, np.asarray(v, np.float32), **more) for v in vectors]
    store.add(Photo(path, 1, 1, path, None, None), faces)


def owners(store: Store) -> list[int | None]:
    return [f.person for f in store.faces()]


def test_a_grown_album_settles_as_one_looked_at_at_once(store: Store, tmp_path: Path) -> None:
    who = np.random.default_rng(1).integers(0, 12, 80)
    vectors = _vectors(who, np.random.default_rng(2))
    with Store(tmp_path / "whole.sqlite") as whole:
        for i, vector in enumerate(vectors):
            add(whole, f"{i}", vector)
            add(store, f"{i}", vector)
            if i % 20 == 0:
                people.settle(store)
        people.settle(store)
        people.settle(whole)
        assert rand_index(np.array(owners(store)), np.array(owners(whole))) == 1
        assert rand_index(np.array(owners(whole)), who) == 1


def test_settling_again_moves_nobody(store: Store) -> None:
    for i in range(9):
        add(store, f"{i}", np.eye(3)[i % 3])
    people.settle(store)
    before = owners(store)
    people.settle(store)
    people.settle(store, again=True)
    assert owners(store)[:3] != [None] * 3
    assert rand_index(np.array(before), np.array(owners(store))) == 1


def test_two_unnamed_persons_join_when_a_face_between_them_comes_but_named_ones_stay(store: Store) -> None:
    a, b = np.array([1.0, 0, 0]), np.array([0.75, 0.66, 0])
    between = (a + b) / np.linalg.norm(a + b)
    add(store, "a", a)
    add(store, "b", b)
    people.settle(store, 0.2)
    first, second = owners(store)
    assert first != second
    edits.name(store, first or 0, "A")
    edits.name(store, second or 0, "B")
    add(store, "c", between)
    people.settle(store, 0.3)
    assert owners(store)[:2] == [first, second]
    assert owners(store)[2] in (first, second)


def test_a_denied_face_never_comes_back_whoever_joins(store: Store) -> None:
    for i in range(3):
        add(store, f"{i}", [1.0, 0])
    people.settle(store)
    (person,) = set(owners(store))
    edits.deny(store, person or 0, ["1"])
    for more in range(3, 6):
        add(store, f"{more}", [1.0, 0.01 * more])
        people.settle(store, again=more == 5)
        assert owners(store)[1] != person
    assert owners(store)[0] == owners(store)[2] == person


def test_merging_a_denied_face_back_lifts_the_denial(store: Store) -> None:
    add(store, "0", [1.0, 0])
    add(store, "1", [1.0, 0])
    people.settle(store)
    (person,) = set(owners(store))
    edits.deny(store, person or 0, ["1"])
    people.settle(store)
    edits.merge(store, person or 0, [owners(store)[1] or 0])
    people.settle(store, again=True)
    assert owners(store) == [person, person]


def test_a_refused_face_is_nobody(store: Store) -> None:
    add(store, "0", [1.0, 0], refused="too small")
    people.settle(store)
    assert owners(store) == [None]


def test_faces_seen_together_in_a_video_stay_two_and_those_seen_apart_may_be_one(store: Store) -> None:
    one = np.array([1.0, 0], np.float32)
    tracks = [Face((0, 0, 9, 9), 0.1, one, beside=b, frames=5) for b in ("1", "0", "")]
    store.add(Photo("v.mp4", 1, 1, "v", None, None), tracks)
    people.settle(store)
    first, second, third = owners(store)
    assert first != second
    assert third in (first, second)


def test_networks_are_not_mixed_in_one_store(store: Store) -> None:
    store.agree({"networks": "a"})
    store.agree({"networks": "a"})
    with pytest.raises(InputError, match="networks=a, now it is b"):
        store.agree({"networks": "b"})


def test_a_video_gives_one_face_per_person_who_then_meets_their_photos(
    made: SimpleNamespace, store: Store, tmp_path: Path
) -> None:
    clip(tmp_path / "v.mp4", made)
    made.paint(tmp_path / "p.png", ["red"])
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    files = [tmp_path / n for n in ("p.png", "v.mp4", "broken.mp4")]
    looks: list[str] = []
    see: Callable = lambda frame: looks.append(frame.source) or made.see(frame)  # noqa: E731
    outcome = index(tmp_path, files, store, Looker(see, every=3))
    assert [path for path, _ in outcome.failed] == ["broken.mp4"]
    photo, *tracks = store.faces()
    assert len(tracks) == 2
    assert {t.beside for t in tracks} == {"0", "1"}
    assert all(t.frames == 8 and t.refused == "" and t.until > t.moment for t in tracks)
    people.settle(store)
    assert photo.id == 1
    assert owners(store)[0] in owners(store)[1:]
    seen = len(looks)
    index(tmp_path, files, store, Looker(see, every=3))
    assert len(looks) == seen


def test_a_damaged_video_is_named_and_whom_its_good_frames_show_is_kept(
    made: SimpleNamespace, store: Store, tmp_path: Path
) -> None:
    clip(tmp_path / "v.mkv", made, 96)
    whole = (tmp_path / "v.mkv").read_bytes()
    hole = len(whole) * 4 // 5
    (tmp_path / "v.mkv").write_bytes(whole[:hole] + bytes(500) + whole[hole + 500 :])
    for unchanged in (0, 1):  # remembered, and not decoded again
        outcome = index(tmp_path, [tmp_path / "v.mkv"], store, Looker(made.see, every=3))
        ((name, reason),) = outcome.failed
        assert (name, "frames were kept" in reason) == ("v.mkv", True)
        assert outcome.unchanged == unchanged
    people.settle(store)
    seen = view(store)
    assert [len(p.faces) for p in seen.people] == [1, 1]
    assert [p.path for p in seen.private] == ["v.mkv"]


def test_a_track_of_too_few_good_looks_says_so(made: SimpleNamespace, store: Store, tmp_path: Path) -> None:
    clip(tmp_path / "v.mp4", made)
    index(tmp_path, [tmp_path / "v.mp4"], store, Looker(made.see, every=12))
    assert [f.refused for f in store.faces()] == ["too few looks: 2, 3 are needed"] * 2


def clip(path: Path, made: SimpleNamespace, frames: int = 24) -> None:
    """Red and green, side by side and still."""
    from PIL import Image

    made.paint(path.with_suffix(".frame.png"), ["red", "green"])
    pixels = np.asarray(Image.open(path.with_suffix(".frame.png")).convert("RGB"))
    path.with_suffix(".frame.png").unlink()
    with av.open(str(path), "w") as container:
        stream = container.add_stream("h264", rate=12, options={"crf": "10"})
        stream.height, stream.width = pixels.shape[:2]
        stream.pix_fmt = "yuv444p"
        for _ in range(frames):
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels)):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
