"""ABAW-6, expressions: faces and sound, each smoothed, then blended."""

from __future__ import annotations

from mien.fusion.blend import Blend
from mien.recipes.plans import AUDIO, EXPR, VGAF, Member, Part, Row, Stage, box
from mien.train.recipe import Recipe

RECIPE = Recipe(
    title="ABAW-6 expressions, macro-F1, with wav2vec2",
    data="affwild2-expr",
    parts=(
        Part(
            "expression",
            (Member(VGAF, EXPR), Member(AUDIO, EXPR)),
            (Stage("smoothing", box(50)), Stage("blend", Blend())),
        ),
    ),
    rows=(
        Row("plain", (), 0.3844),
        Row("blend, not smoothed", ("blend",), 0.4033),
        Row("+ smoothing", ("smoothing",), 0.4237),
        Row("+ smoothing + blend", ("smoothing", "blend"), 0.4343),
    ),
    claim=0.4343,
    source="arXiv 2403.11590 and its notebook",
)
