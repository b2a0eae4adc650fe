"""ABAW-7, multi-task: two networks, a Gaussian over sparse rows, a blend, thresholds."""

from __future__ import annotations

from mien.fusion.blend import Blend
from mien.recipes.plans import DDAMFN, MTL, MTL_AU, MTL_EXPR, MTL_VA, Member, Part, Row, Stage, Threshold, sparse
from mien.train.recipe import Recipe

RECIPE = Recipe(
    title="ABAW-7 multi-task, P_MTL",
    data="mtl",
    parts=(
        Part(
            "expression",
            (Member(DDAMFN, MTL_EXPR), Member(MTL, MTL_EXPR)),
            (Stage("smoothing", sparse(50)), Stage("blend", Blend())),
        ),
        Part(
            "valence_arousal",
            (Member(DDAMFN, MTL_VA), Member(MTL, MTL_VA)),
            (Stage("smoothing", sparse(10)), Stage("blend", Blend())),
        ),
        Part(
            "action_units",
            (Member(DDAMFN, MTL_AU), Member(MTL, MTL_AU)),
            (Stage("blend", Blend()), Stage("thresholds", Threshold())),
        ),
    ),
    rows=(
        Row("plain", (), 1.3128),
        Row("+ thresholds", ("thresholds",), 1.3376),
        Row("+ smoothing", ("smoothing", "thresholds"), 1.4805),
        Row("blend, not smoothed", ("blend",), 1.3619),
        Row("+ smoothing + thresholds + blend", ("smoothing", "thresholds", "blend"), 1.4939),
    ),
    claim=1.494,
    source="arXiv 2407.13184 and its notebook",
    baseline=0.32,
)
