"""Twins in pictures: what is annotated is what is rendered, and recipes run on it from the picture to the score."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from PIL import Image

from mien import recipes
from mien.errors import InputError
from mien.models.load import load
from mien.synth.assets import Assets
from mien.synth.face import Latent
from mien.train import course, data, drawn, extract, features, twins
from mien.train.data import Target
from mien.train.questions import named

NO_HEAD = cast(Assets, None)  # the double below needs none


def flat(assets: Assets, latent: Latent, size: int) -> SimpleNamespace:
    """A double of the renderer: one colour, the brighter the stronger the smile."""
    return SimpleNamespace(image=np.full((size, size, 3), 250 * dict(latent.left).get("AU12", 0), np.uint8))


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn, "render", flat)


@pytest.mark.parametrize("kind", twins.KINDS)
def test_every_annotated_row_of_every_twin_has_a_face(kind: str, twin: dict[str, Path]) -> None:
    readers = [n for n in data.names() if twins.kind_of(n) == kind]
    folder = twin[next(n for n in readers if n in twin)]
    worn = drawn.worn(kind, folder, seed=3)
    rows = [r for n in readers for r in data.read(n, folder).values()]
    assert {v: len(f) for v, f in worn.items()} == {
        v: len(np.unique(r.frame[r.video == i])) for r in rows for i, v in enumerate(r.videos)
    }
    strengths = [s for film in worn.values() for units in film.values() for s in units.values()]
    assert min(strengths) > 0 and max(strengths) <= 1


@pytest.mark.parametrize(
    ("question", "values", "wanted"),
    [
        ("expression", np.eye(8)[4], {"AU06": 0.7, "AU12": 0.95}),
        ("expression", np.eye(8)[0], {}),
        ("action_units", np.eye(12)[7], {"AU15": 0.8}),
        ("valence_arousal", np.zeros(2), {}),
        ("compound", np.eye(7)[1], {"AU01": 0.9, "AU02": 0.9, "AU05": 0.8, "AU06": 0.7, "AU12": 0.95, "AU26": 0.75}),
        ("emi", [0, 0.5, 0, 0, 0, 0], {"AU06": 0.35, "AU12": 0.475}),
    ],
)
def test_a_face_shows_what_its_row_says(question: str, values: np.ndarray, wanted: Mapping[str, float]) -> None:
    assert drawn.units(question, np.array(values, np.float32)) == pytest.approx(wanted)


def test_what_is_not_known_is_held_and_a_tenth_of_the_stays_is_labelled_wrongly() -> None:
    stays, question = np.random.default_rng(0).integers(0, 8, 3000), named("expression")
    classes = np.repeat(stays, 4)
    known = np.arange(len(classes)) % 4 == 0
    target = Target(np.eye(8, dtype=np.float32)[classes] * known[:, None], known)
    shown = drawn.held(np.random.default_rng(1), question, target).argmax(1)
    assert (shown.reshape(-1, 4) == shown[::4, None]).all()
    assert (shown != classes).mean() == pytest.approx(0.1 * 7 / 8, abs=0.02)
    late = drawn.held(
        np.random.default_rng(1), question, Target(target.values[:4], np.array([False, False, True, True]))
    )
    assert not late[:2].any() and late[2:].any()


def test_pictures_lie_where_the_organisers_put_them_and_a_stopped_run_goes_on(drawing: None, tmp_path: Path) -> None:
    for kind, wanted in {"afew": "pictures/Train_AFEW/Angry/00000/00006.jpg", "lsd": "train/ANGRER"}.items():
        drawn.laid_out(kind, tmp_path / kind, 1, 1e-4)
        count = drawn.pictures(kind, tmp_path / kind, NO_HEAD, 1, 16, lambda: None)
        made = [p for p in drawn.place(kind, tmp_path / kind).rglob("*.jpg") if p.stat().st_size]
        assert len(made) == count and (tmp_path / kind / wanted).exists()
        assert data.check(kind, tmp_path / kind) == []
        made[0].write_bytes(b"")
        stays = made[1].stat().st_mtime_ns
        drawn.laid_out(kind, tmp_path / kind, 1, 1e-4)
        drawn.pictures(kind, tmp_path / kind, NO_HEAD, 1, 16, lambda: None)
        assert made[0].stat().st_size and made[1].stat().st_mtime_ns == stays
        with pytest.raises(InputError, match="holds something else"):
            drawn.laid_out(kind, tmp_path / kind, 2, 1e-4)


def test_a_recipe_runs_from_the_pictures_to_the_score(drawing: None, tmp_path: Path) -> None:
    drawn.laid_out("cexpr", tmp_path, 1, 1e-4)
    count = drawn.pictures("cexpr", tmp_path, NO_HEAD, 1, 64, lambda: None)
    faces = extract.Faces(load("mien_s.default", threads=1), drawn.place("cexpr", tmp_path))
    rows = extract.run(faces, "cexpr", tmp_path, tmp_path / "features" / "mbf_va_mtl", lambda: None)
    recipe = recipes.named("abaw6_ce")
    stuff = course.material(recipe, tmp_path)
    _, seen = stuff.score.places["mbf_va_mtl"]
    assert 0.5 * rows < count < rows and int(seen.sum()) == count  # runs of frames are lost
    scored = course.score(recipe, tmp_path, course.train(recipe, tmp_path, tmp_path / "run", 0))
    assert 0 <= scored.lines[0].honest <= 1


def test_a_folder_without_any_of_the_pictures_leaves_no_features_behind(twin: dict[str, Path], tmp_path: Path) -> None:
    faces = extract.Faces(load("mien_s.default", threads=1), tmp_path)
    with pytest.raises(InputError, match="holds no picture of an annotated row"):
        extract.run(faces, "mtl", twin["mtl"], tmp_path / "f", lambda: None)
    assert not (tmp_path / "f").exists()


def test_pictures_of_a_clip_are_pooled_into_one_row(tmp_path: Path) -> None:
    head = "Filename,Admiration,Amusement,Determination,Empathic Pain,Excitement,Joy"
    for name, clip in (("train_split.csv", "a"), ("valid_split.csv", "b")):
        (tmp_path / name).write_text(f"{head}\n{clip},0,0,0,0,0,1\n")
    (tmp_path / "faces" / "a").mkdir(parents=True)
    for i, light in enumerate((40, 200)):
        Image.new("RGB", (80, 80), (light,) * 3).save(tmp_path / "faces" / "a" / f"{i:05d}.png")
    model = load("mien_s.default", threads=1)
    assert (
        extract.run(
            extract.Faces(model, tmp_path / "faces", ("min", "max")), "emi", tmp_path, tmp_path / "f", lambda: None
        )
        == 2
    )
    store = features.opened(tmp_path / "f")
    crops = [np.full((80, 80, 3), light, np.uint8) for light in (40, 200)]
    alone = model.answers(crops)[extract.embedding(model)].values
    np.testing.assert_allclose(store.embedding[0], np.hstack([alone.min(0), alone.max(0)]), atol=0.01, rtol=0.01)
    assert store.seen.tolist() == [True, False]


def test_a_video_of_both_splits_keeps_the_frames_of_both(tmp_path: Path) -> None:
    (tmp_path / "split-frames").mkdir()
    (tmp_path / "split-frames" / "train.txt").write_text("a/frame-1.jpg,1\na/frame-3.jpg,0\n")
    (tmp_path / "split-frames" / "val.txt").write_text("a/frame-3.jpg,0\na/frame-2.jpg,0\nb/frame-9.jpg,0\n")
    frames = {video: at.tolist() for video, at in extract.annotated("bah", tmp_path).items()}
    assert frames == {"a": [1, 2, 3], "b": [9]}
