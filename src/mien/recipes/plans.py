"""The heads that the papers use again and again, and their smoothing."""

from __future__ import annotations

from mien.temporal.bias import Bias
from mien.temporal.smooth import Smooth
from mien.temporal.threshold import Threshold
from mien.train.data import FPS
from mien.train.recipe import Member, Part, Plan, Row, Stage

VGAF, MTL, DDAMFN, AUDIO = "enet_b0_8_best_vgaf", "enet_b0_8_va_mtl", "ddamfn_mtl", "wav2vec2"

# Up to ABAW-8 the papers used Keras, whose L2 adds the whole square: of 1 / batch it is a weight decay of twice that.
EXPR = Plan("cross_entropy", "min", hidden=128, reads="embedding", batch=256, epochs=10)
VA = Plan("ccc", reads="logits", batch=1024, epochs=20, decay=2 / 1024)
AU = Plan("binary", hidden=128, reads="embedding", batch=512, epochs=5)

MTL_EXPR = Plan("cross_entropy", "min", rate=1e-4, epochs=10, decay=1 / 512)  # of ABAW-4, 7 and 11: one layer
MTL_VA = Plan("ccc", reads="logits", epochs=20, decay=1 / 512)
MTL_AU = Plan("binary", hidden=128, epochs=10, decay=1 / 512)


def box(half: int) -> Smooth:
    """The mean of this many rows to each side."""
    return Smooth("box", rows=half, seconds=None)


def sparse(half: int, sigma: float = 1e5) -> Smooth:
    """ABAW-7's Gaussian on annotated rows: exp(-(frames apart)² / sigma), `half` rows to each side."""
    return Smooth("gaussian", rows=half, seconds=1e6, spread=(sigma / 2) ** 0.5 / FPS)


__all__ = [
    "AU",
    "AUDIO",
    "DDAMFN",
    "EXPR",
    "MTL",
    "MTL_AU",
    "MTL_EXPR",
    "MTL_VA",
    "VA",
    "VGAF",
    "Bias",
    "Member",
    "Part",
    "Plan",
    "Row",
    "Stage",
    "Threshold",
    "box",
    "sparse",
]
