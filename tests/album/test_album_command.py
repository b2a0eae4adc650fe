"""`mien album` as its user meets it: people, events, what the user says, and bad input."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

import mien as mien_package
from mien.io import photo

BEACH = [f"beach/p{i}.jpg" for i in range(3)]
HOME = ["home/h0.jpg", "home/h1.jpg"]


def test_people_events_and_private_photos_come_as_one_object(mien: Callable, album: Path) -> None:
    run = mien("album", album, "--json")
    assert (run.code, run.err) == (0, "")
    people = run.album["people"]
    assert [sorted(p["photos"]) for p in people] == [sorted(BEACH + HOME), sorted(BEACH)]
    assert {p["birth_year"] for p in people} == {p["gender"] for p in people} == {None}
    assert [e["photos"] for e in run.album["events"]] == [[*BEACH, "beach/p10.jpg"], [*HOME, "home/h2.jpg"]]
    assert [e["label"] for e in run.album["events"]] == ["2019-08-30", "2021-01-02"]
    assert run.album["public"] == ["beach/p10.jpg"]
    assert len(run.album["private"]) == 6
    assert run.album["failed"] == []


def test_who_is_on_too_few_photos_or_days_is_not_listed(mien: Callable, album: Path) -> None:
    assert [len(p["photos"]) for p in mien("album", album, "--json", "--photos", 4).album["people"]] == [5]
    assert [len(p["photos"]) for p in mien("album", album, "--json", "--days", 2).album["people"]] == [5]
    assert mien("album", album, "--json", "--photos", 6).album["people"] == []
    assert mien("album", album, "--json", "--days", 3).album["people"] == []


def test_demographics_only_when_asked_and_never_mixed_into_an_album_made_without(mien: Callable, album: Path) -> None:
    run = mien("album", album, "--json", "--demographics")
    red = run.person(*BEACH, *HOME)
    assert (red["birth_year"], red["gender"]) == (2005, "female")  # 14 years old, mostly in 2019.7
    refused = mien("album", album)
    assert refused.code == 2
    assert "demographics" in refused.err


def test_the_page_opens_alone_and_shows_no_name_as_markup(mien: Callable, album: Path) -> None:
    first = mien("album", album, "--json")
    mien("album", album, "name", first.person(*BEACH)["id"], "<b>Ann & Bo</b>")
    page = (album / "mien-album" / "album.html").read_text()
    assert "&lt;b&gt;Ann &amp; Bo&lt;/b&gt;" in page
    assert "<script" not in page
    assert 'src="http' not in page
    assert page.count("<img") >= 4  # two people, two events


def test_a_second_run_looks_only_at_new_photos_and_keeps_names_merges_splits_and_nots(
    mien: Callable, album: Path, made: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = mien("album", album, "--json", "--photos", 1)
    red, green, blue = (first.person(*p)["id"] for p in (BEACH + HOME, BEACH, ["home/h2.jpg"]))
    assert mien("album", album, "name", red, "Rosa").code == 0
    assert mien("album", album, "merge", green, blue).code == 0
    parted = mien("album", album, "split", "Rosa", "home/h0.jpg")
    number = parted.err.split("these faces are person ")[1].split()[0]
    assert mien("album", album, "name", number, "Lea", "--photos", "1").code == 0
    assert mien("album", album, "not", "Rosa", "beach/p0.jpg").code == 0
    made.paint(album / "home/h3.jpg", ["red"], 70, taken="2021:01:02 17:00:00")
    looked = []
    monkeypatch.setitem(made.main.__globals__, "see", lambda f, d: looked.append(f.source) or made.see(f, d))
    for words in ((), ("--again",)):
        run = mien("album", album, "--json", "--photos", 1, *words)
        rosa = next(p for p in run.album["people"] if p["name"] == "Rosa")
        assert sorted({*rosa["photos"]} - {"home/h3.jpg"}) == [*BEACH[1:], "home/h1.jpg"]
        assert run.person(*BEACH, "home/h2.jpg")["id"] == green
        places = {path: p["id"] for p in run.album["people"] for path in p["photos"] if p["id"] != green}
        assert places["home/h0.jpg"] == int(number)
        assert places["beach/p0.jpg"] != red
        assert "home/h3.jpg" in places  # of one of the red ones, whom the user told apart
    assert [Path(p).name for p in looked] == ["h3.jpg"]


def test_two_persons_with_one_name_stay_two_and_are_told_apart_by_number(mien: Callable, album: Path) -> None:
    first = mien("album", album, "--json")
    red, green = (p["id"] for p in first.album["people"])
    mien("album", album, "name", red, "Alex")
    second = mien("album", album, "name", green, "Alex", "--json")
    assert [p["name"] for p in second.album["people"]] == ["Alex", "Alex"]
    unclear = mien("album", album, "not", "Alex", "beach/p0.jpg")
    assert unclear.code == 2
    assert f"2 persons are named 'Alex': {red}, {green}" in unclear.err
    assert mien("album", album, "merge", red, green, "--json").album["people"][0]["name"] == "Alex"


def test_a_corrupt_photo_is_named_and_the_others_are_done(mien: Callable, album: Path) -> None:
    (album / "beach/broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    for _ in range(2):  # remembered, not read again, still said
        run = mien("album", album, "--json")
        assert run.code == 2
        assert "beach/broken.jpg" in run.err
        assert [f["photo"] for f in run.album["failed"]] == ["beach/broken.jpg"]
        assert len(run.album["people"]) == 2


def test_a_photo_without_a_date_stays_beside_its_neighbour_by_name(
    mien: Callable, album: Path, made: SimpleNamespace
) -> None:
    made.paint(album / "beach/p1b.png", ["red", "green"], 21)
    run = mien("album", album, "--json", "--demographics")
    assert run.album["events"][0]["photos"] == [*BEACH[:2], "beach/p1b.png", BEACH[2], "beach/p10.jpg"]
    assert run.person(*BEACH, "beach/p1b.png")["birth_year"] == 2005  # from the dated ones


def test_folders_without_any_date_are_events_of_their_own_and_called_by_their_names(
    mien: Callable, album: Path, made: SimpleNamespace
) -> None:
    made.paint(album / "beach/p1b.png", [], 21)  # undated among dated ones: no border
    made.paint(album / "beach/more/p1c.jpg", [], 21, taken="2019:08:30 11:30:00")  # nor where folders mingle
    for folder in ("scans/oslo", "scans/rome"):
        for i in range(2):
            made.paint(album / f"{folder}/{i}.png", [], 60)
    events = mien("album", album, "--json").album["events"]
    assert [e["label"] for e in events] == ["2019-08-30", "2021-01-02", "scans/oslo", "scans/rome"]
    assert events[2]["photos"] == ["scans/oslo/0.png", "scans/oslo/1.png"]


def test_a_deleted_file_leaves_the_album_and_is_known_again_when_it_returns(mien: Callable, album: Path) -> None:
    first = mien("album", album, "--json")
    mien("album", album, "name", first.person(*BEACH)["id"], "Gil")
    kept = (album / "beach/p0.jpg").rename(album.parent / "elsewhere.jpg")
    gone = mien("album", album, "--json")
    assert next(p["photos"] for p in gone.album["people"] if p["name"] == "Gil") == BEACH[1:]
    assert "beach/p0.jpg" not in str(gone.album)
    kept.rename(album / "home/moved.jpg")  # and a file that moves stays who it is
    back = mien("album", album, "--json")
    assert sorted(next(p["photos"] for p in back.album["people"] if p["name"] == "Gil")) == [
        *BEACH[1:],
        "home/moved.jpg",
    ]


def test_a_copied_album_with_other_dates_of_files_is_not_looked_at_again_and_an_edited_photo_is(
    mien: Callable, album: Path, made: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = mien("album", album, "--json")
    for path in album.rglob("*.jpg"):
        os.utime(path, (1e9, 1e9))
    made.paint(album / "home/h2.jpg", ["green"], 99)
    looked = []
    monkeypatch.setitem(made.main.__globals__, "see", lambda f, d: looked.append(f.source) or made.see(f, d))
    second = mien("album", album, "--json")
    assert [Path(p).name for p in looked] == ["h2.jpg"]
    assert second.person(*BEACH, "home/h2.jpg")["id"] == first.person(*BEACH)["id"]


def test_forget_leaves_nothing_of_a_deleted_file(mien: Callable, album: Path) -> None:
    mien("album", album)
    (album / "home/h2.jpg").unlink()
    mien("album", album, "--forget")
    with sqlite3.connect(album / "mien-album/album.sqlite") as base:
        assert base.execute("SELECT count(*) FROM photo WHERE path LIKE '%h2%'").fetchone() == (0,)
        assert base.execute("SELECT count(*) FROM face").fetchone() == (8,)
    base.close()


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nobody may write into the folder; root, who always may, is somebody else for as long."""
    root = os.geteuid() == 0
    if root and not all(place.stat().st_mode & 0o001 for place in Path(mien_package.__file__).resolve().parents):
        pytest.skip("root may write anywhere, and nobody else may read the package here")
    folder.chmod(0o555)
    try:
        if root:
            os.seteuid(65534)
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)


def test_a_second_run_into_one_album_is_refused_until_the_first_is_gone(
    mien: Callable, made: SimpleNamespace, album: Path
) -> None:
    words = [sys.executable, str(made.path), "--slow", "30", "album", str(album)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        while not (album / "mien-album/album.sqlite").exists():
            time.sleep(0.02)
        index, name = mien("album", album), mien("album", album, "name", "1", "Ann")
        run.kill()
    for refused in (index, name):
        assert refused.code == 2
        assert "another run is writing there; wait until it has ended" in refused.err
    assert mien("album", album).code == 0  # the killed one is in nobody's way


def test_one_photo_is_not_called_photos(mien: Callable, made: SimpleNamespace, tmp_path: Path) -> None:
    made.paint(tmp_path / "p.jpg", ["red"])
    run = mien("album", tmp_path, "--photos", 1)
    said = "1 photo or video, 1 person with 1 face, 0 other faces, 1 event, 1 private and 0 public\n"
    assert run.out.startswith(f"{said}  1  person 1  1 photo\n")
    assert said.strip() in (tmp_path / "mien-album/album.html").read_text()


def test_a_photo_above_the_usual_limit_is_a_cover_too(
    mien: Callable, album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(photo.read.__kwdefaults__, "limit", 1000)
    mien("album", album, "--max-pixels", 20_000)
    page = (album / "mien-album/album.html").read_text()
    assert page.split("<h2>Events</h2>")[1].count("<img") == 2


def test_a_read_only_folder_says_so_and_out_helps(mien: Callable, made: SimpleNamespace) -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)
        album = made.paint(Path(place, "photos/p.jpg"), ["red"]).parent
        mien("album", album, "--out", Path(place, "first"))  # all that is imported late is imported
        with read_only(album):
            refused = mien("album", album)
            helped = mien("album", album, "--out", Path(place, "second"))
        assert (refused.code, helped.code) == (2, 0)
        assert "--out" in refused.err
        assert Path(place, "second/album.html").exists()
        assert [p.name for p in album.iterdir()] == ["p.jpg"]


def test_a_store_that_cannot_be_written_says_so(mien: Callable, album: Path) -> None:
    (album / "mien-album").write_text("a file where the folder should be")
    refused = mien("album", album)
    assert refused.code == 2
    assert "choose another folder with --out" in refused.err


def test_twins_in_one_photo_are_never_one_person(mien: Callable, made: SimpleNamespace, tmp_path: Path) -> None:
    for i in range(3):
        made.paint(tmp_path / f"t{i}.png", ["red", "red"], 20 + i)
    assert len(mien("album", tmp_path, "--json", "--photos", 1).album["people"]) > 1
    with sqlite3.connect(tmp_path / "mien-album/album.sqlite") as base:
        most = base.execute("SELECT max(n) FROM (SELECT count(*) AS n FROM face GROUP BY photo, person)").fetchone()
    base.close()
    assert most == (1,)


def test_a_face_too_small_is_kept_but_is_nobody(mien: Callable, album: Path, made: SimpleNamespace) -> None:
    for i in range(4):
        made.paint(album / f"far{i}.png", ["yellow"], 30 + i, size=22)
    run = mien("album", album, "--json")
    assert len(run.album["people"]) == 2
    with sqlite3.connect(album / "mien-album/album.sqlite") as base:
        reasons = base.execute("SELECT refused, person FROM face WHERE refused != ''").fetchall()
    base.close()
    assert reasons == [("too small: 22 pixels, 36 are needed", None)] * 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rename", "1", "x"], "did you mean 'name'"),
        (["name", "1"], "name WHO NAME"),
        (["name", "99", "x"], "no person named '99'"),
        (["name", "1", "7"], "numbers stand for persons"),
        (["merge", "1", "1"], "two or more persons"),
        (["split", "1", "beach/p0.jpgg"], "did you mean 'beach/p0.jpg'"),
        (["split", "1", *BEACH, *HOME], "all faces of person"),
        (["not", "2", "home/h0.jpg"], "person 2 is not in home/h0.jpg"),
    ],
)
def test_a_wrong_word_says_what_was_wanted(mien: Callable, album: Path, words: list[str], said: str) -> None:
    mien("album", album)
    run = mien("album", album, *words)
    assert run.code == 2
    assert said in " ".join(run.err.replace("│", " ").split())


def test_an_empty_folder_and_a_missing_one_are_errors_and_leave_no_trace(mien: Callable, tmp_path: Path) -> None:
    assert "holds no photo or video" in mien("album", tmp_path).err
    assert "is not a folder" in mien("album", tmp_path / "none").err
    assert list(tmp_path.iterdir()) == []


def test_an_action_before_any_run_says_what_to_run_first(mien: Callable, album: Path) -> None:
    run = mien("album", album, "name", "1", "x")
    assert run.code == 2
    assert "no album yet" in run.err
    assert not (album / "mien-album").exists()
    elsewhere = mien("album", album, "name", "1", "x", "--out", album / "b")
    assert "--out" in elsewhere.err and not (album / "b").exists()
