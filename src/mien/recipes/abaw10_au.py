"""ABAW-10, action units: one head on the embedding, one on the logits, blended, smoothed, with thresholds."""

from __future__ import annotations

from dataclasses import replace

from mien.fusion.blend import Blend
from mien.recipes.plans import AU, DDAMFN, VGAF, Member, Part, Row, Stage, Threshold, box
from mien.train.recipe import Recipe

RECIPE = Recipe(
    title="ABAW-10 action units, mean F1; the logits are another network's, the window is ours",
    data="affwild2-au",
    parts=(
        Part(
            "action_units",
            (Member(VGAF, AU), Member(DDAMFN, replace(AU, reads="logits"))),
            (Stage("smoothing", box(5)), Stage("blend", Blend()), Stage("thresholds", Threshold())),
        ),
    ),
    rows=(
        Row("plain"),
        Row("+ blend", ("blend",)),
        Row("+ smoothing", ("blend", "smoothing")),
        Row("+ thresholds", ("blend", "smoothing", "thresholds"), 0.547),
    ),
    claim=0.547,
    source="arXiv 2603.12693 through a second-hand note",
    baseline=0.39,
)
