"""ABAW-3, valence and arousal: two outputs on the eight logits of vgaf, then a short mean or median."""

from __future__ import annotations

from dataclasses import replace

from mien.recipes.plans import VA, VGAF, Member, Part, Row, Stage, box
from mien.temporal.smooth import Smooth
from mien.train.recipe import Recipe

RECIPE = Recipe(
    title="ABAW-3 valence and arousal, mean CCC",
    data="affwild2-va",
    parts=(
        Part(
            "valence_arousal",
            (Member(VGAF, replace(VA, batch=512, decay=2 / 512)),),
            (Stage("d=7", box(7)), Stage("median", Smooth("median", rows=7, seconds=None))),
        ),
    ),
    rows=(
        Row("plain", (), 0.4639),
        Row("+ median, d = 7", ("median",), 0.4865),
        Row("+ smoothing, d = 7", ("d=7",), 0.4919),
    ),
    claim=0.4919,
    source="arXiv 2203.13436 and its notebook",
)
