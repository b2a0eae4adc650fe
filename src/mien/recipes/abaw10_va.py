"""ABAW-10, valence and arousal: squared error and CCC together, no hidden layer, sliding mean."""

from __future__ import annotations

from dataclasses import replace

from mien.recipes.plans import DDAMFN, VA, Member, Part, Row, Stage, box
from mien.train.recipe import Recipe

RECIPE = Recipe(
    title="ABAW-10 valence and arousal, mean CCC; the window is ours",
    data="affwild2-va",
    parts=(
        Part(
            "valence_arousal",
            (Member(DDAMFN, replace(VA, loss="squared_ccc", epochs=5)),),
            (Stage("smoothing", box(50)),),
        ),
    ),
    rows=(Row("plain"), Row("+ smoothing", ("smoothing",), 0.562)),
    claim=0.562,
    source="arXiv 2603.12693 through a second-hand note",
    baseline=0.22,
)
