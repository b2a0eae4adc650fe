"""ABAW-4, learning from synthetic data: the pre-trained network, a head learned on synthetic faces, their blend."""

from __future__ import annotations

from mien.fusion.blend import Blend
from mien.recipes.plans import MTL, Member, Part, Plan, Row, Stage
from mien.train.recipe import Recipe

HEAD = Plan("smoothed", "balanced", batch=64, epochs=3, reads="embedding", sam=0.05)
GIVEN = Plan(kind="pretrained", reads="logits")

RECIPE = Recipe(
    title="ABAW-4 synthetic data, macro-F1 of six; the head alone learns, pictures as given",
    data="lsd",
    parts=(
        Part(
            "lsd",
            (Member(MTL, GIVEN, "pre-trained"), Member(MTL, HEAD, "learned")),
            (
                Stage("learned", Blend(((0.0,), (1.0,)))),
                Stage("w = 0.5", Blend(((0.5,), (0.5,)))),
                Stage("blend", Blend()),
            ),
        ),
    ),
    rows=(
        Row("pre-trained only", (), 0.6094),
        Row("head learned on synthetic faces", ("learned",), 0.6111),
        Row("blend, w = 0.5", ("w = 0.5",)),
        Row("blend, fitted", ("blend",), 0.6676),
    ),
    claim=0.6676,
    source="arXiv 2207.09508 and its notebook; 0.6676 blends raw answers, all weights learned; 0.6846 super-resolved",
)
