"""ABAW-5, valence and arousal: two networks' logits, smoothed and blended."""

from __future__ import annotations

from mien.fusion.blend import Blend
from mien.recipes.plans import DDAMFN, VA, VGAF, Member, Part, Row, Stage, box
from mien.train.recipe import Recipe

RECIPE = Recipe(
    title="ABAW-5 valence and arousal, mean CCC; ddamfn_mtl stands in for va_mtl",
    data="affwild2-va",
    parts=(
        Part(
            "valence_arousal",
            (Member(DDAMFN, VA), Member(VGAF, VA)),
            (Stage("smoothing", box(50)), Stage("blend", Blend())),
        ),
    ),
    rows=(
        Row("plain", (), 0.4833),
        Row("blend", ("blend",), 0.4899),
        Row("+ smoothing", ("smoothing",), 0.5469),
        Row("+ smoothing + blend", ("smoothing", "blend"), 0.5502),
    ),
    claim=0.5502,
    source="arXiv 2303.09162 and its notebook",
)
