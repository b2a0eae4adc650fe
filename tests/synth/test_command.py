"""`mien synth` from the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from mien.cli import synth
from mien.synth import assets, faces
from mien.synth.assets import Assets
from mien.synth.scene import kept


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    synth.register(app)
    return app


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, egg: Assets) -> Path:
    """A file that stands for the head's archive; reading it gives the small head."""
    for module in (assets, faces):
        monkeypatch.setattr(module, "load", lambda path: egg)
    path = tmp_path / "head.npz"
    path.touch()
    return path


@pytest.mark.parametrize("command", ["faces", "scenes", "examples"])
def test_help_shows_an_example(app: typer.Typer, command: str) -> None:
    result = CliRunner().invoke(app, ["synth", command, "--help"])
    assert result.exit_code == 0
    assert f"mien synth {command} --assets" in result.output


def test_faces_writes_a_shard_and_tells_the_pace_on_the_error_stream(
    app: typer.Typer, archive: Path, tmp_path: Path
) -> None:
    arguments = ["synth", "faces", "--assets", str(archive), "--count", "3", "--size", "32", "--workers", "1"]
    result = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert "3/3" in result.stderr
    (shard,) = (tmp_path / "out").glob("*.npz")
    with np.load(shard) as data:
        assert data["images"].shape == (3, 32, 32, 3)
        assert data["aus"].shape == (3, 12)


def test_scenes_keeps_heads(app: typer.Typer, archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "heads.npz"
    arguments = ["synth", "scenes", "--assets", str(archive), "--out", str(out), "--count", "2", "--size", "48"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert len(kept(out)) == 2
