"""VGAF: mean and spread over faces, then over frames, rows of length one, a support vector machine."""

from __future__ import annotations

from mien.recipes.plans import Member, Part, Plan, Row
from mien.train.recipe import Recipe

RECIPE = Recipe(
    title="VGAF, accuracy of a group's three moods; on B0's features instead of B2's, with a linear kernel not RBF",
    data="vgaf",
    parts=(Part("vgaf", (Member("enet_b0_8_best_afew-stat", Plan(kind="svm", reads="embedding", rate=1.9)),)),),
    rows=(Row("STAT + SVM", (), 0.7045),),
    claim=0.7045,
    source="arXiv 2103.17107 and its notebook",
)
