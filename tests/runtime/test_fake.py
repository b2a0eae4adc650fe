"""The stand-in network answers out of the pixels, always alike."""

from __future__ import annotations

import numpy as np

from mien.card import Card, Input, Output
from mien.runtime.fake import Fake

CARD = Card(
    "net.test", "net.onnx", "none", Input(8),
    (Output("expression", "a", 0, 8), Output("valence_arousal", "a", 8, 10), Output("age", "b", 0, 21)),
)  # fmt: skip
BATCH = np.random.default_rng(0).standard_normal((4, 3, 8, 8)).astype(np.float32)


def test_the_outputs_have_the_widths_of_the_card() -> None:
    assert {k: v.shape for k, v in Fake.of(CARD).run(BATCH).items()} == {"a": (4, 10), "b": (4, 21)}


def test_an_answer_belongs_to_its_picture_alone() -> None:
    fake = Fake.of(CARD)
    whole = fake.run(BATCH)["a"]
    np.testing.assert_allclose(fake.run(BATCH[::-1])["a"], whole[::-1], atol=1e-5)
    np.testing.assert_allclose(fake.run(BATCH[2:3])["a"], whole[2:3], atol=1e-5)
    assert np.abs(whole[0] - whole[1]).max() > 0.01


def test_the_numbers_never_change() -> None:
    got = Fake({"a": 3}).run(np.ones((1, 3, 8, 8), np.float32))["a"]
    np.testing.assert_allclose(got, [[8.314169, -5.683595, 0.962808]], atol=1e-4)
