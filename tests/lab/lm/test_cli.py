from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mien.errors import MissingExtra
from mien.lab.lm import cli, recipes
from mien.lab.lm.cli import app
from mien.lab.lm.recipes import Recipe
from mien.lab.lm.storage import Saved, save
from mien.lab.lm.train import Stage

RUN = CliRunner()
STAGE = Stage("adam", 0.01, epochs=1, hold=1, decay=1, batch=16, steps=10)


def _run(*words: str | Path, code: int = 0) -> str:
    answer = RUN.invoke(app, [str(word) for word in words])
    assert answer.exit_code == code, (answer.output, answer.exception)
    return answer.stdout


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    known = (
        Recipe("toy", (STAGE,), sizes=(10, 12)),
        Recipe("toy-white", (STAGE,), of="toy", steps="whiten(4) | tune | quantize(8)"),
    )
    monkeypatch.setattr(recipes, "RECIPES", known)


@pytest.mark.usefixtures("toy")
def test_from_a_text_to_suggestions(folder: Path, tmp_path: Path) -> None:
    given = ("--data", folder, "--out", tmp_path)
    assert _run("train", "toy", *given).strip() == str(tmp_path / "toy.mlm")
    _run("compress", "toy-white", *given)
    _run("compress", "mine", "--of", "toy", "--steps", "units(0.5) | prune(0.5)", *given)
    models = [tmp_path / f"{name}.mlm" for name in ("toy", "toy-white", "mine")]
    lines = _run("score", *models, "--data", folder, "--results", tmp_path).splitlines()
    assert [line.split("\t")[0] for line in lines] == ["toy", "toy-white", "mine"]
    assert json.loads((tmp_path / "lm_mine.json").read_text())["test"] > 1
    for options in ([], ["--int8"]):
        _run("export", tmp_path / "toy-white.mlm", *options)
    files = [tmp_path / "toy-white.onnx", tmp_path / "toy-white.int8.onnx"]
    assert "MB" in _run("pace", *files, "--data", folder, "--rounds", "3", "--results", tmp_path)
    assert "| LSTM 200-200 |" in _run("report", tmp_path, "--picture", tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_bytes().endswith(b"</svg>\n")
    found = _run("complete", files[1], "the king", "--count", "2").splitlines()
    assert len(found) == 2


@pytest.mark.usefixtures("toy")
def test_a_training_out_of_time_exits_with_3_and_goes_on(folder: Path, tmp_path: Path) -> None:
    _run("train", "toy", "--data", folder, "--out", tmp_path, "--minutes", "0", code=3)
    assert not (tmp_path / "toy.mlm").exists()
    _run("train", "toy", "--data", folder, "--out", tmp_path)
    assert (tmp_path / "toy.mlm").exists()


def test_a_score_stays_in_its_folder_whatever_a_model_calls_itself(saved: Saved, folder: Path, tmp_path: Path) -> None:
    save(tmp_path / "a.mlm", replace(saved, made=replace(saved.made, recipe="x/../../elsewhere")))
    _run("score", tmp_path / "a.mlm", "--data", folder, "--results", tmp_path / "results")
    assert [path.name for path in tmp_path.rglob("*.json")] == ["lm_elsewhere.json"]
    assert (tmp_path / "results" / "lm_elsewhere.json").is_file()


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("name", ["toy", "toy-white", "base"])
def test_a_pipeline_of_ones_own_takes_no_name_that_is_taken(name: str, folder: Path, tmp_path: Path) -> None:
    given = ("--of", "base", "--steps", "quantize(4)", "--data", str(folder), "--out", str(tmp_path))
    answer = RUN.invoke(app, ["compress", name, *given])
    assert "give the new model one of its own" in str(answer.exception)


def test_quartiles_want_two_rounds(folder: Path) -> None:
    _run("pace", "a.onnx", "--data", folder, "--rounds", "1", code=2)


@pytest.mark.usefixtures("toy")
def test_an_unknown_recipe_fails_before_anything_is_read(tmp_path: Path) -> None:
    answer = RUN.invoke(app, ["train", "toi", "--data", str(tmp_path / "none.zip")])
    assert "did you mean 'toy'" in str(answer.exception)


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda _: None)
    answer = RUN.invoke(app, ["export", str(tmp_path / "none.mlm")])
    assert isinstance(answer.exception, MissingExtra)
    assert "torch" in str(answer.exception)


@pytest.mark.parametrize("command", ["train", "compress", "score", "export", "pace", "report", "complete"])
def test_every_command_shows_an_example(command: str) -> None:
    assert f"Example:  mien lab lm {command}" in _run(command, "--help")
