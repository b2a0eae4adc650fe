"""What the challenges ask: the labels of an answer, how raw outputs become one, and how it is scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from mien.errors import unknown
from mien.labels import (
    ACTION_UNITS,
    AFEW,
    AFFWILD2,
    COMPOUND,
    EMI,
    EXPRESSIONS,
    LSD,
    VALENCE_AROUSAL,
    VGAF,
)
from mien.link import sigmoid, softmax
from mien.train.tally import ACCURACY, MACRO_F1, MEAN_CCC, MEAN_F1, MEAN_PEARSON, WEIGHTED_F1, Score
from mien.types import Floats, Labels

Link = Literal["softmax", "tanh", "sigmoid"]

VIOLENCE = Labels("violence", ("calm", "violent"))
HESITANCY = Labels("hesitancy", ("none", "hesitant"))


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One question of a challenge."""

    name: str
    labels: Labels
    link: Link
    score: Score

    def read(self, raw: Floats) -> Floats:
        """Raw outputs → answers (n, k)."""
        links = {"softmax": softmax, "tanh": np.tanh, "sigmoid": sigmoid}
        return links[self.link](raw).astype(np.float32)

    def __repr__(self) -> str:
        return f"<Question {self.name}>"


QUESTIONS = {
    q.name: q
    for q in (
        Question("expression", AFFWILD2, "softmax", MACRO_F1),
        Question("valence_arousal", VALENCE_AROUSAL, "tanh", MEAN_CCC),
        Question("action_units", ACTION_UNITS, "sigmoid", MEAN_F1),
        Question("lsd", LSD, "softmax", MACRO_F1),
        Question("compound", COMPOUND, "softmax", MACRO_F1),
        Question("emi", EMI, "sigmoid", MEAN_PEARSON),
        Question("hesitancy", HESITANCY, "softmax", WEIGHTED_F1),
        Question("violence", VIOLENCE, "softmax", MACRO_F1),
        Question("afew", AFEW, "softmax", ACCURACY),
        Question("vgaf", VGAF, "softmax", ACCURACY),
        Question("faces8", EXPRESSIONS, "softmax", ACCURACY),
    )
}


def named(name: str) -> Question:
    """The question of this name."""
    if name not in QUESTIONS:
        raise unknown("question", name, QUESTIONS)
    return QUESTIONS[name]
