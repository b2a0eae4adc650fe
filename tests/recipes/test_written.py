"""Answers in the organisers' own files: every scored row, in order, and the very answers that were scored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien import recipes
from mien.errors import InputError
from mien.train import course, data, twins, written
from mien.train.course import Answers


def perfect(name: str, folder: Path) -> Answers:
    """The truth as answers of every member."""
    recipe = recipes.named(name)
    stuff = course.material(recipe, folder)
    tune, score = (
        {(p.question, m.key): split.rows.targets[p.question].values for p in recipe.parts for m in p.members}
        for split in (stuff.tune, stuff.score)
    )
    return Answers(tune, score)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("abaw3_expr", "image_location,Neutral,Anger"),
        ("abaw4_mtl", "image,valence,arousal,expression,aus"),
        ("abaw4_lsd", "image,expression"),
        ("abaw6_ce", "image_location,Fearfully_Surprised"),
        ("abaw6_emi", "Filename,Admiration"),
    ],
)
def test_each_edition_has_its_file(name: str, first: str, twin: dict[str, Path], tmp_path: Path) -> None:
    recipe = recipes.named(name)
    path = tmp_path / "answers.txt"
    count = written.write(recipe, twin[recipe.data], perfect(name, twin[recipe.data]), path)
    lines = path.read_text().splitlines()
    scored = data.read(recipe.data, twin[recipe.data])[recipe.scored]
    assert lines[0].startswith(first) and len(lines) == count + 1 == len(scored) + 1


def test_what_is_written_is_what_is_true_where_the_answers_are_perfect(twin: dict[str, Path], tmp_path: Path) -> None:
    recipe = recipes.named("abaw4_mtl")
    written.write(recipe, twin["mtl"], perfect("abaw4_mtl", twin["mtl"]), tmp_path / "validation_set.txt")
    (tmp_path / "train_set.txt").write_text((tmp_path / "validation_set.txt").read_text())
    back, truth = (data.read("mtl", f)["validation"] for f in (tmp_path, twin["mtl"]))
    for question, target in truth.targets.items():
        np.testing.assert_allclose(back.targets[question].values[target.known], target.values[target.known], atol=1e-3)


def test_violence_is_a_file_for_each_video(twin: dict[str, Path], tmp_path: Path) -> None:
    recipe = recipes.named("abaw10_violence")
    count = written.write(recipe, twin["dvd"], perfect("abaw10_violence", twin["dvd"]), tmp_path)
    files = sorted(tmp_path.glob("*.csv"))
    assert sum(len(f.read_text().splitlines()) - 1 for f in files) == count
    assert files[0].read_text().startswith("Frame_Number,Predicted_Label\n1,")


def test_a_set_without_a_file_for_answers_is_told(tmp_path: Path) -> None:
    twins.write("vgaf", tmp_path, scale=1e-4)
    with pytest.raises(InputError, match="vgaf has no file for answers"):
        written.write(recipes.named("vgaf"), tmp_path, Answers({}, {}), tmp_path / "x")
