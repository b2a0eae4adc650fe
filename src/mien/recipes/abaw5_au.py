"""ABAW-5, action units: a small network blended with LightAutoML on the logits, thresholds, a short mean."""

from __future__ import annotations

from mien.fusion.blend import Blend
from mien.recipes.plans import AU, VGAF, Member, Part, Plan, Row, Stage, Threshold, box
from mien.train.recipe import Recipe

SEARCHED = Plan("binary", kind="automl", reads="logits", epochs=50)  # epochs: of the boosting where it is missing

RECIPE = Recipe(
    title="ABAW-5 action units, mean F1; with LightAutoML, or boosting where it is not installed",
    data="affwild2-au",
    parts=(
        Part(
            "action_units",
            (Member(VGAF, AU), Member(VGAF, SEARCHED, "searched")),
            (Stage("smoothing", box(5)), Stage("blend", Blend()), Stage("thresholds", Threshold())),
        ),
    ),
    rows=(
        Row("plain", (), 0.5076),
        Row("+ thresholds", ("thresholds",), 0.5367),
        Row("+ smoothing", ("smoothing", "thresholds"), 0.5454),
        Row("+ blend", ("smoothing", "blend", "thresholds"), 0.5539),
    ),
    claim=0.5539,
    source="arXiv 2303.09162 and its notebook",
)
