"""ABAW-3, action units: a small network on vgaf embeddings, a threshold for each unit, a short median."""

from __future__ import annotations

from dataclasses import replace

from mien.recipes.plans import AU, VGAF, Member, Part, Row, Stage, Threshold
from mien.temporal.smooth import Smooth
from mien.train.recipe import Recipe

RECIPE = Recipe(
    title="ABAW-3 action units, mean F1 of twelve",
    data="affwild2-au",
    parts=(
        Part(
            "action_units",
            (Member(VGAF, replace(AU, epochs=20)),),
            (Stage("median", Smooth("median", rows=7, seconds=None)), Stage("thresholds", Threshold())),
        ),
    ),
    rows=(
        Row("plain", (), 0.5076),
        Row("+ thresholds", ("thresholds",), 0.5367),
        Row("+ median, d = 7", ("median", "thresholds"), 0.5478),
    ),
    claim=0.5478,
    source="arXiv 2203.13436 and its notebook",
)
