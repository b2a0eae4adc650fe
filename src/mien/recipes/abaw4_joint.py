"""ABAW-4, multi-task, the first model: heads that learn together, expressions and units reading valence and arousal.

The losses weigh what the numbers of known rows make of them. Batch, rate and epochs are those of the second model.
"""

from __future__ import annotations

from functools import partial

from mien.fusion.blend import Blend
from mien.recipes.plans import MTL, Member, Part, Plan, Row, Stage
from mien.train.recipe import LossName, Recipe, Weighing


def members(loss: LossName, weights: Weighing = "none", weight: float = 1.0) -> tuple[Member, ...]:
    """The same head on all there is, on the logits alone, on the embedding alone."""
    plan = partial(Plan, loss, weights, epochs=20, decay=1 / 512, weight=weight, chained=loss != "ccc")
    return (
        Member(MTL, plan()),
        Member(MTL, plan(reads="logits"), "logits alone"),
        Member(MTL, plan(reads="embedding"), "embedding alone"),
    )


INPUTS = (
    Stage("logits alone", Blend(((0.0,), (1.0,), (0.0,)))),
    Stage("embedding alone", Blend(((0.0,), (0.0,), (1.0,)))),
)

RECIPE = Recipe(
    title="ABAW-4 multi-task, P_MTL of heads that learn together",
    data="mtl",
    parts=(
        Part("valence_arousal", members("ccc"), INPUTS),
        Part("expression", members("cross_entropy", "balanced", 1.146), INPUTS),
        Part("action_units", members("binary", weight=1.006), INPUTS),
    ),
    rows=(
        Row("logits alone", ("logits alone",), 1.180),
        Row("embedding alone", ("embedding alone",), 1.190),
        Row("both", (), 1.2135),
    ),
    claim=1.2135,
    source="arXiv 2207.09508 and its notebook",
    joint=True,
    baseline=0.30,
)
