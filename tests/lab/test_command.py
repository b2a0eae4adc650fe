"""All lab commands together: where files cannot be read or written, one line says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from mien.cli import build
from mien.errors import InputError


@pytest.mark.parametrize(
    "words",
    [
        ["games", "play", "{file}/run", "--games", "dictator"],
        ["tables", "solve", "{table}", "--task", "predict y", "--out", "{file}/run"],
    ],
)
def test_a_place_that_takes_nothing_is_an_error_of_one_line(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "table.csv").write_text("x,y\n" + "".join(f"{i},{i % 2}\n" for i in range(40)))
    places = {"file": tmp_path / "file", "table": tmp_path / "table.csv"}
    ran = CliRunner().invoke(build(), ["lab", *(word.format_map(places) for word in words)])
    assert isinstance(ran.exception, InputError), ran.exception
    assert str(tmp_path / "file") in str(ran.exception)
    assert "name another place" in str(ran.exception)
