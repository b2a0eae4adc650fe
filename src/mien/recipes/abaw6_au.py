"""ABAW-6, action units: thresholds for each unit and a mean of seven frames."""

from __future__ import annotations

from mien.recipes.plans import AU, VGAF, Member, Part, Row, Stage, Threshold, box
from mien.train.recipe import Recipe

RECIPE = Recipe(
    title="ABAW-6 action units, mean F1",
    data="affwild2-au",
    parts=(
        Part(
            "action_units",
            (Member(VGAF, AU),),
            (Stage("d=3", box(3)), Stage("d=50", box(50)), Stage("thresholds", Threshold())),
        ),
    ),
    rows=(
        Row("plain", (), 0.5076),
        Row("+ thresholds", ("thresholds",), 0.5367),
        Row("+ smoothing, d = 50", ("d=50", "thresholds"), 0.5012),
        Row("+ smoothing, d = 3", ("d=3", "thresholds"), 0.5457),
    ),
    claim=0.5457,
    source="arXiv 2403.11590 and its notebook",
)
