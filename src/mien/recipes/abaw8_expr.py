"""ABAW-8, expressions: smoothed faces and sound, and the pre-trained network's class where it is sure."""

from __future__ import annotations

from mien.fusion.blend import Blend
from mien.recipes.plans import AUDIO, EXPR, VGAF, Member, Part, Row, Stage, box
from mien.temporal.gate import Gate
from mien.train.recipe import Recipe

RECIPE = Recipe(
    title="ABAW-8 expressions, macro-F1; the gate stands before the blend",
    data="affwild2-expr",
    parts=(
        Part(
            "expression",
            (Member(VGAF, EXPR), Member(AUDIO, EXPR)),
            (
                Stage("smoothing", box(50)),
                Stage("gate", Gate(), only=VGAF, other=(box(50),)),
                Stage("blend", Blend()),
            ),
        ),
    ),
    rows=(
        Row("plain", (), 0.3844),
        Row("+ smoothing", ("smoothing",), 0.4237),
        Row("+ gate", ("smoothing", "gate"), 0.4384),
        Row("+ blend with sound", ("smoothing", "gate", "blend"), 0.4491),
    ),
    claim=0.4491,
    source="arXiv 2503.10399 and its notebook",
)
