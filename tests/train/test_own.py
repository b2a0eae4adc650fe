"""The page on training does what it says: its two examples are run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.card import Card
from mien.heads import EXPRESSION
from mien.models import Model
from mien.recipes import plans
from mien.runtime.onnx import Onnx
from mien.train import course, own, twins
from mien.train.recipe import Recipe
from mien.types import Pixels


def blocks(root: Path) -> list[str]:
    return re.findall(r"```python.*?\n(.*?)```", (root / "docs" / "training.md").read_text(), re.S)


def noisy(draw: np.random.Generator, light: int) -> Pixels:
    return np.clip(draw.normal(light, 20, (70, 64, 3)), 0, 255).astype(np.uint8)


def faces(folder: Path) -> None:
    """Bright squares are happy, dark ones are sad."""
    draw = np.random.default_rng(0)
    for name, light in (("happiness", 200), ("sadness", 60)):
        (folder / name).mkdir(parents=True)
        for i in range(12):
            Image.fromarray(noisy(draw, light)).save(folder / name / f"p{i}_x.png")


def test_the_ten_lines_make_a_network_that_answers_from_its_card(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    faces(tmp_path / "faces")
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks(root)[0], "docs/training.md", "exec"), {})
    assert float(capsys.readouterr().out) == 1
    card = Card.from_json(Path("mine.json").read_text())
    model = Model(card, Onnx(Path("mine.onnx").read_bytes(), card, threads=1), frozenset({EXPRESSION}))
    light, dark = (noisy(np.random.default_rng(9), v)[3:67] for v in (200, 60))
    assert model.answers([light, dark])[EXPRESSION].top() == ["happiness", "sadness"]


def test_the_example_recipe_runs_on_the_twin(root: Path, tmp_path: Path) -> None:
    made: dict[str, Recipe] = {}
    exec(compile(blocks(root)[1], "docs/training.md", "exec"), made)
    assert len([line for line in blocks(root)[1].splitlines() if line.strip()]) <= 11
    twins.write("mtl", tmp_path / "twin", scale=1e-4)
    answers = course.train(made["RECIPE"], tmp_path / "twin", tmp_path / "run", seed=0)
    assert len(course.score(made["RECIPE"], tmp_path / "twin", answers).lines) == 2
    assert plans.DDAMFN in made["RECIPE"].parts[0].members[0].features


def test_a_person_is_never_on_both_sides() -> None:
    people = tuple(f"p{i % 7}" for i in range(70))
    out = own.held_out(people)
    sides = [{p for p, o in zip(people, out, strict=True) if o == side} for side in (True, False)]
    assert sides[0] and sides[1] and not sides[0] & sides[1]
