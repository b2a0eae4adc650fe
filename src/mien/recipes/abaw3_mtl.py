"""ABAW-3, multi-task: three linear heads on one input, learned together on masked losses."""

from __future__ import annotations

from mien.recipes.plans import MTL, Member, Part, Plan, Row, Stage, Threshold
from mien.train.recipe import Recipe

RECIPE = Recipe(
    title="ABAW-3 multi-task, P_MTL; on the features of the multi-task twin instead of b2_8's",
    data="mtl",
    parts=(
        Part("expression", (Member(MTL, Plan("cross_entropy", "min", batch=256, epochs=20, decay=2 / 256)),)),
        Part("valence_arousal", (Member(MTL, Plan("ccc", batch=256, epochs=20, decay=2 / 256)),)),
        Part(
            "action_units",
            (Member(MTL, Plan("binary", batch=256, epochs=20, decay=2 / 256)),),
            (Stage("thresholds", Threshold()),),
        ),
    ),
    rows=(Row("plain", (), 1.1480), Row("+ thresholds", ("thresholds",), 1.1817)),
    claim=1.1480,
    source="arXiv 2203.13436 and its notebook",
    joint=True,
)
