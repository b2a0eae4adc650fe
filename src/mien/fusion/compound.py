"""Compound expressions out of basic ones: each is the mean of its two members' probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from mien.errors import InputError
from mien.labels import COMPOUND
from mien.types import Floats, Signal

PAIRS = {
    "fearfully surprised": ("fear", "surprise"),
    "happily surprised": ("happiness", "surprise"),
    "sadly surprised": ("sadness", "surprise"),
    "disgustedly surprised": ("disgust", "surprise"),
    "angrily surprised": ("anger", "surprise"),
    "sadly fearful": ("sadness", "fear"),
    "sadly angry": ("sadness", "anger"),
}
SIZES = (14_445, 24_915, 10_780, 10_637, 10_535, 10_112, 8_878)  # published frames of each class of C-EXPR-DB
Mean = Literal["arithmetic", "geometric", "harmonic"]


def compound(basic: Signal, mean: Mean = "arithmetic") -> Signal:
    """Probabilities of basic expressions, whatever their order, → scores of the seven compound ones."""
    first, second = (np.stack([basic[pair[i]] for pair in PAIRS.values()], 1) for i in (0, 1))
    means = {
        "arithmetic": (first + second) / 2,
        "geometric": np.sqrt(np.maximum(first * second, 0)),
        "harmonic": 2 * first * second / np.maximum(first + second, 1e-12),
    }
    if mean not in means:
        raise InputError(f"a pair's mean is {', '.join(means)}, got {mean!r}")
    return Signal(basic.times, means[mean].astype(np.float32), basic.seen, COMPOUND)


def divergence(answers: Floats, sizes: Sequence[float] = SIZES) -> float:
    """Kullback-Leibler divergence of the answered classes' shares from known sizes: a choice of models without labels.

    A class that is never answered counts as answered half a time.
    """
    answered = np.maximum(np.bincount(answers.argmax(1), minlength=len(sizes)), 0.5)
    p, q = answered / answered.sum(), np.array(sizes) / np.sum(sizes)
    return float(np.sum(p * np.log(p / q)))
