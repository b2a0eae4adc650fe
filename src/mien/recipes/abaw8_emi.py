"""ABAW-8, mimicry: faces, sound and words, one layer each, blended with weights for each of the six."""

from __future__ import annotations

from mien.fusion.blend import Blend
from mien.recipes.plans import Member, Part, Plan, Row, Stage
from mien.train.recipe import Recipe

HEAD = Plan("pearson", reads="embedding", epochs=50, decay=2 / 512)

RECIPE = Recipe(
    title="ABAW-8 mimicry, mean Pearson of six, with the words of go_emotions",
    data="emi",
    parts=(
        Part(
            "emi",
            (Member("go_emotions", HEAD), Member("hubert-mean", HEAD), Member("mbf_va_mtl-stat", HEAD)),
            (Stage("blend", Blend(grain=0.05)), Stage("by column", Blend(grain=0.05, by_column=True))),
        ),
    ),
    rows=(
        Row("words alone", (), 0.3763),
        Row("blend, one weight", ("blend",), 0.4246),
        Row("blend, a weight for each", ("by column",), 0.4322),
    ),
    claim=0.4322,
    source="arXiv 2503.10399 and its notebook; 0.4422 with a text network that is not free",
)
