from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import ImageColor

from mien.heads import ACTION_UNITS, EXPRESSION, VALENCE_AROUSAL
from mien.labels import EXPRESSIONS
from mien.report.chart import (
    AROUSAL,
    EXPRESSION_COLOURS,
    VALENCE,
    Area,
    Box,
    Dot,
    Drawing,
    Line,
    Text,
    pixels,
    plain,
    svg,
)
from mien.report.circumplex import circumplex
from mien.report.timeline import COLUMNS, LEFT, RIGHT, WIDTH, clock, columns, stacked, timeline
from mien.types import Head, Labels, Signal

HEADS = (EXPRESSION, VALENCE_AROUSAL, ACTION_UNITS)


def signals(n: int = 100, lost: slice = slice(0, 0), rate: float = 25) -> dict[Head, Signal]:
    draw = np.random.default_rng(0)
    out = {}
    for head in HEADS:
        values = draw.random((n, len(head.labels))).astype(np.float32)
        values = values / values.sum(1, keepdims=True) if head.is_class else values
        values[lost] = np.nan
        out[head] = Signal(np.arange(n) / rate, values, np.isfinite(values).all(1), head.labels)
    return out


def test_a_drawing_is_well_formed_svg_with_every_shape() -> None:
    shapes = (
        Line(((0, 0), (5, 5)), "#ff0000"),
        Area(((0, 0), (5, 0), (5, 5)), "#00ff00"),
        Box(1, 1, 2, 2, "#0000ff"),
        Dot(5, 5, 2, "#000000", ring=True),
        Text(1, 9, '<b>&"\x00', 9),
    )
    root = ET.fromstring(svg(Drawing(20, 10, shapes)))
    assert [e.tag.split("}")[1] for e in root] == ["polyline", "polygon", "rect", "circle", "text"]
    assert root[4].text == '<b>&"\\x00'


def test_pixels_show_what_svg_says() -> None:
    picture = pixels(Drawing(20, 10, (Box(5, 2, 10, 6, "#ff0000"), Dot(10, 5, 2, "#0000ff"))), scale=3)
    assert picture.shape == (30, 60, 3)
    assert picture[15, 30].tolist() == [0, 0, 255]
    assert picture[9, 18].tolist() == [255, 0, 0]
    assert picture[1, 1].tolist() == [255, 255, 255]


@pytest.mark.parametrize("words", ["at 9.41\u202fAM", "a\u00a0b", "写真\u3000一", "👩\u200d👧", "می\u200cخواهم"])
def test_spaces_and_joiners_of_any_script_stay(words: str) -> None:
    assert plain(words) == words
    assert plain(words + "\u202e\u2028") == words + "\\u202e\\u2028"  # what turns or breaks a line does not


@pytest.mark.parametrize("words", ["plain", "naïve 顔", "\udcff", "a\nb\x1b[2J"])
def test_plain_text_is_printable_and_encodable(words: str) -> None:
    assert plain(words).isprintable()
    plain(words).encode()


def test_a_timeline_has_a_panel_for_each_answer() -> None:
    words = [s.words for s in timeline(signals(), (0, 4), "person 3").shapes if isinstance(s, Text)]
    assert {"person 3", "valence", "arousal", *EXPRESSIONS, *ACTION_UNITS.labels} <= set(words)


def test_expressions_fill_their_panel_where_the_face_was_seen() -> None:
    drawing = timeline({EXPRESSION: signals(lost=slice(40, 60))[EXPRESSION]}, (0, 99 / 25))
    areas = [s for s in drawing.shapes if isinstance(s, Area)]
    assert len(areas) == 2 * len(EXPRESSIONS)  # one for each expression and unbroken stretch
    across = [x for a in areas for x, _ in a.points]
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
    assert min(abs(x - middle) for x in across) > 0.15 * (WIDTH - LEFT - RIGHT) / 2
    height = [y for _, y in areas[7].points] + [y for _, y in areas[0].points]
    assert max(height) - min(height) == pytest.approx(110, abs=0.01)


def test_every_frame_of_a_regular_video_has_its_column() -> None:
    signal = signals(150)[VALENCE_AROUSAL]
    times, values = columns(signal, (0, 149 / 25))
    np.testing.assert_allclose(values, signal.values, atol=1e-6)
    np.testing.assert_allclose(times, signal.times, atol=1e-5)


def test_a_long_signal_is_averaged_down_and_stays_small() -> None:
    signal = signals(200_000)[VALENCE_AROUSAL]
    _, values = columns(signal, (0, 8000))
    assert len(values) == COLUMNS
    np.testing.assert_allclose(values.mean(0), signal.values.mean(0), atol=0.01)
    assert len(svg(timeline(signals(50_000), (0, 2000)))) < 1_000_000


def test_a_person_seen_briefly_is_drawn_in_their_place() -> None:
    late = signals(25)[VALENCE_AROUSAL]
    signal = Signal(late.times + 9, late.values, late.seen, late.labels)
    lines = [
        s for s in timeline({VALENCE_AROUSAL: signal}, (0, 10)).shapes if isinstance(s, Line) and len(s.points) > 5
    ]
    assert len(lines) == 2
    assert min(x for x, _ in lines[0].points) > LEFT + 0.89 * (WIDTH - LEFT - RIGHT)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_short_and_unseen_signals_are_drawn(n: int) -> None:
    for drawing in (timeline(signals(n), (0, n / 25)), timeline(signals(n, slice(None)), (0, n / 25))):
        ET.fromstring(svg(drawing))
        pixels(drawing, 1)


def test_a_picture_stacks_the_persons_seen_longest() -> None:
    one, two = stacked({0: signals()}, (0, 4)), stacked({0: signals(), 1: signals(50), 2: signals()}, (0, 4), most=2)
    assert two.shape == (2 * one.shape[0], *one.shape[1:])
    assert stacked({}, (0, 0)).shape[1] == one.shape[1]


def test_the_circumplex_puts_pleasant_right_and_activated_up() -> None:
    dots = [s for s in circumplex(np.array([[1, 0], [0, 1], [np.nan, 0]], np.float32)).shapes if isinstance(s, Dot)]
    first, second = [d for d in dots if d.radius == 2.2]
    assert (first.x, first.y) == (270, 150)
    assert (second.x, second.y) == (150, 30)


def test_a_circumplex_of_nothing_is_empty_paper() -> None:
    ET.fromstring(svg(circumplex(np.zeros((0, 2), np.float32))))


def test_an_unknown_expression_set_can_be_drawn() -> None:
    labels = Labels("three", ("a", "b", "c"))
    head = Head("expression", labels, lambda raw: raw, 3, is_class=True)
    signal = Signal(np.arange(5.0), np.full((5, 3), 1 / 3, np.float32), np.ones(5, bool), labels)
    assert len(timeline({head: signal}, (0, 4)).shapes) > 0


@pytest.mark.parametrize(("seconds", "said"), [(7.5, "7.5 s"), (67, "1:07"), (7267, "2:01:07")])
def test_times_read_as_people_write_them(seconds: float, said: str) -> None:
    assert clock(seconds) == said


def test_a_person_seen_in_a_single_frame_is_drawn_as_wide_as_the_frame() -> None:
    drawing = timeline(signals(101, slice(1, None)), (0, 4))
    (*_, strip) = [s for s in drawing.shapes if isinstance(s, Box) and s.x == LEFT and s.height == 10]
    areas = [s for s in drawing.shapes if isinstance(s, Area)]
    lines = [s for s in drawing.shapes if isinstance(s, Line) and s.colour in (VALENCE, AROUSAL)]
    assert len(areas) == len(EXPRESSIONS) and len(lines) == 2
    for shape in (*areas, *lines):
        across = [x for x, _ in shape.points]
        assert (min(across), max(across)) == pytest.approx((LEFT, LEFT + strip.width))


def test_a_day_has_more_than_one_time_on_its_axis() -> None:
    words = [s.words for s in timeline({}, (0, 86_400)).shapes if isinstance(s, Text)]
    assert {"0 s", "4:00:00", "24:00:00"} <= set(words)


SIGHT = {  # Machado et al. 2009: what who lacks one kind of cone sees, on linear RGB
    "all": np.eye(3),
    "no red": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "no green": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "no blue": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


@pytest.mark.parametrize("sight", SIGHT)
def test_the_colours_of_expressions_are_apart_to_everybody(sight: str) -> None:
    linear = (np.array([ImageColor.getrgb(c) for c in EXPRESSION_COLOURS.values()]) / 255) ** 2.2
    seen = (linear @ np.transpose(SIGHT[sight])).clip(0, 1)
    xyz = seen @ np.array([[0.434, 0.213, 0.018], [0.376, 0.715, 0.109], [0.190, 0.072, 0.873]])  # white is 1, 1, 1
    x, y, z = np.cbrt(xyz.T)
    lab = np.stack([116 * y, 500 * (x - y), 200 * (y - z)], 1)
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=2) + 100 * np.eye(len(lab))
    assert apart.min() > 15  # two is what a trained eye tells side by side; the legend is some way off
