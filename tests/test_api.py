"""The calls that most people need, with the networks that ship."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import mien


@pytest.fixture(scope="module")
def examples(root: Path) -> Path:
    return root / "examples"


@pytest.mark.parametrize("expression", ["happiness", "surprise"])
def test_a_portrait_shows_one_face_with_its_expression(examples: Path, expression: str) -> None:
    faces = mien.look(examples / f"portrait_{expression}.jpg")
    best = next(iter(faces))
    assert best.score > 0.5
    assert best[mien.EXPRESSION].top() == expression


def test_a_smile_raises_the_lip_corners_and_the_valence(examples: Path) -> None:
    smile, neutral = (next(iter(mien.look(examples / f"portrait_{n}.jpg"))) for n in ("happiness", "neutral"))
    assert smile[mien.ACTION_UNITS]["AU12"] > neutral[mien.ACTION_UNITS]["AU12"] + 0.3
    assert smile[mien.VALENCE_AROUSAL]["valence"] > neutral[mien.VALENCE_AROUSAL]["valence"]


def test_points_lie_in_the_box_and_left_is_left(examples: Path) -> None:
    face = next(iter(mien.detect(examples / "portrait_neutral.jpg")))
    x, y, w, h = face.box
    assert ((face.points > [x, y]) & (face.points < [x + w, y + h])).all()
    assert face.points[0, 0] < face.points[1, 0] and face.points[3, 0] < face.points[4, 0]
    assert face.points[:2, 1].max() < face.points[2, 1] < face.points[3:, 1].min()


def test_age_gender_and_ethnicity_are_read_only_when_asked_for(examples: Path) -> None:
    path = examples / "portrait_neutral.jpg"
    silent, asked = mien.look(path), mien.look(path, demographics=True)
    for head in (mien.AGE, mien.GENDER, mien.ETHNICITY):
        assert head not in silent.readings and len(asked[head]) == len(asked)


def test_a_picture_without_a_face_is_no_error() -> None:
    faces = mien.look(np.full((240, 320, 3), 120, np.uint8))
    assert len(faces) == 0 and faces[mien.EXPRESSION].values.shape == (0, 8)


def test_swapped_channels_told_give_what_the_right_ones_give(examples: Path) -> None:
    with Image.open(examples / "portrait_happiness.jpg") as image:
        rgb = np.asarray(image.convert("RGB"))
    right, told = mien.look(rgb), mien.look(rgb[..., ::-1], bgr=True)
    np.testing.assert_array_equal(right[mien.EXPRESSION].values, told[mien.EXPRESSION].values)


def test_crops_are_read_one_face_each_in_their_order(examples: Path) -> None:
    with Image.open(examples / "portrait_happiness.jpg") as image:
        smile = np.asarray(image.convert("RGB"))
    box = next(iter(mien.detect(smile))).box
    x, y, w, h = (int(v) for v in box)
    crop, blank = smile[y : y + h, x : x + w], np.zeros((40, 40, 3), np.uint8)
    faces = mien.read([blank, crop, blank])
    assert len(faces) == 3 and faces[mien.EXPRESSION].top()[1] == "happiness"
    np.testing.assert_array_equal(faces[mien.EXPRESSION].values[0], faces[mien.EXPRESSION].values[2])
    np.testing.assert_allclose(np.linalg.norm(faces[mien.IDENTITY].values, axis=1), 1, atol=1e-5)
    assert len(mien.read([])) == 0


def test_one_array_where_a_list_is_wanted_is_refused_with_the_remedy() -> None:
    with pytest.raises(mien.InputError, match=r"wrap it: mien\.read\(\[crop\]\)"):
        mien.read(np.zeros((40, 40, 3), np.uint8))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("one", ["face.jpg", Path("face.jpg"), b"bytes", None, Image.new("RGB", (9, 9))])
def test_one_crop_of_any_kind_is_refused_with_the_remedy(one: Any) -> None:
    with pytest.raises(mien.InputError, match=r"got \w+; wrap a crop"):
        mien.read(one)


def test_a_video_gives_persons_a_table_and_signals(examples: Path) -> None:
    watched = mien.watch(examples / "two_people.mp4", stop=2.0, every=4)
    seen = [len(faces) for faces in watched]
    assert max(seen) >= 2
    signals = watched.signals()
    longest = max(signals.values(), key=lambda s: s[mien.EXPRESSION].seen.sum())
    np.testing.assert_allclose(longest[mien.EXPRESSION].values.sum(1), 1, atol=1e-4)
    assert {"person", "expression", "valence", "AU12", "blur"} <= set(watched.table().columns)


def test_names_that_do_not_exist_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="mien"):
        _ = mien.lok  # type: ignore[attr-defined]


def test_every_public_name_is_there() -> None:
    assert all(getattr(mien, name) is not None for name in mien.__all__)


def test_names_that_nobody_asked_for_yet_complete_too() -> None:
    code = "import mien; assert set(mien.__all__) <= set(dir(mien))"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("option", [{"every": 2}, {"fps": 5}, {"start": 1.0}, {"stop": 1.0}])
def test_a_camera_takes_no_option_that_is_for_files(option: dict[str, float]) -> None:
    with pytest.raises(mien.InputError, match="a camera is live"):
        mien.watch(0, **option)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "options", "said"),
    [
        (None, {}, "a path or a camera's number, got NoneType"),
        (b"clip.mp4", {}, "got bytes"),
        (True, {}, "got bool"),
        ("no.mp4", {"smooth": 0.5}, r"smooth must be a Smooth, got 0.5; make one: Smooth\("),
        ("no.mp4", {"adaptive": 0.8}, r"adaptive must be a Stride, got 0.8; make one: Stride\("),
        ("no.mp4", {"gallery": "friends"}, r"gallery must be a Gallery, got 'friends'; make one: enrolled\("),
    ],
)
def test_what_a_video_cannot_be_followed_with_is_refused_before_it_is(source: Any, options: Any, said: str) -> None:
    with pytest.raises(mien.InputError, match=said):
        mien.watch(source, **options)


def test_the_faces_of_one_photo_are_no_list_of_them() -> None:
    with pytest.raises(mien.InputError, match=r"wrap it: mien\.table\(\[faces\]\)"):
        mien.table(mien.read([]))  # type: ignore[arg-type]
