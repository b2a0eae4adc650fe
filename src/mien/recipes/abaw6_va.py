"""ABAW-6, valence and arousal: two outputs on the ten logits of ddamfn_mtl, then a long mean."""

from __future__ import annotations

from dataclasses import replace

from mien.recipes.plans import DDAMFN, VA, Member, Part, Row, Stage, box
from mien.train.recipe import Recipe

RECIPE = Recipe(
    title="ABAW-6 valence and arousal, mean CCC",
    data="affwild2-va",
    parts=(Part("valence_arousal", (Member(DDAMFN, replace(VA, epochs=5)),), (Stage("smoothing", box(50)),)),),
    rows=(Row("plain", (), 0.5024), Row("+ smoothing, d = 50", ("smoothing",), 0.5676)),
    claim=0.5676,
    source="arXiv 2403.11590 and its notebook",
)
