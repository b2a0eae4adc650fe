"""Whether a face looks female or male, as probabilities; read only when demographics are asked for."""

from __future__ import annotations

from mien.labels import GENDERS
from mien.link import softmax
from mien.loss import cross_entropy as loss
from mien.metrics import accuracy
from mien.types import Floats, Head

HEAD = Head("gender", GENDERS, softmax, len(GENDERS), is_class=True)


def metric(values: Floats, target: Floats) -> float:
    """Accuracy of the top answer."""
    return accuracy(target.argmax(1), values.argmax(1))


__all__ = ["HEAD", "loss", "metric"]
