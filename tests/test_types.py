"""The currency types: what they refuse, and that nothing changes in place."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from mien.errors import InputError
from mien.heads import EXPRESSION, QUALITY, VALENCE_AROUSAL, embedding, named
from mien.labels import AFFECTNET7, AFFECTNET8, AFFWILD2, EXPRESSIONS, LSD
from mien.link import same
from mien.types import Face, Faces, Frame, Head, Labels, Reading, Signal

FRAME = Frame(np.zeros((40, 60, 3), np.uint8), 1.5, 45, "clip.mp4")


def faces(n: int = 3) -> Faces:
    rng = np.random.default_rng(n)
    boxes, points = rng.random((n, 4)).astype(np.float32), rng.random((n, 5, 2)).astype(np.float32)
    return Faces(FRAME, boxes, points, np.linspace(0.9, 0.5, n, dtype=np.float32), track=np.arange(n) + 7)


def expression(n: int = 3) -> Reading:
    return Reading(np.eye(8, dtype=np.float32)[:n], EXPRESSIONS)


@pytest.mark.parametrize("shape", [(40, 60), (40, 60, 4), (1, 40, 60, 3)])
def test_pixels_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"pixels must be \(n, n, 3\), got"):
        Frame(np.zeros(shape, np.uint8))


def test_pixels_of_another_type_are_refused() -> None:
    with pytest.raises(InputError, match=r"must be uint8 .* got float64"):
        Frame(np.zeros((4, 4, 3)))  # type: ignore[arg-type]


def test_the_size_of_a_frame_is_width_and_height() -> None:
    assert FRAME.size == (60, 40)


def test_labels_refuse_a_repeated_name_and_name_the_nearest_to_a_typo() -> None:
    with pytest.raises(InputError, match="repeat"):
        Labels("twice", ("a", "a"))
    with pytest.raises(InputError, match=r"no label of expressions named 'hapiness'; did you mean 'happiness'\?"):
        EXPRESSIONS.index("hapiness")


def test_labels_in_another_order_are_other_labels() -> None:
    assert Labels("x", ("a", "b")) != Labels("x", ("b", "a"))
    assert list(AFFWILD2) != list(EXPRESSIONS)
    assert len(AFFECTNET8) == 8


def test_a_reading_refuses_columns_without_labels() -> None:
    for shape in ((3, 7), (9,), (), (2, 2, 8)):
        with pytest.raises(InputError, match="a reading of expressions must be"):
            Reading(np.zeros(shape, np.float32), EXPRESSIONS)


def test_a_reading_gives_columns_by_name_and_tops_as_names() -> None:
    reading = expression()
    assert reading["happiness"].tolist() == [0, 1, 0]
    assert reading.top() == ["neutral", "happiness", "sadness"]
    assert reading.row(1).top() == "happiness"
    assert (len(reading), len(reading.row(0))) == (3, 1)


@pytest.mark.parametrize("labels", [AFFECTNET8, AFFECTNET7, AFFWILD2, LSD])
def test_going_to_other_labels_and_back_keeps_what_both_know(labels: Labels) -> None:
    values = np.random.default_rng(0).random((4, 8)).astype(np.float32)
    there = Reading(values, EXPRESSIONS).to(labels)
    assert there.labels == labels
    back = there.to(EXPRESSIONS)
    for name in EXPRESSIONS:
        wanted = Reading(values, EXPRESSIONS)[name] if name in labels.names else np.zeros(4)
        np.testing.assert_array_equal(back[name], wanted)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"boxes": np.zeros((3, 5))}, "boxes"),
        ({"points": np.zeros((2, 5, 2))}, "points"),
        ({"scores": np.zeros((3, 1))}, "scores"),
        ({"track": np.zeros(2)}, "track"),
        ({"readings": {EXPRESSION: expression(2)}}, "expression"),
        ({"readings": {VALENCE_AROUSAL: expression(3)}}, "valence_arousal"),
    ],
)
def test_columns_of_other_lengths_are_refused_by_name(change: dict[str, object], said: str) -> None:
    parts = {"boxes": faces().boxes, "points": faces().points, "scores": faces().scores, **change}
    with pytest.raises(InputError, match=f"{said} must be"):
        Faces(FRAME, **parts)  # type: ignore[arg-type]


def test_no_face_is_no_error_and_carries_readings_too() -> None:
    none = Faces.none(FRAME)
    assert len(none) == 0 and list(none) == []
    assert none.with_reading(EXPRESSION, expression(0))[EXPRESSION].top() == []


def test_a_new_reading_leaves_the_old_faces_as_they_were() -> None:
    before = faces()
    after = before.with_reading(EXPRESSION, expression())
    assert not before.readings
    assert after[EXPRESSION].top() == ["neutral", "happiness", "sadness"]
    with pytest.raises(TypeError):
        after.readings[EXPRESSION] = expression()  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        after.scores = before.scores  # type: ignore[misc]


def test_an_unanswered_question_says_which_were_answered() -> None:
    with pytest.raises(InputError, match="no answer to valence_arousal; answered: expression"):
        faces().with_reading(EXPRESSION, expression())[VALENCE_AROUSAL]
    with pytest.raises(InputError, match="answered: none"):
        faces()[EXPRESSION]


@pytest.mark.parametrize("chosen", [np.array([2, 0]), np.array([False, True, True])])
def test_picking_takes_every_column_alike(chosen: np.ndarray) -> None:
    whole = faces().with_reading(EXPRESSION, expression())
    part = whole.pick(chosen)
    for name in ("boxes", "points", "scores", "track"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[chosen])
    np.testing.assert_array_equal(part[EXPRESSION].values, whole[EXPRESSION].values[chosen])
    assert part.frame is whole.frame


def test_a_face_is_a_view_of_its_row() -> None:
    whole = faces().with_reading(EXPRESSION, expression())
    one = list(whole)[1]
    assert isinstance(one, Face)
    assert one.box == pytest.approx(whole.boxes[1])
    assert one.score == pytest.approx(0.7)
    assert one.person == 8
    assert one[EXPRESSION].top() == "happiness"
    np.testing.assert_array_equal(one.points, whole.points[1])


def test_in_a_photo_nobody_has_a_number() -> None:
    assert next(iter(faces(1).pick(np.array([0])))).person == 7
    alone = Faces(FRAME, faces(1).boxes, faces(1).points, faces(1).scores)
    assert next(iter(alone)).person is None


def test_a_signal_refuses_times_that_fall_and_other_lengths() -> None:
    seen = np.ones(2, bool)
    values = np.zeros((2, 8), np.float32)
    with pytest.raises(InputError, match="must not fall"):
        Signal(np.array([1.0, 0.5]), values, seen, EXPRESSIONS)
    with pytest.raises(InputError, match=r"values must be \(2, 8\)"):
        Signal(np.array([0.0, 0.5]), values[:1], seen, EXPRESSIONS)
    signal = Signal(np.array([0.0, 0.5]), values, seen, EXPRESSIONS)
    assert len(signal) == 2 and signal["fear"].tolist() == [0, 0]


def test_an_embeddings_head_is_one_object_per_width() -> None:
    assert embedding(128) is embedding(128) is named("embedding128")
    assert embedding(128) is not embedding(64)


def test_an_unknown_head_names_the_nearest() -> None:
    with pytest.raises(InputError, match=r"no head named 'expresion'; did you mean 'expression'\?"):
        named("expresion")


def test_raw_outputs_of_another_width_are_refused() -> None:
    with pytest.raises(InputError, match=r"raw expression must be \(n, 8\), got \(2, 7\)"):
        EXPRESSION.read(np.zeros((2, 7), np.float32))


def test_a_key_that_is_no_head_or_label_says_what_is_wanted() -> None:
    whole = faces().with_reading(EXPRESSION, expression())
    for key in (0, "expression", slice(0, 1)):
        with pytest.raises(InputError, match=r"asked by a head, such as faces\[mien.EXPRESSION\], got"):
            whole[key]  # type: ignore[index]
    with pytest.raises(InputError, match="no label of expressions named 0; known: anger"):
        whole[EXPRESSION][0]  # type: ignore[index]


@pytest.mark.parametrize("sent", [lambda f: pickle.loads(pickle.dumps(f)), copy.deepcopy])
def test_faces_and_heads_come_from_another_process_as_they_went(sent: Callable) -> None:
    heads = (EXPRESSION, QUALITY, embedding(3))
    assert sent(heads) == heads  # the same keys
    there = sent(faces().with_reading(EXPRESSION, expression()))
    assert there[EXPRESSION].top() == ["neutral", "happiness", "sadness"]
    np.testing.assert_array_equal(there.track, faces().track)
    own = sent(Head("mine", EXPRESSIONS, same, 8))
    assert (own.name, own.link) == ("mine", same)
