"""ABAW-10, expressions: class biases, gate, sliding mean, sound."""

from __future__ import annotations

from mien.fusion.blend import Blend
from mien.recipes.plans import AUDIO, EXPR, VGAF, Bias, Member, Part, Row, Stage, box
from mien.temporal.gate import Gate
from mien.train.recipe import Recipe

RECIPE = Recipe(
    title="ABAW-10 expressions, macro-F1; window and gate level are ours, the paper's are not known",
    data="affwild2-expr",
    parts=(
        Part(
            "expression",
            (Member(VGAF, EXPR), Member(AUDIO, EXPR)),
            (
                Stage("bias", Bias()),
                Stage("gate", Gate(), only=VGAF),
                Stage("smoothing", box(50)),
                Stage("blend", Blend()),
            ),
        ),
    ),
    rows=(
        Row("plain", (), 0.3868),
        Row("+ bias", ("bias",), 0.4140),
        Row("+ smoothing", ("bias", "smoothing"), 0.4485),
        Row("+ gate", ("bias", "smoothing", "gate"), 0.4579),
        Row("+ blend with sound", ("bias", "smoothing", "gate", "blend"), 0.4740),
    ),
    claim=0.4740,
    source="arXiv 2603.12693 through a second-hand note",
    baseline=0.25,
)
