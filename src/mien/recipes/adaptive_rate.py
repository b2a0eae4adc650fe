"""ICML 2023: look at every 200th frame, and at more only where the answer is not sure."""

from __future__ import annotations

from mien.recipes.plans import EXPR, VGAF, Member, Part, Row, Stage
from mien.temporal.stride import Stride
from mien.train.recipe import Recipe

LADDERS = {
    "alpha k/K: 200,100,50,10,1": (Stride((200, 100, 50, 10, 1)), 0.4217),
    "alpha k/K: 50,10,1": (Stride((50, 10, 1)), 0.4258),
    "level 0.05: 50,10,1": (Stride((50, 10, 1), alpha=0.05, stepped=False), 0.4258),
    "every 25th": (Stride((25,)), 0.4253),
    "every 200th": (Stride((200,)), 0.3624),
    "every frame": (Stride((1,)), 0.4262),
}

RECIPE = Recipe(
    title="Adaptive frame rate, macro-F1 of eight expressions; the share of frames beside it",
    data="affwild2-expr",
    parts=(Part("expression", (Member(VGAF, EXPR),), tuple(Stage(n, s) for n, (s, _) in LADDERS.items())),),
    rows=(Row("plain", (), 0.3807), *(Row(n, (n,), paper) for n, (_, paper) in LADDERS.items())),
    claim=0.4258,
    source="PMLR 202, 30119-30129, and its notebook",
)
