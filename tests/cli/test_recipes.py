"""The recipes' commands, one after the other as a person would type them."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mien.cli import build, main, synth
from mien.errors import InputError
from mien.train import course, twins


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
    assert run("synth", "mtl", "--features", "--out", str(tmp_path / "mine")).exit_code == 2
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


def test_answers_are_scored_against_the_data_they_were_made_from_and_copies_of_them_are_no_seeds(
    tmp_path: Path,
) -> None:
    twin, out = tmp_path / "twin", tmp_path / "run"
    twins.write("cexpr", twin, 0, 1e-4)
    words = ("abaw7_ce", "--data", str(twin), "--out", str(out))
    assert run("train", *words).exit_code == 0
    shutil.copytree(out / "abaw7_ce" / "0", out / "abaw7_ce" / "0 as it was")
    scored = run("score", *words)
    assert scored.exit_code == 0 and scored.stdout.count("abaw7_ce, seed") == 1
    path = twin / "validation.txt"
    lines = path.read_text().splitlines()
    lines[1] = lines[1][:-1] + ("1" if lines[1].endswith("0") else "0")
    path.write_text("\n".join(lines) + "\n")
    told = run("score", *words).exception
    assert isinstance(told, InputError) and f"answers other data than {twin}" in str(told)


def test_what_was_never_trained_is_answered_with_the_command_that_trains_it(tmp_path: Path) -> None:
    told = run("score", "abaw7_ce", "--data", str(tmp_path), "--out", str(tmp_path)).exception
    assert isinstance(told, InputError)
    assert f"`mien train abaw7_ce --data {tmp_path} --out {tmp_path}`" in str(told)


@pytest.mark.parametrize(("command", "option"), [("trial", "--results"), ("score", "--result"), ("score", "--answers")])
def test_a_result_that_cannot_be_written_is_refused_before_the_work_and_not_after(
    command: str, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(course, "material", lambda *_: pytest.fail("worked in vain"))
    (tmp_path / "file").touch()
    there = () if command == "trial" else ("--data", str(tmp_path), "--out", str(tmp_path))
    told = run(command, "abaw7_ce", *there, option, str(tmp_path / "file" / "below" / "x")).exception
    assert isinstance(told, InputError) and "Not a directory" in str(told)


def test_training_into_what_is_no_folder_is_told(tmp_path: Path) -> None:
    twins.write("cexpr", tmp_path / "twin", 0, 1e-4)
    (tmp_path / "file").touch()
    told = run("train", "abaw7_ce", "--data", str(tmp_path / "twin"), "--out", str(tmp_path / "file")).exception
    assert isinstance(told, InputError) and "Not a directory" in str(told)


def test_a_seed_that_not_every_learner_takes_is_refused(tmp_path: Path) -> None:
    words = ("train", "afew", "--data", str(tmp_path), "--out", str(tmp_path), "--seed", str(2**32))
    assert run(*words).exit_code == 2


def test_a_table_of_a_folder_that_is_not_there_is_no_page_of_missing_recipes(tmp_path: Path) -> None:
    assert run("recipes", "--table", str(tmp_path / "resutls")).exit_code == 2
