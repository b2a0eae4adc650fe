"""ABAW-3, expressions: a small network on vgaf embeddings, then a long mean."""

from __future__ import annotations

from mien.recipes.plans import EXPR, VGAF, Member, Part, Row, Stage, box
from mien.train.recipe import Recipe

RECIPE = Recipe(
    title="ABAW-3 expressions, macro-F1 over eight classes",
    data="affwild2-expr",
    parts=(
        Part(
            "expression",
            (Member(VGAF, EXPR),),
            (Stage("d=7", box(7)), Stage("d=50", box(50)), Stage("d=200", box(200))),
        ),
    ),
    rows=(
        Row("plain", (), 0.3807),
        Row("+ smoothing, d = 7", ("d=7",), 0.4018),
        Row("+ smoothing, d = 200", ("d=200",), 0.4230),
        Row("+ smoothing, d = 50", ("d=50",), 0.4264),
    ),
    claim=0.4264,
    source="arXiv 2203.13436 and its notebook",
)
