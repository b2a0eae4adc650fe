"""ABAW-6, mimicry: one layer on four statistics of a clip's logits, another on those of its sound, blended."""

from __future__ import annotations

from mien.fusion.blend import Blend
from mien.recipes.plans import Member, Part, Plan, Row, Stage
from mien.train.recipe import Recipe

HEAD = Plan("pearson", reads="embedding", epochs=100, decay=2 / 512)

RECIPE = Recipe(
    title="ABAW-6 mimicry, mean Pearson of six",
    data="emi",
    parts=(
        Part(
            "emi",
            (Member("wav2vec2-stat", HEAD), Member("mbf_va_mtl-stat", HEAD)),
            (Stage("blend", Blend()), Stage("by column", Blend(by_column=True))),
        ),
    ),
    rows=(
        Row("sound alone", (), 0.2361),
        Row("blend, one weight", ("blend",)),
        Row("blend, a weight for each", ("by column",), 0.2989),
    ),
    claim=0.2989,
    source="arXiv 2403.11590 and its notebook",
)
