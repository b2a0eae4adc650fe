"""Files that are there whole or not at all: what is said of places that take none."""

from __future__ import annotations

from pathlib import Path

import pytest

from mien.io.whole import Unwritable, folder, whole


def write(path: Path) -> None:
    with whole(path) as part:
        part.write_text("all of it")


def test_a_name_as_long_as_names_can_be_is_written(tmp_path: Path) -> None:
    for name in ("漢" * 84, "n" * 255):  # of 255 bytes at most
        write(tmp_path / name)
        assert (tmp_path / name).read_text() == "all of it"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", ["file/table.csv", "nowhere/table.csv", "folder", "n" * 256])
def test_a_place_that_takes_no_file_says_so(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder/full").mkdir(parents=True)
    with pytest.raises(Unwritable, match=r"writing .* failed: .* choose another folder"):
        write(tmp_path / name)
    assert not list(tmp_path.rglob("*.part"))


def test_what_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    write(tmp_path / "table.csv")
    with pytest.raises(KeyboardInterrupt), whole(tmp_path / "table.csv") as part:
        part.write_text("half")
        raise KeyboardInterrupt
    assert [p.read_text() for p in tmp_path.iterdir()] == ["all of it"]


def test_a_folder_is_made_and_probed_without_a_trace(tmp_path: Path) -> None:
    assert list(folder(tmp_path / "a/b").iterdir()) == []
