"""What an album remembers of files that are renamed, edited, copied, out of reach, or unreadable for a while."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from mien.album.index import Looker, Outcome, index, listed
from mien.album.store import Store


@pytest.fixture
def looked(made: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are looked at, as they are."""
    names: list[str] = []
    see = made.see
    monkeypatch.setitem(made.main.__globals__, "see", lambda f, d: names.append(Path(f.source).name) or see(f, d))
    return names


def test_files_that_take_each_others_names_stay_who_they_are(mien: Callable, album: Path, looked: list[str]) -> None:
    first = mien("album", album, "--json", "--photos", 1)
    mien("album", album, "name", first.person("home/h2.jpg")["id"], "Bo")  # on this photo alone
    looked.clear()
    (album / "home/h2.jpg").rename(album / "home/h3.jpg")  # renumbered, one up
    (album / "home/h1.jpg").rename(album / "home/h2.jpg")
    assert mien("album", album, "--json").person("home/h3.jpg")["name"] == "Bo"
    (album / "home/h3.jpg").rename(album / "home/h1.jpg")  # and two swapped
    (album / "home/h2.jpg").rename(album / "home/h3.jpg")
    (album / "home/h0.jpg").rename(album / "home/h2.jpg")
    (album / "home/h1.jpg").rename(album / "home/h0.jpg")
    assert mien("album", album, "--json").person("home/h0.jpg")["name"] == "Bo"
    assert looked == []


def test_an_original_kept_under_another_name_stays_who_it_is_and_an_edit_without_leaves_nothing(
    mien: Callable, album: Path, made: SimpleNamespace, looked: list[str]
) -> None:
    first = mien("album", album, "--json", "--photos", 1)
    mien("album", album, "name", first.person("home/h2.jpg")["id"], "Bo")
    looked.clear()
    (album / "home/h2.jpg").rename(album / "home/z_original.jpg")
    made.paint(album / "home/h2.jpg", ["yellow"], 90)
    made.paint(album / "beach/p0.jpg", ["red"], 91)
    run = mien("album", album, "--json")
    assert run.person("home/z_original.jpg")["name"] == "Bo"
    assert looked == ["p0.jpg", "h2.jpg"]
    with Store(album / "mien-album/album.sqlite") as store:
        assert store.photos(absent=True) == []


def test_copies_of_one_photo_may_all_move(mien: Callable, album: Path, looked: list[str]) -> None:
    shutil.copytree(album / "beach", album / "copy")
    mien("album", album)
    looked.clear()
    (album / "beach").rename(album / "beach 2019")
    (album / "copy").rename(album / "copy 2019")
    assert mien("album", album).code == 0
    assert looked == []


def test_files_out_of_reach_keep_what_the_user_said_of_them(made: SimpleNamespace, album: Path, tmp_path: Path) -> None:
    def run(paths: list[Path]) -> Outcome:
        return index(album, paths, store, Looker(made.see))

    with Store(tmp_path / "album.sqlite") as store:
        paths = listed(album)
        run(paths)
        before = store.faces()
        album.rename(tmp_path / "unplugged")
        assert {reason for _, reason in run(paths).failed} == {
            "it cannot be opened, what is known of it stays; check its drive and its rights"
        }
        (tmp_path / "unplugged").rename(album)
        assert run(paths).unchanged == len(paths)
        assert [f.id for f in store.faces()] == [f.id for f in before]


def test_doing_what_the_reason_of_a_failure_says_helps(mien: Callable, album: Path) -> None:
    refused = mien("album", album, "--max-pixels", 14_000)
    assert refused.code == 2
    assert "raise the limit with --max-pixels 14400" in refused.err
    helped = mien("album", album, "--max-pixels", 100_000, "--json")
    assert (helped.code, helped.err) == (0, "")
    assert len(helped.album["people"]) == 2


def test_a_broken_photo_is_named_under_its_new_name_too(mien: Callable, album: Path) -> None:
    (album / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    assert mien("album", album).code == 2
    (album / "broken.jpg").rename(album / "still.jpg")
    run = mien("album", album)
    assert run.code == 2
    assert "still.jpg" in run.err
