"""ABAW-6, compound expressions: the mean of the two members' probabilities, no training at all."""

from __future__ import annotations

from mien.recipes.plans import Member, Part, Plan, Row, Stage, box
from mien.train.recipe import Recipe

RECIPE = Recipe(
    title="ABAW-6 compound expressions, macro-F1; the set has no public truth, so only the twin can be scored",
    data="cexpr",
    parts=(
        Part("compound", (Member("mbf_va_mtl", Plan(kind="pretrained", reads="logits")),), (Stage("d=10", box(10)),)),
    ),
    rows=(Row("pairs of probabilities"), Row("+ smoothing, d = 10", ("d=10",))),
    claim=None,
    source="arXiv 2403.11590 and its notebook; its test result is not known",
)
