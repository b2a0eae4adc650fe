"""`mien train` on a stage of the network that ships."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from mien.cli import build
from mien.errors import InputError
from mien.train import embedded, loop


def run(*words: str) -> Exception | None:
    error = CliRunner().invoke(build(), list(words)).exception
    assert error is None or isinstance(error, Exception)
    return error


def renders(folder: Path, count: int = 6) -> Path:
    """Rendered faces as `mien synth faces` writes them."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    points = np.array([[35, 45], [77, 45], [56, 67], [38, 87], [74, 87]], np.float32)
    np.savez(
        folder / "faces-00000000.npz",
        images=rng.integers(0, 255, (count, 112, 112, 3), np.uint8),
        boxes=np.tile(np.array([20, 10, 70, 90], np.float32), (count, 1)),
        points=np.tile(points, (count, 1, 1)),
        pose=np.zeros((count, 3), np.float32),
        aus=rng.random((count, 12), np.float32),
        expression=np.arange(count) % 8,
        valence=np.zeros(count, np.float32),
        arousal=np.zeros(count, np.float32),
        identity=np.arange(count),
    )
    return folder


def test_a_stage_of_the_network_trains_into_its_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(embedded.STAGES, "clean", embedded.Stage({"renders": 4}, loop.Plan(2)))
    words = ["train", "clean", "--data", str(tmp_path), "--out", str(tmp_path / "work")]
    assert run(*words, "--renders", str(renders(tmp_path / "renders"))) is None
    state = torch.load(tmp_path / "work" / "clean.pt", weights_only=True)
    assert state["step"] == 2 and all(v.isfinite().all() for v in state["kept"].values())


def test_what_a_stage_lacks_is_said(tmp_path: Path) -> None:
    error = run("train", "clean", "--data", str(tmp_path), "--out", str(tmp_path))
    assert isinstance(error, InputError) and "mien synth faces" in str(error)


def test_a_stage_that_goes_on_names_the_one_before(tmp_path: Path) -> None:
    for stage, before in (("mien_s", "faces"), ("echo", "mien_s")):
        error = run("train", stage, "--data", str(tmp_path), "--out", str(tmp_path))
        assert isinstance(error, InputError) and f"{before}.pt" in str(error), "before any data are read"
