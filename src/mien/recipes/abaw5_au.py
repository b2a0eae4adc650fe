"""ABAW-5, action units: a small network blended with gradient boosting on the logits, thresholds, a short mean."""

from __future__ import annotations

from mien.fusion.blend import Blend
from mien.recipes.plans import AU, DDAMFN, VGAF, Member, Part, Plan, Row, Stage, Threshold, box
from mien.train.recipe import Recipe

BOOSTED = Plan("binary", kind="boosting", reads="logits", epochs=50)  # stands in for LightAutoML

RECIPE = Recipe(
    title="ABAW-5 action units, mean F1; scikit-learn's boosting stands in for LightAutoML",
    data="affwild2-au",
    parts=(
        Part(
            "action_units",
            (Member(VGAF, AU), Member(DDAMFN, BOOSTED)),
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
