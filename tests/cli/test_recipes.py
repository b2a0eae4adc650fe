"""The recipes' commands, one after the other as a person would type them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mien.cli import build, main, synth
from mien.errors import InputError
from mien.train import twins


def run(*words: str) -> Result:
    return CliRunner().invoke(build(), list(words), catch_exceptions=True)


def test_from_a_twin_to_a_result_file(tmp_path: Path) -> None:
    twin, out, result = tmp_path / "twin", tmp_path / "run", tmp_path / "results" / "abaw4_mtl.json"
    assert run("synth", "mtl", "--features", "--scale", "0.0001", "--out", str(twin)).exit_code == 0
    assert run("data", "check", "mtl", str(twin)).stdout == ""
    for seed in ("0", "1"):
        trained = run("train", "abaw4_mtl", "--data", str(twin), "--out", str(out), "--seed", seed)
        assert trained.exit_code == 0
    scored = run("score", "abaw4_mtl", "--data", str(twin), "--out", str(out), "--result", str(result))
    assert scored.exit_code == 0 and scored.stdout.count("+ thresholds") == 2
    record = json.loads(result.read_text())
    assert record["seeds"] == [0, 1] and len(record["figures"]["rows"]) == 2 and len(record["data"]["sha256"]) == 64
    assert "## `abaw4_mtl`" in run("recipes", "--table", str(result.parent)).stdout
    assert run("train", "abaw3_mtl", "--data", str(twin), "--out", str(out)).exit_code == 0
    more = ("--against", "abaw3_mtl", "--answers", str(tmp_path / "answers.txt"))
    paired = run("score", "abaw4_mtl", "--data", str(twin), "--out", str(out), *more)
    assert len((tmp_path / "answers.txt").read_text().splitlines()) == 361
    assert paired.stdout.splitlines()[-1].startswith("abaw4_mtl against abaw3_mtl, last rows: gain ")
    wrong = run("score", "abaw4_mtl", "--data", str(twin), "--out", str(out), "--against", "abaw7_ce").exception
    assert isinstance(wrong, InputError)


def test_every_twin_has_its_command() -> None:
    assert set(synth.TWINS) == set(twins.KINDS)
    assert "--assets ict_facekit.npz" in run("synth", "vgaf", "--help").stdout


def test_a_fault_in_the_data_is_told_and_ends_with_two(tmp_path: Path) -> None:
    assert run("synth", "mtl", "--features", "--scale", "0.0001", "--out", str(tmp_path / "t")).exit_code == 0
    path = tmp_path / "t" / "training_set_annotations.txt"
    path.write_text(path.read_text().replace("train000/00013.jpg,", "train000/13x.jpg,", 1))
    told = run("data", "check", "mtl", str(tmp_path / "t"))
    assert told.exit_code == 2 and "training_set_annotations.txt:2: wanted an image" in told.stdout


def test_every_recipe_is_listed_with_its_number() -> None:
    listed = run("recipes").stdout
    assert "abaw7_mtl" in listed and "1.4940" in listed
    assert "affwild2-au" in run("data", "kinds").stdout.splitlines()


@pytest.mark.parametrize("command", ["train", "score"])
def test_a_recipe_nobody_knows_is_answered_with_the_nearest(command: str, tmp_path: Path) -> None:
    result = run(command, "abaw7mtl", "--data", str(tmp_path), "--out", str(tmp_path))
    assert isinstance(result.exception, InputError) and "abaw7_mtl" in str(result.exception)


def test_training_without_its_packages_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr(sys, "argv", ["mien", "trial", "abaw3_expr"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert capsys.readouterr().err == "mien: this needs the package torch; install it with: pip install 'mien[train]'\n"


def test_training_wants_a_thread(tmp_path: Path) -> None:
    assert run("train", "abaw4_mtl", "--data", str(tmp_path), "--out", str(tmp_path), "--threads", "0").exit_code == 2


def test_a_folder_that_is_not_empty_takes_no_twin(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    assert run("synth", "mtl", "--features", "--out", str(tmp_path)).exit_code == 2
    assert run("synth", "mtl", "--out", str(tmp_path / "neither")).exit_code == 2
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]
