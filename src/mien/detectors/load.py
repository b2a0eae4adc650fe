"""The shipped detector, its network and the judge's verified and ready to look."""

from __future__ import annotations

from mien import store
from mien.detectors.finder import Finder
from mien.detectors.judge import Judge
from mien.runtime.onnx import Onnx

FINDER, JUDGE = "finder", "judge"


def load(*, device: str = "cpu", threads: int | None = None, smallest: float = 0.0) -> Finder:
    """The detector that ships; `smallest` asks for faces down to so many pixels."""
    card, judge = store.card(FINDER), store.card(JUDGE)
    first, second = (Onnx(store.read(c), c, device=device, threads=threads) for c in (card, judge))
    weighs = Judge(judge, second, judge.post["weight"])
    return Finder(card, first, card.post["threshold"], smallest, judge=weighs)
