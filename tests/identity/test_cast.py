"""Which tracks of a video are one person, against a truth that was planted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.errors import InputError
from mien.heads import IDENTITY
from mien.identity.cast import LOOKS, Cast
from mien.identity.gallery import Gallery, enrolled
from mien.identity.score import rand_index
from mien.link import unit
from mien.types import Faces, Frame, Reading

ANNA, BEN, CARL = np.eye(128, dtype=np.float32)[:3]


def seen(tracks: Sequence[int], vectors: Sequence[np.ndarray], size: float = 80.0) -> Faces:
    n = len(tracks)
    boxes = np.array([[100.0 * i, 0, size, size] for i in range(n)], np.float32).reshape(n, 4)
    faces = Faces(
        Frame(np.zeros((9, 9, 3), np.uint8)),
        boxes,
        np.full((n, 5, 2), np.nan, np.float32),
        np.ones(n, np.float32),
        track=np.array(tracks, np.int64),
    )
    return faces.with_reading(IDENTITY, Reading(np.array(vectors, np.float32).reshape(n, 128), IDENTITY.labels))


def shown(*takes: tuple[Sequence[int], Sequence[np.ndarray]], looks: int = LOOKS) -> Cast:
    """Each take for so many frames."""
    cast = Cast()
    for tracks, vectors in takes:
        for _ in range(looks):
            cast.see(seen(tracks, vectors))
    return cast


def test_tracks_are_the_planted_people_by_their_first_track() -> None:
    rng = np.random.default_rng(0)
    centres = unit(rng.standard_normal((12, 128)).astype(np.float32))
    truth = rng.integers(0, 12, 60)
    cast = Cast()
    for track, who in enumerate(truth.tolist()):
        for _ in range(5):
            cast.see(seen([track], [unit(centres[who] + 0.05 * rng.standard_normal(128).astype(np.float32))]))
    found = cast.people().of
    assert rand_index(truth, np.array([found[t] for t in range(60)])) == 1
    assert all(found[t] == int(np.argmax(truth == truth[t])) for t in range(60))


def test_two_people_of_one_frame_are_never_one_however_alike() -> None:
    cast = shown(([0, 1], [ANNA, ANNA]), ([2], [ANNA]))
    found = cast.people().of
    assert found[0] != found[1]
    assert found[2] in (0, 1)


def test_once_side_by_side_is_enough_and_reaches_through_a_third_track() -> None:
    """0 is 2 and 1 would be 2 by looks, but 0 and 1 shared a frame."""
    cast = shown(([0], [ANNA]), ([1], [ANNA]), ([2], [ANNA]))
    cast.see(seen([0, 1], [ANNA, ANNA]))
    assert len(set(cast.people().of.values())) == 2


def test_a_track_of_too_few_good_looks_is_nobody_but_itself() -> None:
    cast = shown(([0], [ANNA]))
    for _ in range(LOOKS - 1):
        cast.see(seen([1], [ANNA]))
    for _ in range(9):
        cast.see(seen([2], [ANNA], size=20))
    assert cast.people().of == {0: 0, 1: 1, 2: 2}
    cast.see(seen([1], [ANNA]))
    assert cast.people().of == {0: 0, 1: 0, 2: 2}


def test_without_an_answer_to_identity_every_track_is_a_person() -> None:
    cast, faces = Cast(), seen([0], [ANNA])
    for track in (0, 1):
        bare = Faces(faces.frame, faces.boxes, faces.points, faces.scores, track=np.array([track]))
        cast.see(bare)
    assert cast.people().of == {0: 0, 1: 1}


def test_a_track_counts_once_however_long_it_is() -> None:
    """Average linkage is over tracks: 0 lies as far from 1 as from 2, and its length must not decide."""
    long, short = shown(([0], [ANNA]), ([1], [BEN])), Cast()
    for _ in range(500):
        short.see(seen([0], [ANNA]))
    for _ in range(LOOKS):
        short.see(seen([1], [BEN]))
    assert long.people() == short.people()


def test_a_gallery_names_whom_it_knows_and_nobody_twice_in_one_frame() -> None:
    gallery = Gallery().with_vector("Anna", ANNA).with_vector("Ben", BEN)
    cast = shown(([0, 1], [ANNA, unit(ANNA + 0.3 * BEN)]), ([2], [CARL]), ([3], [BEN]), ([4], [ANNA]))
    people = cast.people(gallery)
    assert people.names == {0: "Anna", 3: "Ben"}
    assert people.tracks(0) == [0, 4]


def test_a_no_keeps_the_name_away() -> None:
    gallery = Gallery().with_vector("Anna", ANNA)
    other = unit(ANNA + 0.2 * BEN)
    cast = shown(([0], [other]), ([1], [other]))
    assert cast.people(gallery).names == {0: "Anna"}
    assert cast.people(gallery.deny("Anna", other)).names == {}
    assert cast.people(gallery.deny("Anna", other)).of == {0: 0, 1: 0}  # still one person


def looks_of(frame: Frame) -> Faces:
    """As many faces as the picture has bright columns of blocks; Anna where it is red, Ben else."""
    pixels = frame.pixels
    count = int((pixels[0, ::60].max(axis=1) > 100).sum())
    faces = seen(range(count), [ANNA if pixels[0, 0, 0] > pixels[0, 0, 1] else BEN] * count)
    return replace(faces, frame=frame)


def picture(path: Path, colour: tuple[int, int, int], faces: int = 1) -> None:
    rng = np.random.default_rng(0)
    pixels = np.zeros((120, 60 * max(faces, 2), 3), np.uint8)
    pixels[:, : 60 * faces] = colour
    noisy = pixels // 2 + (pixels / 2 * rng.random(pixels.shape)).astype(np.uint8)  # edges, or it would be blurred
    noisy[0] = pixels[0]
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(noisy).save(path)


def test_a_folder_of_people_is_a_gallery(tmp_path: Path) -> None:
    picture(tmp_path / "Anna.png", (250, 40, 40))
    picture(tmp_path / "Ben/1.png", (40, 250, 40))
    picture(tmp_path / "Ben/2.png", (40, 240, 40))
    gallery = enrolled(str(tmp_path), looks_of)
    assert {name: len(person.faces) for name, person in gallery.people.items()} == {"Anna": 1, "Ben": 2}
    assert gallery.identify(ANNA).name == "Anna"


@pytest.mark.parametrize("faces", [0, 2])
def test_a_photo_of_nobody_or_of_two_names_nobody(tmp_path: Path, faces: int) -> None:
    picture(tmp_path / "Anna.png", (250, 40, 40), faces)
    with pytest.raises(InputError, match=rf"Anna.png shows {faces} faces, a photo of 'Anna' must show one"):
        enrolled(tmp_path, looks_of)


def test_a_poor_photo_of_a_gallery_says_which_and_why(tmp_path: Path) -> None:
    picture(tmp_path / "Anna.png", (250, 40, 40))
    with pytest.raises(InputError, match=r"Anna.png: .*too small: 20 pixels"):
        enrolled(tmp_path, lambda frame: seen([0], [ANNA], size=20))


def test_an_empty_gallery_says_what_it_should_hold(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Anna\.jpg"):
        enrolled(tmp_path, looks_of)
    with pytest.raises(InputError, match=r"Anna\.jpg"):
        enrolled(tmp_path / "none", looks_of)
    with pytest.raises(InputError, match=r"Anna\.jpg"):
        enrolled(tmp_path / ("a" * 300), looks_of)
