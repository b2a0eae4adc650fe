"""The recognizer as EmotiEffLib's users call it, on the network that ships and on random ones of its own shapes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mien import api, store
from mien.compat.emotiefflib import EmotiEffLibRecognizer, get_model_list, get_supported_engines
from mien.errors import DeviceError, InputError
from mien.heads import EXPRESSION, VALENCE_AROUSAL
from mien.models import emotieffnet
from mien.models.load import load

ALPHABETICAL = ["Anger", "Contempt", "Disgust", "Fear", "Happiness", "Neutral", "Sadness", "Surprise"]
FACES = [np.random.default_rng(i).integers(0, 256, (60 + 9 * i, 50, 3)).astype(np.uint8) for i in range(3)]


@pytest.fixture(scope="module")
def recognizer() -> EmotiEffLibRecognizer:
    return EmotiEffLibRecognizer(threads=1)


def test_one_face_and_many_have_the_shapes_of_the_library(recognizer: EmotiEffLibRecognizer) -> None:
    emotions, scores = recognizer.predict_emotions(FACES[0])
    assert (len(emotions), scores.shape) == (1, (1, 10))
    emotions, scores = recognizer.predict_emotions(FACES, logits=False)
    assert scores.shape == (3, 10)
    assert recognizer.extract_features(FACES).shape == (3, 256)
    assert list(recognizer.idx_to_emotion_class.values()) == ALPHABETICAL
    assert emotions == [ALPHABETICAL[i] for i in scores[:, :8].argmax(1)]


def test_the_shipped_network_answers_as_it_does_elsewhere(recognizer: EmotiEffLibRecognizer, asked: list[bool]) -> None:
    faces = api.read(FACES)
    _, scores = recognizer.predict_emotions(FACES, logits=False)
    for i, name in enumerate(ALPHABETICAL):
        np.testing.assert_allclose(scores[:, i], faces[EXPRESSION][name.lower()], atol=2e-3)  # one step of its int8
    np.testing.assert_allclose(scores[:, 8:].clip(-1, 1), faces[VALENCE_AROUSAL].values, atol=2e-3)


def test_logits_are_the_logarithms_of_the_probabilities(recognizer: EmotiEffLibRecognizer) -> None:
    features = recognizer.extract_features(FACES)
    raw, shares = recognizer.classify_emotions(features)[1], recognizer.classify_emotions(features, logits=False)[1]
    exponents = np.exp(raw[:, :8])
    np.testing.assert_allclose(exponents / exponents.sum(1, keepdims=True), shares[:, :8], rtol=1e-5)
    np.testing.assert_array_equal(raw[:, 8:], shares[:, 8:])


@pytest.mark.parametrize("old", [c.aliases[0] for c in emotieffnet.CARDS])
def test_an_old_name_gives_that_networks_features_and_logits(
    old: str, network: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "read", lambda card: network(replace(card, embedding="")))
    mine, model = EmotiEffLibRecognizer("onnx", old, threads=1), load(old, threads=1)
    faces = [np.full((model.card.input.size,) * 2 + (3,), 40 * i, np.uint8) for i in range(2)]
    answers = model.answers(faces)
    (features,) = (r.values for h, r in answers.items() if h.name.startswith("embedding"))
    np.testing.assert_allclose(mine.extract_features(faces), features, rtol=1e-5)
    emotions, scores = mine.predict_emotions(faces, logits=False)
    classes = 7 if "_7" in old else 8
    assert mine.is_mtl == ("_mtl" in old)
    assert scores.shape == (2, classes + 2 * mine.is_mtl)
    assert [e.lower() for e in emotions] == answers[EXPRESSION].top()
    np.testing.assert_allclose(
        scores[:, 0], answers[EXPRESSION]["anger"], rtol=1e-4, atol=1e-6
    )  # anger leads in both orders


def test_more_faces_than_a_batch_come_back_in_order(recognizer: EmotiEffLibRecognizer) -> None:
    many = [np.full((64, 64, 3), i, np.uint8) for i in range(70)]
    np.testing.assert_allclose(
        recognizer.extract_features(many)[68:], recognizer.extract_features(many[68:]), rtol=1e-4, atol=1e-5
    )


def test_the_lists_name_what_works() -> None:
    assert get_supported_engines() == ["onnx"]
    assert get_model_list() == [api.NETWORK, *(c.aliases[0] for c in emotieffnet.CARDS)]


@pytest.mark.parametrize(
    ("asked", "kind", "said"),
    [
        ({"engine": "torch"}, InputError, "no engine 'torch' here"),
        ({"device": "tpu"}, DeviceError, "known: cpu, cuda"),
        ({"device": "cuda"}, DeviceError, "cannot use 'cuda'"),
        ({"model_name": "enet_b0_8_best_vgag"}, InputError, "did you mean 'enet_b0_8_best_vgaf'"),
    ],
)
def test_what_is_not_here_is_said(asked: dict, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        EmotiEffLibRecognizer(**asked)


def test_no_faces_at_all_are_refused(recognizer: EmotiEffLibRecognizer) -> None:
    with pytest.raises(InputError, match="empty list"):
        recognizer.extract_features([])


def test_features_of_another_network_are_refused(recognizer: EmotiEffLibRecognizer) -> None:
    with pytest.raises(InputError, match=r"features must be \(n, 256\), got \(2, 1280\)"):
        recognizer.classify_emotions(np.zeros((2, 1280), np.float32))


@pytest.mark.parametrize("wrong", ["face.jpg", b"bytes", None, 3, Image.new("RGB", (9, 9))])
def test_what_is_neither_a_face_nor_a_list_is_refused(wrong: object, recognizer: EmotiEffLibRecognizer) -> None:
    with pytest.raises(InputError, match="an RGB array or a list of them"):
        recognizer.predict_emotions(wrong)  # type: ignore[arg-type]


def test_features_kept_as_lists_are_classified(recognizer: EmotiEffLibRecognizer) -> None:
    features = recognizer.extract_features(FACES)
    assert recognizer.classify_emotions(features.tolist())[0] == recognizer.classify_emotions(features)[0]  # type: ignore
