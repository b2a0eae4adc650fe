"""Who gets in, who is recognised, and that a no stays a no."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import InputError
from mien.heads import IDENTITY, POSE, QUALITY
from mien.identity.gallery import Gallery
from mien.identity.gate import Gate
from mien.link import unit
from mien.types import Face, Faces, Frame, Reading

RNG = np.random.default_rng(0)
ANNA, BEN = unit(RNG.normal(size=(2, 128)).astype(np.float32))


def near(vector: np.ndarray, noise: float = 0.02) -> np.ndarray:
    return unit(vector + noise * RNG.normal(size=vector.shape).astype(np.float32))


def face(vector: np.ndarray, size: tuple[float, float] = (80, 80), blur: float = 0.3, yaw: float = 0.0) -> Face:
    frame = Frame(np.zeros((200, 200, 3), np.uint8))
    points = np.full((1, 5, 2), np.nan, np.float32)
    faces = Faces(frame, np.array([[5, 5, *size]], np.float32), points, np.ones(1, np.float32))
    answers = {IDENTITY: [vector], QUALITY: [[np.sqrt(size[0] * size[1]), blur]], POSE: [[yaw, 0]]}
    for head, values in answers.items():
        faces = faces.with_reading(head, Reading(np.array(values, np.float32), head.labels))
    return Face(faces, 0)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (face(ANNA, (22, 28)), "too small: 25 pixels"),
        (face(ANNA, blur=0.95), "too blurred"),
        (face(ANNA, yaw=-70), "turned away: yaw -70"),
        (face(ANNA * 0), "no vector"),
        (face(ANNA, (float("nan"), 20)), "too small"),
    ],
)
def test_a_face_that_would_poison_a_gallery_is_refused_with_its_reason(bad: Face, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        Gallery(0.4).enrol("Anna", bad)
    assert reason in Gate().reason(bad)


def test_a_good_face_passes_and_is_recognised() -> None:
    gallery = Gallery(0.4).enrol("Anna", face(ANNA)).enrol("Ben", face(BEN))
    assert gallery.gate.reason(face(ANNA)) == ""
    assert gallery.identify(near(ANNA)).name == "Anna"
    assert gallery.identify(near(BEN)).name == "Ben"


def test_the_distance_is_the_mean_over_the_enrolled_faces_however_many_and_unlike_they_are() -> None:
    """The mean of directions would lie nearer to everybody, strangers too, the more unlike the photos are."""
    faces = [near(ANNA, 0.1) for _ in range(4)]
    gallery = Gallery(0.4)
    for vector in faces:
        gallery = gallery.with_vector("Anna", vector)
    told = gallery.identify(BEN)
    assert told.distance == pytest.approx(np.mean([1 - float(v @ BEN) for v in faces]), abs=1e-5)


def test_beyond_the_threshold_nobody_is_named() -> None:
    gallery = Gallery(0.4).with_vector("Anna", ANNA)
    stranger = gallery.identify(BEN)
    assert stranger.name is None
    assert stranger.distance == pytest.approx(1 - float(ANNA @ BEN), abs=1e-5)
    assert Gallery(0.4).identify(ANNA).name is None


def test_not_this_person_sticks_for_the_face_and_its_likes_and_spares_the_person() -> None:
    like = near(ANNA, 0.06)
    gallery = Gallery(0.6).with_vector("Anna", ANNA)
    assert gallery.identify(like).name == "Anna"
    told = gallery.deny("Anna", like)
    assert told.identify(like).name is None
    assert told.identify(near(like, 0.005)).name is None
    assert told.identify(near(ANNA, 0.01)).name == "Anna"
    assert told.with_vector("Anna", near(ANNA)).identify(like).name is None


def test_a_denied_face_may_be_the_next_nearest_person() -> None:
    between = unit(ANNA + 0.9 * BEN)
    gallery = Gallery(0.6).with_vector("Anna", ANNA).with_vector("Ben", BEN).deny("Anna", between)
    assert gallery.identify(between).name == "Ben"


def test_denying_an_enrolled_face_takes_it_out() -> None:
    gallery = Gallery(0.4).with_vector("Anna", ANNA).with_vector("Anna", BEN).deny("Anna", BEN)
    assert len(gallery.people["Anna"].faces) == 1
    assert gallery.identify(BEN).name is None


def test_enrolling_leaves_the_old_gallery_as_it_was() -> None:
    first = Gallery(0.4).with_vector("Anna", ANNA)
    first.with_vector("Anna", BEN).deny("Anna", ANNA)
    assert len(first.people["Anna"].faces) == 1
    assert first.identify(ANNA).name == "Anna"


def test_denying_a_stranger_names_the_nearest_name() -> None:
    with pytest.raises(InputError, match="did you mean 'Anna'"):
        Gallery(0.4).with_vector("Anna", ANNA).deny("Ana", ANNA)


@pytest.mark.parametrize("vector", [np.zeros(128), np.full(128, np.nan)])
def test_a_vector_that_says_nothing_is_refused(vector: np.ndarray) -> None:
    with pytest.raises(InputError, match="finite and not all zero"):
        Gallery(0.4).with_vector("Anna", vector.astype(np.float32))
