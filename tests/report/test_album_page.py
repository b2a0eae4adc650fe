"""The page of an album: its years, and what it leaves out."""

from __future__ import annotations

import re
from datetime import datetime, timezone

import numpy as np

from mien.album.store import Face, Photo
from mien.album.view import Album, Event, Person
from mien.report import album as page
from mien.report.chart import Text

BOX = (0.0, 0.0, 9.0, 9.0)


def photo(number: int, year: int = 2019, month: int = 8) -> Photo:
    taken = datetime(year, month, 30, tzinfo=timezone.utc).timestamp()
    return Photo(f"{number}.jpg", 1, 1, "", taken, None, id=number)


def person(number: int, *photos: Photo) -> Person:
    faces = [Face(BOX, 0.1, np.zeros(2, np.float32), photo=p.id, id=p.id) for p in photos]
    return Person(number, "", faces, photos, None, None)


def test_a_time_line_begins_and_ends_with_the_years_of_its_photos() -> None:
    shapes = page.timeline(person(0, photo(0, 2019, 8), photo(1, 2021, 11))).shapes
    assert [s.words for s in shapes if isinstance(s, Text)] == ["2019", "2021"]


def test_what_does_not_fit_on_the_page_is_counted() -> None:
    one = photo(0)
    people = [person(i, one) for i in range(page.PEOPLE + 7)]
    events = [Event(f"event {i}", [one], one) for i in range(page.EVENTS + 3)]
    many, few = [photo(i) for i in range(page.NAMES + 5)], [one] * page.NAMES
    html = page.of_album("x", Album(people, events, many, few, 0), lambda _: b"", lambda _: None, [])
    assert re.findall(r"and (\d+) more", html) == ["7", "3", "5"]
    assert ">1 photo<" in html and "1 photos" not in html
