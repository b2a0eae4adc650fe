"""`mien features` on a plain folder of pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from mien.cli import build
from mien.errors import InputError
from mien.models.load import load
from mien.train import extract, features
from mien.train.data import mtl


def run(*words: str) -> Exception | None:
    error = CliRunner().invoke(build(), ["features", *words]).exception
    assert error is None or isinstance(error, Exception)
    return error


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    draw = np.random.default_rng(0)
    for name in ("b/2.png", "a/10.png", "a/9.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(draw.integers(0, 255, (80, 70, 3), np.uint8)).save(tmp_path / name)
    return tmp_path


def test_every_picture_of_a_folder_is_a_row_of_its_name(pictures: Path) -> None:
    assert run("pictures", str(pictures), "--name", "mine") is None
    store = features.opened(pictures / "features" / "mine")
    assert store.videos == ("a/9", "a/10", "b/2") and store.seen.all() and store.video.tolist() == [0, 1, 2]
    model = load("mien_s.default", threads=1)
    crop = np.asarray(Image.open(pictures / "b/2.png").resize((80, 80), Image.Resampling.BILINEAR))
    wanted = model.answers([crop])[extract.embedding(model)].values[0]
    np.testing.assert_allclose(store.embedding[2], wanted, atol=0.01, rtol=0.01)  # kept in 16 bits
    assert run("pictures", str(pictures), "--name", "mine") is None  # and what is there is not made again
    assert len(features.opened(pictures / "features" / "mine")) == 3


def test_what_cannot_be_named_or_found_is_told(pictures: Path, tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(pictures / "b" / "2.jpg")
    told = run("pictures", str(pictures))
    assert isinstance(told, InputError) and "b/2 twice" in str(told)
    (pictures / "none").mkdir()
    assert "with pictures in it" in str(run("pictures", str(pictures / "none")))
    assert "--pictures" in str(run("mtl", str(pictures)))


def test_a_video_known_in_its_frame_zero_alone_makes_no_clips_of_the_others(tmp_path: Path) -> None:
    images = {"training_set": ("a/00000", "b/00001", "b/00002"), "validation_set": ("c/00001",)}
    for split, names in images.items():
        rows = [f"{name}.jpg,0,0,0{',0' * 12}\n" for name in names]
        (tmp_path / f"{split}_annotations.txt").write_text("".join([f"{mtl.HEADER}\n", *rows]))
        for name in names:
            (tmp_path / "crops" / name).parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (80, 80)).save(tmp_path / "crops" / f"{name}.jpg")
    assert run("mtl", str(tmp_path), "--pictures", str(tmp_path / "crops"), "--name", "mine") is None
    store = features.opened(tmp_path / "features" / "mine")
    assert store.frame.tolist() == [0, 1, 2, 1] and store.video.tolist() == [0, 1, 1, 2] and store.seen.all()
