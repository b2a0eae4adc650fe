from __future__ import annotations

import io
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from mien.heads import EXPRESSION, VALENCE_AROUSAL
from mien.report import html
from mien.report.draw import caption, draw
from mien.report.peaks import Peaks, jpeg
from mien.types import Faces, Frame, Head, Reading, Signal

HOSTILE = '"><script>alert(1)</script>\udcff\n.mp4'


class Read(HTMLParser):
    """The tags, attributes and words of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [v or "" for k, v in attrs if k in ("src", "href") or k.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.words += data


def faces(
    time: float, happiness: float, person: int = 0, box: tuple[float, ...] = (10, 10, 30, 30), size: int = 1
) -> Faces:
    values = np.full((1, 8), (1 - happiness) / 7, np.float32)
    values[0, 1] = happiness
    pixels = np.full((60 * size, 80 * size, 3), int(200 * happiness), np.uint8)
    made = Faces(
        Frame(pixels, time, round(time * 25)),
        np.array([box], np.float32),
        np.full((1, 5, 2), np.nan, np.float32),
        np.ones(1, np.float32),
        track=np.array([person]),
    )
    return made.with_reading(EXPRESSION, Reading(values, EXPRESSION.labels))


def people() -> dict[int, dict[Head, Signal]]:
    values = np.full((10, 2), 0.25, np.float32)
    return {0: {VALENCE_AROUSAL: Signal(np.arange(10) / 25, values, np.ones(10, bool), VALENCE_AROUSAL.labels)}}


def test_hostile_names_are_words_and_nothing_loads_or_runs() -> None:
    peaks = Peaks()
    peaks.see(faces(0.0, 0.9))
    pages = (
        html.of_video(HOSTILE, people(), {0: peaks.of(0)}, [HOSTILE]),
        html.of_photos(HOSTILE, [html.Photo(HOSTILE, jpeg(np.zeros((4, 4, 3), np.uint8)), [HOSTILE])], 1, [HOSTILE]),
    )
    for page in pages:
        page.encode("utf-8")
        read = Read(page)
        assert "script" not in read.tags
        assert read.links
        assert all(link.startswith("data:image/jpeg;base64,") for link in read.links)
        assert "<script>alert(1)</script>\\udcff\\n.mp4" in read.words
        assert "default-src 'none'" in page


def test_a_video_without_faces_says_so() -> None:
    assert "No face was found" in Read(html.of_video("v", {}, {}, [])).words


def test_a_page_of_many_photos_counts_those_it_leaves_out() -> None:
    photo = html.Photo("p", jpeg(np.zeros((4, 4, 3), np.uint8)), [])
    assert "7 more photos are in the table" in Read(html.of_photos("t", [photo] * 3, 10, [])).words
    assert "1 more photo is in the table" in Read(html.of_photos("t", [photo] * 3, 4, [])).words


def test_means_are_over_seen_frames_only() -> None:
    values = np.array([[0.5, 0.5], [0.9, 0.9]], np.float32)
    signal = Signal(np.arange(2.0), values, np.array([True, False]), VALENCE_AROUSAL.labels)
    assert "+0.50, +0.50" in html.of_video("v", {0: {VALENCE_AROUSAL: signal}}, {}, [])


def test_the_surest_moment_of_each_person_is_kept() -> None:
    peaks = Peaks()
    for time, happiness in ((0.0, 0.5), (1.0, 0.9), (2.0, 0.7)):
        peaks.see(faces(time, happiness))
    peaks.see(faces(3.0, 0.6, person=4))
    (peak,) = peaks.of(0)
    assert (peak.time, peak.expression) == (1.0, "happiness")
    assert peak.probability == pytest.approx(0.9)
    with Image.open(io.BytesIO(peak.jpeg)) as picture:
        assert np.asarray(picture).mean() == pytest.approx(180, abs=3)
    assert [p.time for p in peaks.of(4)] == [3.0]
    assert peaks.of(9) == []


def test_unsure_moments_are_no_moments() -> None:
    peaks = Peaks()
    peaks.see(faces(0.0, 0.2))
    assert peaks.of(0) == []


def test_drawing_marks_the_box_and_leaves_the_frame_alone() -> None:
    seen = faces(0.0, 0.9, box=(80, 100, 120, 120), size=5)
    before = seen.frame.pixels.copy()
    drawn = draw(seen)
    assert np.array_equal(seen.frame.pixels, before)
    assert drawn.shape == before.shape
    changed = (drawn != before).any(2)
    assert changed[100, 80:200].all()
    assert changed[100:220, 200].all()
    assert not changed[110:210, 90:190].any()


@pytest.mark.parametrize("box", [(-50, -50, 30, 30), (70, 50, 90, 90), (0, 0, 0, 0), (np.nan,) * 4, (0, 0, 80, 60)])
def test_a_box_anywhere_can_be_drawn(box: tuple[float, ...]) -> None:
    assert draw(faces(0.0, 0.9, box=box)).shape == (60, 80, 3)


def test_a_caption_says_who_and_what() -> None:
    assert caption(next(iter(faces(0.0, 0.9, person=3)))) == ["person 3", "happiness 90 %"]
