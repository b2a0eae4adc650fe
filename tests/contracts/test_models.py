"""Every card that answers questions, with its own weights where they are here and with random ones where not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mien import store
from mien.card import Card
from mien.geometry import crop
from mien.heads import DEMOGRAPHICS, named
from mien.models import BATCH, Model
from mien.models.load import load
from mien.runtime.fake import Fake
from mien.types import Faces, Frame, Pixels

CARDS = {name: card for name, card in store.cards().items() if card.outputs}


@pytest.fixture(scope="module", params=CARDS.values(), ids=CARDS.keys())
def model(request: pytest.FixtureRequest, network: Callable[..., bytes]) -> Model:
    card: Card = request.param
    if store.find(card):
        return load(card, demographics=True, threads=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "read", lambda _: network(card))
        return load(card, demographics=True, threads=1)


def faces_of(sides: list[int]) -> Faces:
    """Faces of these sizes side by side in one noisy, coloured picture, the last one over its border."""
    rng = np.random.default_rng(len(sides))
    height, width = max(sides) + 20, sum(sides) + 20
    slope = np.linspace(0, 200, width)[None, :, None] * np.array([1, 0.5, 0.2])
    pixels = np.clip(slope + rng.normal(30, 20, (height, width, 3)), 0, 255).astype(np.uint8)
    left = np.cumsum([10, *sides[:-1]])
    boxes = np.array([[x, 10, s, s * 1.2] for x, s in zip(left, sides, strict=True)], np.float32)
    points = boxes[:, None, :2] + boxes[:, None, 2:] * np.array(
        [[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], np.float32
    )
    return Faces(Frame(pixels), boxes, points.astype(np.float32), np.ones(len(sides), np.float32))


def values(faces: Faces) -> dict[str, np.ndarray]:
    return {head.name: reading.values for head, reading in faces.readings.items()}


def test_no_faces_have_no_readings_of_the_right_width(model: Model) -> None:
    answered = model(Faces.none(faces_of([64]).frame))
    assert set(answered.readings) == model.heads
    for head, reading in answered.readings.items():
        assert reading.values.shape == (0, len(head.labels))


def test_faces_of_every_size_are_answered_with_finite_numbers(model: Model) -> None:
    answered = model(faces_of([64, 112, 256, 896]))
    assert answered.readings
    for head, reading in answered.readings.items():
        assert reading.values.shape == (4, len(head.labels))
        assert np.isfinite(reading.values).all()
        if head.is_class:
            np.testing.assert_allclose(reading.values.sum(1), 1, atol=1e-5)


def test_the_order_of_faces_is_kept(model: Model) -> None:
    faces = faces_of([64, 90, 130])
    straight, turned = values(model(faces)), values(model(faces.pick(np.array([2, 0, 1]))))
    for name, value in straight.items():
        np.testing.assert_allclose(turned[name], value[[2, 0, 1]], atol=1e-4)


def test_a_batch_answers_as_one_by_one(model: Model) -> None:
    faces = faces_of([64, 90, 130])
    together = values(model(faces))
    for i in range(3):
        for name, value in values(model(faces.pick(np.array([i])))).items():
            np.testing.assert_allclose(value[0], together[name][i], atol=1e-3)


def test_more_faces_than_a_batch_holds_are_all_answered(model: Model) -> None:
    crops = many(model.card, BATCH + 3)
    for head, reading in model.answers(crops).items():
        assert len(reading) == BATCH + 3
        np.testing.assert_allclose(reading.values[-1], model.answers(crops[-1:])[head].values[0], atol=1e-3)


def many(card: Card, count: int) -> list[Pixels]:
    rng = np.random.default_rng(1)
    side = card.input.size
    return list(rng.integers(0, 255, (count, side, side, 3), dtype=np.uint8))


def test_one_face_gives_what_its_crop_gives(model: Model) -> None:
    faces = faces_of([150])
    patch = crop(faces.frame.pixels, faces.boxes[0], faces.points[0], model.card.input)
    answered = model(faces)
    for head, reading in model.answers([patch]).items():
        np.testing.assert_allclose(reading.values, answered[head].values, atol=1e-5)


def test_asking_changes_neither_the_faces_nor_the_pixels(model: Model) -> None:
    faces = faces_of([64, 90])
    before = faces.frame.pixels.copy()
    model(faces)
    assert not faces.readings
    np.testing.assert_array_equal(faces.frame.pixels, before)


def test_demographics_stay_out_unless_asked_for(model: Model) -> None:
    shy = replace(model, heads=model.heads - DEMOGRAPHICS)
    assert set(shy(faces_of([64])).readings) == model.heads - DEMOGRAPHICS


def test_the_fake_runtime_can_stand_in(model: Model) -> None:
    fake = replace(model, runtime=Fake.of(model.card))
    answered = fake(faces_of([64, 90]))
    assert {h.name for h in answered.readings} == {named(o.head).name for o in model.card.outputs}
