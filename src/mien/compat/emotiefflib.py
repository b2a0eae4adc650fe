"""EmotiEffLib's recognizer: the same calls, shapes and class names, without its downloads.

>>> from mien.compat.emotiefflib import EmotiEffLibRecognizer
>>> recognizer = EmotiEffLibRecognizer()
>>> emotions, scores = recognizer.predict_emotions(face, logits=False)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from mien import store
from mien.api import NETWORK
from mien.card import Output
from mien.errors import DeviceError, InputError, unknown
from mien.geometry import normalise, shrink
from mien.heads import EXPRESSION, VALENCE_AROUSAL
from mien.io import photo
from mien.labels import AFFECTNET8
from mien.link import softmax
from mien.models import BATCH
from mien.runtime.graph import classifier_input, tail, with_output
from mien.runtime.onnx import Onnx
from mien.types import Floats, Pixels, expect

ENGINES, DEVICES = ("onnx",), ("cpu", "cuda")


def get_supported_engines() -> list[str]:
    """The engines there are: onnx alone."""
    return list(ENGINES)


def get_model_list() -> list[str]:
    """The networks that this class can use: the one that ships first, then EmotiEffLib's by their names there."""
    others = (alias for card in store.cards().values() if card.embedding for alias in card.aliases)
    return [NETWORK, *others]


class EmotiEffLibRecognizer:
    """Expressions of faces that are cut out already; RGB arrays (H, W, 3) of any size.

    `model_name` is the network that ships, or one of EmotiEffLib's (`enet_b0_8_best_vgaf`, …), which is fetched once.
    """

    def __init__(
        self, engine: str = "onnx", model_name: str = NETWORK, device: str = "cpu", *, threads: int | None = None
    ) -> None:
        if engine not in ENGINES:
            raise InputError(f"no engine {engine!r} here; the networks run as ONNX: leave engine out or pass 'onnx'")
        if device not in DEVICES:
            raise DeviceError(f"no device {device!r}; known: {', '.join(DEVICES)}")
        card = store.card(model_name)
        asked = {o.head: o for o in card.outputs if o.head in (EXPRESSION.name, VALENCE_AROUSAL.name)}
        if EXPRESSION.name not in asked:
            raise unknown("network that tells expressions", model_name, get_model_list())
        content = store.read(card)
        self._input = card.input
        self._expression, self._affect = asked[EXPRESSION.name], asked.get(VALENCE_AROUSAL.name)
        self._names = self._expression.labels or EXPRESSION.labels.names
        order = AFFECTNET8.names if set(self._names) == set(AFFECTNET8.names) else sorted(self._names)
        self._order = [self._names.index(name) for name in order]
        self.is_mtl = self._affect is not None
        self.idx_to_emotion_class = {i: name.capitalize() for i, name in enumerate(order)}
        self._features = classifier_input(content, self._expression.tensor)
        end = tail(content, self._features, list({o.tensor for o in asked.values()}))
        self._network = Onnx(with_output(content, self._features), device=device, threads=threads)
        self._classifier = Onnx(end, device=device, threads=1)
        self._width = self._network.widths(card.input)[self._features]

    def extract_features(self, face_img: Pixels | Sequence[Pixels]) -> Floats:
        """The network's features (n, d) of one face or of a list of faces."""
        if not isinstance(face_img, np.ndarray) and (
            isinstance(face_img, str | bytes) or not isinstance(face_img, Iterable)
        ):
            raise InputError(f"a face must be an RGB array or a list of them, got {type(face_img).__name__}")
        faces = [face_img] if isinstance(face_img, np.ndarray) else list(face_img)
        if not faces:
            raise InputError("extract_features wants a face or a list of faces, got an empty list")
        batches = (faces[i : i + BATCH] for i in range(0, len(faces), BATCH))
        return np.concatenate([self._network.run(self._batch(part))[self._features] for part in batches])

    def classify_emotions(self, features: Floats, logits: bool = True) -> tuple[list[str], Floats]:
        """Class names and scores (n, classes), from features; valence and arousal follow where the network has them.

        Scores are raw with `logits=True`, else the classes' probabilities.
        """
        features = np.asarray(features, np.float32)
        expect("features", features, (None, self._width))
        raw = self._classifier.run(features)
        classes = _columns(raw[self._expression.tensor], self._expression)[:, self._order]
        affect = [] if self._affect is None else [_columns(raw[self._affect.tensor], self._affect)]
        scores = np.hstack([classes if logits else softmax(classes), *affect]).astype(np.float32)
        return [self.idx_to_emotion_class[i] for i in classes.argmax(1).tolist()], scores

    def predict_emotions(self, face_img: Pixels | Sequence[Pixels], logits: bool = True) -> tuple[list[str], Floats]:
        """Class names and scores, from faces."""
        return self.classify_emotions(self.extract_features(face_img), logits)

    def _batch(self, faces: Sequence[Pixels]) -> Floats:
        side = (self._input.size, self._input.size)
        return normalise([shrink(photo.read(f).pixels, side, self._input.resize) for f in faces], self._input)


def _columns(raw: Floats, output: Output) -> Floats:
    return np.asarray(raw[:, output.start : output.stop] / output.temperature, np.float32)
