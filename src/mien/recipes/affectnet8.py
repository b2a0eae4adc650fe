"""AffectNet, eight expressions: class weights, label smoothing and sharpness-aware steps, alone and together."""

from __future__ import annotations

from mien.fusion.blend import Blend
from mien.recipes.plans import MTL, Member, Part, Plan, Row, Stage
from mien.train.recipe import Recipe

HEADS = {
    "plain": Plan("cross_entropy", batch=64, epochs=3, reads="embedding"),
    "weights": Plan("cross_entropy", "min", batch=64, epochs=3, reads="embedding"),
    "smoothing": Plan("smoothed", batch=64, epochs=3, reads="embedding"),
    "SAM": Plan("cross_entropy", batch=64, epochs=3, reads="embedding", sam=0.05),
    "all": Plan("smoothed", "min", batch=64, epochs=3, reads="embedding", sam=0.05),
}


def only(name: str) -> Stage:
    """The answers of one of the heads."""
    return Stage(name, Blend(tuple((float(n == name),) for n in HEADS)))


RECIPE = Recipe(
    title="AffectNet, accuracy of eight expressions; a linear head on frozen features, where the paper trains on",
    data="affectnet",
    parts=(Part("faces8", tuple(Member(MTL, plan, n) for n, plan in HEADS.items()), tuple(only(n) for n in HEADS)),),
    rows=(
        Row("plain cross-entropy", ("plain",)),
        Row("+ class weights", ("weights",)),
        Row("+ label smoothing", ("smoothing",)),
        Row("+ SAM", ("SAM",)),
        Row("all three", ("all",), 0.6193),
    ),
    claim=0.6193,
    source="arXiv 2103.17107 and the README of its code",
)
