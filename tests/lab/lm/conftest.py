"""A small text with a grammar that a small model learns in seconds."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

from mien.lab.lm import corpus, models
from mien.lab.lm.storage import Made, Saved

NOUNS, VERBS = ("king", "queen", "fool", "ghost", "storm", "sword"), ("sees", "fears", "loves", "hears")


def sentences(count: int, seed: int) -> str:
    """Each noun is followed by one verb of its own three times of four, and a line may say why."""
    dice = random.Random(seed)

    def clause() -> str:
        noun = dice.randrange(len(NOUNS))
        verb = noun % len(VERBS) if dice.random() < 0.75 else dice.randrange(len(VERBS))
        return f"the {NOUNS[noun]} {VERBS[verb]} the {dice.choice(NOUNS)}"

    lines = (clause() + (f" because {clause()}" if dice.random() < 0.3 else "") for _ in range(count))
    return "".join(f" {line} \n" for line in lines)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A text in Mikolov's form."""
    place = tmp_path_factory.mktemp("text")
    for seed, (part, count) in enumerate({"train": 600, "valid": 60, "test": 60}.items()):
        (place / f"toy.{part}.txt").write_text(sentences(count, seed))
    return place


@pytest.fixture(scope="session")
def text(folder: Path) -> corpus.Corpus:
    return corpus.read(folder)


@pytest.fixture(params=("rnn", "gru", "lstm"))
def model(request: pytest.FixtureRequest, text: corpus.Corpus) -> models.LanguageModel:
    """An untrained model of each kind, of two layers of different size."""
    made = models.build(models.Shape(request.param, (12, 18), len(text.vocabulary)), seed=3)
    with torch.no_grad():
        for weight in made.parameters():
            weight.mul_(4)  # far from linear, so that a mistake shows
    return made.eval()


@pytest.fixture
def saved(model: models.LanguageModel, text: corpus.Corpus) -> Saved:
    return Saved(model, text.vocabulary, Made("toy", 3, text.digest, 1.5))
