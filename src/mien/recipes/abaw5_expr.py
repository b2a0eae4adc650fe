"""ABAW-5, expressions: a small network on vgaf embeddings and a long mean."""

from __future__ import annotations

from mien.recipes.plans import EXPR, VGAF, Member, Part, Row, Stage, box
from mien.train.recipe import Recipe

RECIPE = Recipe(
    title="ABAW-5 expressions, macro-F1; without the network fine-tuned as a whole",
    data="affwild2-expr",
    parts=(
        Part(
            "expression",
            (Member(VGAF, EXPR),),
            tuple(Stage(f"d={d}", box(d)) for d in (5, 15, 50, 500)),
        ),
    ),
    rows=(
        Row("plain", (), 0.3844),
        *(
            Row(f"+ smoothing, d = {d}", (f"d={d}",), paper)
            for d, paper in ((5, 0.4004), (15, 0.4123), (500, 0.4032), (50, 0.4237))
        ),
    ),
    claim=0.4237,
    source="arXiv 2303.09162 and its notebook; 0.4392 with the fine-tuned network and the logits blended in",
)
