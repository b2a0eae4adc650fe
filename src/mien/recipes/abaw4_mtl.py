"""ABAW-4, multi-task: three heads one after another, each on the rows that know its answer; unit thresholds."""

from __future__ import annotations

from mien.recipes.plans import MTL, MTL_AU, MTL_EXPR, MTL_VA, Member, Part, Row, Stage, Threshold
from mien.train.recipe import Recipe

RECIPE = Recipe(
    title="ABAW-4 multi-task, P_MTL",
    data="mtl",
    parts=(
        Part("expression", (Member(MTL, MTL_EXPR),)),
        Part("valence_arousal", (Member(MTL, MTL_VA),)),
        Part("action_units", (Member(MTL, MTL_AU),), (Stage("thresholds", Threshold()),)),
    ),
    rows=(Row("plain", (), 1.2765), Row("+ thresholds", ("thresholds",), 1.304)),
    claim=1.304,
    source="arXiv 2207.09508 and its notebook",
    baseline=0.30,
)
