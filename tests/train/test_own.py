"""The page on training does what it says: its examples are run as they stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from mien.card import Card
from mien.cli import build
from mien.heads import EXPRESSION
from mien.metrics import macro_f1
from mien.models import Model
from mien.models.load import add, load
from mien.recipes import plans
from mien.runtime.onnx import Onnx
from mien.train import course, own, twins
from mien.train.recipe import Recipe
from mien.types import Pixels


def block(root: Path, name: str) -> str:
    """The example of this name; the first has none."""
    text = (root / "docs" / "training.md").read_text()
    (found,) = re.findall(rf"```python ?{name}\n(.*?)```", text, re.S)
    return found


def noisy(root: Path, draw: np.random.Generator, expression: str) -> Pixels:
    """The example portrait of an expression, cut to the face, with another noise each time."""
    with Image.open(root / "examples" / f"portrait_{expression}.jpg") as portrait:
        face = np.asarray(portrait.convert("RGB").crop((130, 95, 380, 400)).resize((80, 86)))
    return np.clip(face + draw.normal(0, 12, face.shape), 0, 255).astype(np.uint8)


def faces(root: Path, folder: Path) -> None:
    draw = np.random.default_rng(0)
    for name in ("happiness", "sadness"):
        (folder / name).mkdir(parents=True)
        for i in range(12):
            Image.fromarray(noisy(root, draw, name)).save(folder / name / f"p{i}_x.png")


def test_the_ten_lines_make_a_network_that_answers_from_its_card(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    faces(root, tmp_path / "faces")
    monkeypatch.chdir(tmp_path)
    exec(compile(block(root, ""), "docs/training.md", "exec"), {})
    assert float(capsys.readouterr().out) == 1
    card = Card.from_json(Path("mine.json").read_text())
    model = Model(card, Onnx(Path("mine.onnx").read_bytes(), card, threads=1), frozenset({EXPRESSION}))
    new = [noisy(root, np.random.default_rng(9), name)[3:83] for name in ("happiness", "sadness")]
    assert model.answers(new)[EXPRESSION].top() == ["happiness", "sadness"]
    (command,) = re.findall(r"`mien (models add [^`]*)`", (root / "docs" / "training.md").read_text())
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "cache"))
    assert CliRunner().invoke(build(), command.split()).exit_code == 0


def test_the_score_is_that_of_the_layer_whatever_classes_have_no_pictures() -> None:
    draw, classes = np.random.default_rng(0), np.arange(40) % 3
    features = draw.normal(size=(40, 64)).astype(np.float32) + np.eye(3, 64, dtype=np.float32)[classes]
    mine = own.Faces(cast(Model, None), features, classes, tuple(map(str, range(40))), ())
    head, out = own.learn(mine), own.held_out(mine.people)
    said = (features @ head.weight.T + head.bias).argmax(1)
    assert head.score == pytest.approx(macro_f1(classes[out], said[out], 8))


@pytest.mark.parametrize("alike", [1, 4])
def test_pictures_that_are_all_alike_blow_nothing_up(alike: int) -> None:
    draw, people = np.random.default_rng(0), ("a",) * alike + ("b",) * 3  # three pictures are held out
    features = np.vstack([np.tile(draw.normal(size=64), (alike, 1)), draw.normal(size=(3, 64))]).astype(np.float32)
    assert own.held_out(people).sum() == 3
    head = own.learn(own.Faces(cast(Model, None), features, np.zeros(len(people), np.int64), people, ()))
    assert np.isfinite(head.weight).all() and np.isfinite(head.bias).all() and head.score == 1


def test_what_was_learned_can_be_learned_from_once_more(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "cache"))
    faces(root, tmp_path / "faces")
    model = load("mien_s.default", threads=1)
    for name in ("one", "two"):
        file, card = tmp_path / f"{name}.onnx", tmp_path / f"{name}.json"
        own.ship(own.learn(own.folder(tmp_path / "faces", model)), file, card)
        model = load(add(file, card).name, threads=1)
    new = [noisy(root, np.random.default_rng(9), name)[3:83] for name in ("happiness", "sadness")]
    assert model.answers(new)[EXPRESSION].top() == ["happiness", "sadness"]


def test_the_example_recipe_runs_on_the_twin(root: Path, tmp_path: Path) -> None:
    made: dict[str, Recipe] = {}
    exec(compile(block(root, "recipe"), "docs/training.md", "exec"), made)
    assert len([line for line in block(root, "recipe").splitlines() if line.strip()]) <= 11
    twins.write("mtl", tmp_path / "twin", scale=1e-4)
    answers = course.train(made["RECIPE"], tmp_path / "twin", tmp_path / "run", seed=0)
    assert len(course.score(made["RECIPE"], tmp_path / "twin", answers).lines) == 2
    assert plans.DDAMFN in made["RECIPE"].parts[0].members[0].features


def test_a_person_is_never_on_both_sides() -> None:
    people = tuple(f"p{i % 7}" for i in range(70))
    out = own.held_out(people)
    sides = [{p for p, o in zip(people, out, strict=True) if o == side} for side in (True, False)]
    assert sides[0] and sides[1] and not sides[0] & sides[1]
