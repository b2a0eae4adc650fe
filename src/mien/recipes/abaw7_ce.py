"""ABAW-7, compound expressions: pairs of probabilities, then a box filter."""

from __future__ import annotations

from mien.recipes.plans import Member, Part, Plan, Row, Stage, box
from mien.temporal.smooth import Smooth
from mien.train.recipe import Recipe

GAUSSIAN = Smooth("gaussian", rows=50, seconds=None, spread=50**0.5 * 10**0.5)  # sigma 1000: exp(-d² / 1000)

RECIPE = Recipe(
    title="ABAW-7 compound expressions, macro-F1; the paper's figure is of the test set",
    data="cexpr",
    parts=(
        Part(
            "compound",
            (Member("mbf_va_mtl", Plan(kind="pretrained", reads="logits")),),
            (Stage("gaussian", GAUSSIAN), Stage("d=50", box(50))),
        ),
    ),
    rows=(
        Row("pairs of probabilities"),
        Row("+ Gaussian, sigma 1000", ("gaussian",)),
        Row("+ smoothing, d = 50", ("d=50",), 0.3146),
    ),
    claim=0.3146,
    source="arXiv 2407.13184 through a second-hand summary",
)
