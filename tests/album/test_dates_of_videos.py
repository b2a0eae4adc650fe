"""When videos were filmed: by the clock on the wall, as photos tell it, so that both belong to one event."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

from mien.album import exif

APPLE = "com.apple.quicktime.creationdate"
NOON = exif.moment("2019:08:30 12:00:00")


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This computer is in a zone with summer time."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def film(path: Path, shade: int = 20, **notes: str) -> Path:
    """Half a second of nobody."""
    options = {"movflags": "use_metadata_tags"} if path.suffix in (".mp4", ".mov") else {}
    with av.open(str(path), "w", options=options) as container:
        container.metadata.update(notes)
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 120, 120, "yuv420p"
        for _ in range(5):
            image = av.VideoFrame.from_ndarray(np.full((120, 120, 3), shade, np.uint8), format="rgb24")
            container.mux(stream.encode(image))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    ("words", "wall"),
    [
        ("2019-08-30T12:00:00+0200", "2019:08:30 12:00:00"),
        ("2019-08-30T12:00:00-07:00", "2019:08:30 12:00:00"),
        ("2019-08-30 12:00:00.5Z", "2019:08:30 12:00:00"),
        ("2019-08-30T12:00:00", "2019:08:30 12:00:00"),
    ],
)
def test_a_time_with_its_zone_is_what_the_wall_showed(words: str, wall: str) -> None:
    assert exif.wall(words) == exif.moment(wall)


@pytest.mark.parametrize(
    ("words", "wall"),
    [
        ("2019-08-30T10:00:00.000000Z", "2019:08:30 12:00:00"),
        ("2019-01-30T11:00:00.000000Z", "2019:01:30 12:00:00"),
        ("2019-12-31T23:30:00Z", "2020:01:01 00:30:00"),
        ("2019-08-30T12:00:00", "2019:08:30 12:00:00"),  # nobody says that it is UTC
    ],
)
def test_a_time_that_is_utc_is_what_the_wall_here_showed(words: str, wall: str) -> None:
    assert exif.wall(words, here=True) == exif.moment(wall)


@pytest.mark.parametrize("here", [False, True])
@pytest.mark.parametrize(
    "words",
    [
        "",
        "yesterday",
        "1904-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "1970-01-01T00:00:00-0800",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2019-02-30T00:00:00Z",
        "2019-01-30T25:00:00Z",
        (datetime.now(timezone.utc) + timedelta(days=40)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    ],
)
def test_nonsense_and_times_to_come_are_no_dates(words: str, here: bool) -> None:
    assert exif.wall(words, here=here) is None


def test_what_was_filmed_just_now_has_its_date_wherever_that_was() -> None:
    ahead = datetime.now(timezone(timedelta(hours=14))).strftime("%Y-%m-%dT%H:%M:%S+1400")
    assert exif.wall(ahead) is not None


@pytest.mark.parametrize("name", ["v.mp4", "v.mov", "v.mkv"])
def test_apples_note_is_believed_before_the_containers(tmp_path: Path, name: str) -> None:
    path = film(tmp_path / name, **{"creation_time": "2019-08-30T19:00:00Z", APPLE: "2019-08-30T12:00:00-0700"})
    assert exif.filmed(path) == NOON
    assert exif.filmed(film(path, **{"creation_time": "2019-08-30T10:00:00Z", APPLE: "no date"})) == NOON
    assert exif.filmed(film(path)) is None


def test_what_cannot_be_opened_tells_no_time(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    assert exif.filmed(path) is None
    path.write_bytes(b"no video")
    assert exif.filmed(path) is None


def test_a_video_belongs_to_the_event_of_its_time(mien: Callable, album: Path) -> None:
    film(album / "clip.mp4", creation_time="2019-08-30T09:30:00Z")  # half past eleven here
    film(album / "undated.mp4", 61)
    first, *others = mien("album", album, "--json").album["events"]
    assert first["photos"] == ["beach/p0.jpg", "beach/p1.jpg", "clip.mp4", "undated.mp4", *first["photos"][-2:]]
    assert first["label"] == "2019-08-30"
    assert [e["label"] for e in others] == ["2021-01-02"]


def test_an_album_made_before_learns_the_dates_of_its_videos_without_another_look(
    mien: Callable, album: Path, made: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(album / "clip.mp4", creation_time="2019-08-30T09:30:00Z")
    film(album / "later.mp4", 61, creation_time="2021-01-02T09:30:00Z")
    mien("album", album)
    with sqlite3.connect(album / "mien-album/album.sqlite") as base:
        base.execute("UPDATE photo SET taken = NULL WHERE path LIKE '%.mp4'")
        base.execute("DELETE FROM setting WHERE name LIKE 'videos%'")
    base.close()
    (album / "later.mp4").rename(album / "home/later.mp4")  # one that moves meanwhile, too
    looked: list[str] = []
    monkeypatch.setitem(made.main.__globals__, "see", lambda f, d: looked.append(f.source) or made.see(f, d))
    events = mien("album", album, "--json").album["events"]
    assert looked == []
    assert ["clip.mp4" in e["photos"] for e in events] == [True, False]
    assert ["home/later.mp4" in e["photos"] for e in events] == [False, True]


def test_an_album_made_now_asks_no_undated_video_twice(
    mien: Callable, album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(album / "undated.mp4")
    asked: list[Path] = []
    filmed = exif.filmed
    monkeypatch.setattr(exif, "filmed", lambda path: asked.append(path) or filmed(path))
    for _ in range(2):
        mien("album", album)
    assert [p.name for p in asked] == ["undated.mp4"]
