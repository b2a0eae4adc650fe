"""ABAW-8, ambivalence: a small network each on faces, sound and words, late fusion, smoothing, the video's verdict."""

from __future__ import annotations

from mien.fusion.blend import Blend
from mien.recipes.plans import Bias, Member, Part, Plan, Row, Stage, box
from mien.temporal.verdict import Verdict
from mien.train.recipe import Recipe

HEAD = Plan("cross_entropy", hidden=64, reads="embedding", rate=5e-4, epochs=5)

RECIPE = Recipe(
    title="ABAW-8 ambivalence, weighted F1 of frames; the verdict is the fused answers' mean, the paper's a text SVM",
    data="bah",
    parts=(
        Part(
            "hesitancy",
            (Member("mbf_va_mtl", HEAD), Member("hubert", HEAD), Member("go_emotions-tokens", HEAD)),
            (
                Stage("blend", Blend(grain=0.05)),
                Stage("smoothing", box(10)),
                Stage("d=20", box(20)),
                Stage("threshold", Bias(weighted=True)),
                Stage("verdict", Verdict(weighted=True)),
            ),
        ),
    ),
    rows=(
        Row("faces alone, threshold", ("threshold",), 0.7127),
        Row("faces, d = 20", ("d=20", "threshold"), 0.7201),
        Row("fusion", ("blend", "threshold"), 0.7204),
        Row("+ smoothing, d = 10", ("blend", "smoothing", "threshold"), 0.7267),
        Row("+ verdict", ("blend", "smoothing", "threshold", "verdict"), 0.7301),
    ),
    claim=0.7301,
    source="arXiv 2503.10399 and its notebook",
)
