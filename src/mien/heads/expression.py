"""Which of eight expressions a face shows, as probabilities."""

from __future__ import annotations

from mien.labels import EXPRESSIONS
from mien.link import softmax
from mien.loss import cross_entropy as loss
from mien.metrics import macro_f1
from mien.types import Floats, Head

HEAD = Head("expression", EXPRESSIONS, softmax, len(EXPRESSIONS), is_class=True)


def metric(values: Floats, target: Floats) -> float:
    """Macro-F1 over the eight; target holds probabilities or one-hot rows."""
    return macro_f1(target.argmax(1), values.argmax(1), len(EXPRESSIONS))


__all__ = ["HEAD", "loss", "metric"]
