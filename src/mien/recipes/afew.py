"""AFEW: four statistics of a clip's embeddings, rows of length one, a linear support vector machine."""

from __future__ import annotations

from mien.recipes.plans import Member, Part, Plan, Row
from mien.train.recipe import Recipe

RECIPE = Recipe(
    title="AFEW, accuracy of seven expressions over clips with faces",
    data="afew",
    parts=(Part("afew", (Member("enet_b0_8_best_afew-stat", Plan(kind="svm", reads="embedding", rate=1.1)),)),),
    rows=(Row("STAT + linear SVM", (), 0.5989),),
    claim=0.5989,
    source="arXiv 2103.17107 and its notebook; the plan's rate is the machine's C",
)
