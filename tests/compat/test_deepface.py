"""`analyze` as DeepFace's users call it."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien import api
from mien.compat.deepface import ACTIONS, analyze
from mien.heads import AGE, EXPRESSION, GENDER
from mien.io import photo

EMOTIONS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]


def test_every_face_is_a_dict_with_deepfaces_keys(asked: list[bool], picture: np.ndarray) -> None:
    answers = analyze(picture)
    assert len(answers) == 2
    for answer in answers:
        assert isinstance(answer, dict)
        keys = {
            "region",
            "face_confidence",
            "age",
            *(f"{d}{k}" for k in ("emotion", "gender", "race") for d in DOMINANT),
        }
        assert set(answer) == keys
        assert list(answer["emotion"]) == EMOTIONS
        assert set(answer["gender"]) == {"Woman", "Man"}
        for question in ("emotion", "gender", "race"):
            shares = answer[question]
            assert sum(shares.values()) == pytest.approx(100, abs=1e-3)
            assert answer[f"dominant_{question}"] == max(shares, key=shares.get)


DOMINANT = ("", "dominant_")


def test_the_numbers_are_those_of_the_package_itself(asked: list[bool], picture: np.ndarray) -> None:
    first = analyze(picture)[0]
    face = next(iter(api.perceiver(demographics=True)(photo.read(picture, bgr=True))))
    assert isinstance(first, dict)
    assert first["region"] == {"x": 10, "y": 20, "w": 60, "h": 70, "left_eye": (52, 48), "right_eye": (28, 48)}
    assert first["face_confidence"] == pytest.approx(0.9)
    assert first["age"] == round(float(face[AGE]["age"]))
    assert first["gender"]["Woman"] == pytest.approx(100 * float(face[GENDER]["female"]), rel=1e-4)
    seven = 1 - float(face[EXPRESSION]["contempt"])
    assert first["emotion"]["happy"] == pytest.approx(100 * float(face[EXPRESSION]["happiness"]) / seven, rel=1e-4)


@pytest.mark.parametrize(("actions", "demographics"), [(["emotion"], False), ("emotion", False), (["age"], True)])
def test_demographics_are_read_only_where_asked(
    asked: list[bool], picture: np.ndarray, actions: str | list[str], demographics: bool
) -> None:
    answers = analyze(picture, actions=actions)
    assert asked == [demographics]
    named = {actions} if isinstance(actions, str) else set(actions)
    assert isinstance(answers[0], dict)
    assert set(answers[0]) & set(ACTIONS) == named


def test_arrays_are_bgr_and_files_are_not(asked: list[bool], picture: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(picture).save(tmp_path / "p.png")
    by_file = analyze(str(tmp_path / "p.png"), actions="emotion")
    assert analyze(np.ascontiguousarray(picture[..., ::-1]), actions="emotion") == by_file
    text = base64.b64encode((tmp_path / "p.png").read_bytes()).decode()
    assert analyze(f"data:image/png;base64,{text}", actions="emotion") == by_file
    assert analyze(picture, actions="emotion") != by_file
    with pytest.raises(ValueError, match="send it whole"):
        analyze("data:image/png;base64,abc", actions="emotion")


def test_a_list_of_photos_gives_a_list_of_lists(asked: list[bool], picture: np.ndarray) -> None:
    both = analyze([picture, picture], actions="emotion")
    assert both == [analyze(picture, actions="emotion")] * 2
    assert analyze(np.stack([picture, picture]), actions="emotion") == both


def test_a_region_never_leaves_the_picture(asked: list[bool], picture: np.ndarray) -> None:
    small = np.ascontiguousarray(picture[:70, :120])  # the scripted faces reach to 90 and to 140
    first, second = ([face["region"][k] for k in "xywh"] for face in analyze(small, actions="emotion"))  # type: ignore
    assert (first, second) == ([10, 20, 60, 50], [90, 30, 30, 40])


def test_no_face_is_an_error_or_the_whole_photo(asked: list[bool]) -> None:
    black = np.zeros((50, 40, 3), np.uint8)
    with pytest.raises(ValueError, match="enforce_detection=False"):
        analyze(black, actions="emotion")
    (whole,) = analyze(black, actions="emotion", enforce_detection=False)
    assert isinstance(whole, dict)
    assert whole["face_confidence"] == 0
    assert whole["region"] == {"x": 0, "y": 0, "w": 40, "h": 50, "left_eye": None, "right_eye": None}


def test_skip_takes_the_photo_as_the_face(asked: list[bool], picture: np.ndarray) -> None:
    (whole,) = analyze(picture, actions="emotion", detector_backend="skip")
    assert isinstance(whole, dict)
    assert whole["region"]["w"] == 160


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"actions": []}, "at least one of emotion"),
        ({"actions": ["emotions"]}, "did you mean 'emotion'"),
        ({"detector_backend": "retinaface"}, "no detector 'retinaface' here"),
        ({"anti_spoofing": True}, "anti_spoofing"),
        ({"align": False}, "align=False"),
    ],
)
def test_what_is_not_here_is_said(asked: list[bool], picture: np.ndarray, wrong: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        analyze(picture, **wrong)
    assert asked == []
