"""Many faces, one answer."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mien
from mien.cli import main
from mien.errors import InputError
from mien.group import forests
from mien.group.average import average
from mien.group.forests import Picture
from mien.heads import EXPRESSION
from mien.labels import VGAF
from mien.types import Faces, Frame, Reading


def crowd(*expressions: str, frame: Frame | None = None) -> Faces:
    n = len(expressions)
    frame = frame or Frame(np.zeros((50, 50, 3), np.uint8))
    boxes, points = np.tile(np.array([[0, 0, 9, 9]], np.float32), (n, 1)), np.zeros((n, 5, 2), np.float32)
    values = np.eye(8, dtype=np.float32)[[EXPRESSION.labels.index(e) for e in expressions]].reshape(n, 8)
    faces = Faces(frame, boxes, points, np.ones(n, np.float32))
    return faces.with_reading(EXPRESSION, Reading(values, EXPRESSION.labels))


@pytest.mark.parametrize(
    ("shown", "group"),
    [
        (("happiness", "happiness", "neutral"), "positive"),
        (("sadness", "anger", "neutral"), "negative"),  # two different sorrows are one side
        (("surprise", "neutral", "happiness"), "neutral"),
    ],
)
def test_the_average_is_what_most_faces_show(shown: tuple[str, ...], group: str) -> None:
    answer = average(crowd(*shown))
    assert answer is not None
    assert answer.top() == group
    assert answer.values.sum() == pytest.approx(1)


def test_without_a_face_there_is_no_answer() -> None:
    assert average(crowd()) is None


def pictures(count: int, seed: int, scene_only: bool = False) -> tuple[list[Picture], np.ndarray]:
    """Groups whose face vectors, points and whole picture each tell the label, noisily."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    out = []
    for label in labels:
        n = 0 if scene_only else int(rng.integers(1, 5))
        faces = rng.normal(size=(n, 6)) + 2 * np.eye(6)[label]
        points = rng.normal(size=(n, 5, 2)) + 2 * label * np.eye(5)[:, :2]
        out.append(
            Picture(faces.astype("f4"), points.astype("f4"), (rng.normal(size=4) + np.eye(4)[label]).astype("f4"))
        )
    return out, labels


@pytest.fixture(scope="module")
def model() -> forests.Forests:
    return forests.fit(*pictures(150, 1), *pictures(100, 2), trees=30)


def test_the_ensemble_is_right_on_a_split_it_never_saw(model: forests.Forests) -> None:
    seen, labels = pictures(150, 3)
    right = (model(seen).argmax(1) == labels).mean()
    alone = (np.stack([model.scene.predict_proba([p.scene])[0] for p in seen]).argmax(1) == labels).mean()
    assert right > 0.8
    assert right > alone


def test_the_whole_picture_decides_where_there_is_no_face(model: forests.Forests) -> None:
    seen, labels = pictures(60, 4, scene_only=True)
    np.testing.assert_allclose(model(seen), model.scene.predict_proba([p.scene for p in seen]), atol=1e-6)
    assert (model(seen).argmax(1) == labels).mean() > 0.5


def test_a_crowd_does_not_outshout_the_other_members(model: forests.Forests) -> None:
    (one, *_), _ = pictures(1, 5)
    many = Picture(np.repeat(one.faces[:1], 50, 0), np.repeat(one.points[:1], 50, 0), one.scene)
    assert model([many]).max() <= sum(model.weights) * forests.LOUD


def test_distances_of_points_do_not_hang_on_size_or_place() -> None:
    points = np.random.default_rng(0).normal(size=(2, 5, 2)).astype(np.float32)
    np.testing.assert_allclose(forests.distances(points), forests.distances(points * 7 + 3), atol=1e-5)
    assert forests.distances(points).shape == (2, 10)
    assert forests.distances(np.full((1, 5, 2), np.nan, np.float32)).tolist() == [[0] * 10]


def test_a_class_without_an_example_is_refused() -> None:
    seen, labels = pictures(20, 6)
    with pytest.raises(InputError, match="must hold each of 0"):
        forests.fit(seen, labels % 2, seen, labels, trees=2)


@pytest.mark.parametrize("shown", [(), (0,), (0, 1)])
def test_a_class_without_a_face_is_refused(shown: tuple[int, ...]) -> None:
    (seen, labels), (scenes, _) = pictures(20, 6), pictures(20, 6, scene_only=True)
    mixed = [s if label in shown else bare for s, bare, label in zip(seen, scenes, labels, strict=True)]
    with pytest.raises(InputError, match="pictures with faces must hold each of 0"):
        forests.fit(mixed, labels, seen, labels, trees=2)


def test_the_command_answers_each_photo_and_names_the_broken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def see(frame: Frame) -> Faces:
        return crowd(*(["happiness", "neutral", "happiness"] if frame.pixels.max() > 100 else []), frame=frame)

    monkeypatch.setattr(mien, "perceiver", lambda **_: see, raising=False)
    for name, shade in (("a.png", 200), ("b.png", 10)):
        Image.fromarray(np.full((40, 40, 3), shade, np.uint8)).save(tmp_path / name)
    (tmp_path / "c.png").write_bytes(b"no picture")
    monkeypatch.setattr(sys, "argv", ["mien", "group", str(tmp_path), "--json"])
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as end:
        main()
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert end.value.code == 2
    assert "c.png" in err.getvalue()
    assert [(r["faces"], r["group"]) for r in rows] == [(3, "positive"), (0, None)]
    assert list(rows[0]["scores"]) == list(VGAF)
