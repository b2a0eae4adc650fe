"""A perceiver whose detector is scripted and whose network is the one that ships."""

from __future__ import annotations

import numpy as np
import pytest

from mien import api
from mien.compat import deepface
from mien.models.load import load
from mien.perceive import Perceiver
from mien.types import Faces, Frame


def two_faces(frame: Frame) -> Faces:
    """Two fixed faces, or nobody in a black picture."""
    if not frame.pixels.any():
        return Faces.none(frame)
    boxes = np.array([[10, 20, 60, 70], [90, 30, 50, 60]], np.float32)
    places = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], np.float32)
    return Faces(frame, boxes, boxes[:, None, :2] + boxes[:, None, 2:] * places, np.array([0.9, 0.8], np.float32))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether demographics were asked for, call by call."""
    seen: list[bool] = []

    def perceiver(*, demographics: bool = False, **_: object) -> Perceiver:
        seen.append(demographics)
        return Perceiver(two_faces, (load(api.NETWORK, demographics=demographics, threads=1),))

    monkeypatch.setattr(api, "perceiver", perceiver)
    monkeypatch.setattr(deepface, "perceiver", perceiver)
    return seen


@pytest.fixture(scope="session")
def picture() -> np.ndarray:
    """A noisy, coloured picture."""
    return np.random.default_rng(3).integers(0, 256, (120, 160, 3)).astype(np.uint8)
