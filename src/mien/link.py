"""From raw network outputs to answers: the links that heads use."""

from __future__ import annotations

import numpy as np

from mien.types import Floats


def softmax(raw: Floats) -> Floats:
    """Probabilities that sum to one over the last axis."""
    shifted = np.exp(raw - raw.max(axis=-1, keepdims=True)) if raw.size else raw
    return shifted / shifted.sum(axis=-1, keepdims=True)


def sigmoid(raw: Floats) -> Floats:
    """A probability per column; no overflow at either end."""
    half = np.float32(0.5)
    return half + half * np.tanh(half * raw)


def logit(share: Floats) -> Floats:
    """The raw output that `sigmoid` makes this probability of; none and all are infinitely far."""
    with np.errstate(divide="ignore"):
        return np.log(share) - np.log1p(-share)


def clip(raw: Floats) -> Floats:
    """Values held within -1..1."""
    return np.clip(raw, -1.0, 1.0)


def unit(raw: Floats) -> Floats:
    """Rows of length one; a row of zeros stays zero."""
    return raw / np.maximum(np.linalg.norm(raw, axis=-1, keepdims=True), 1e-12)


def same(raw: Floats) -> Floats:
    """The raw outputs are the answers."""
    return raw
