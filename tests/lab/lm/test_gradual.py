from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mien.errors import InputError
from mien.lab.lm import train
from mien.lab.lm.compress import Step, compress, matrices, parse
from mien.lab.lm.corpus import Corpus
from mien.lab.lm.gradual import CHOICES, RAMP, Pruner
from mien.lab.lm.loss import perplexity
from mien.lab.lm.models import LanguageModel, Shape, build
from mien.lab.lm.recipes import Recipe, make
from mien.lab.lm.storage import Made, Saved, load, save
from mien.lab.lm.train import Stage, Training

STAGE = Stage("adam", 0.01, epochs=3, hold=3, decay=1, batch=16, steps=10)


def _toy(text: Corpus, seed: int = 3) -> LanguageModel:
    return build(Shape("lstm", (10, 12), len(text.vocabulary)), seed)


def _pruned(model: LanguageModel, text: Corpus, file: Path, steps: str = "gradual(0.8)") -> Training:
    (step,) = parse(steps)
    return Training(model, text, [STAGE], file, pruner=Pruner(matrices(model, step), step.number), seed=1)


def _left(model: LanguageModel) -> float:
    weights = [weight for weight in model.parameters() if weight.dim() > 1]
    return sum(int(weight.count_nonzero()) for weight in weights) / sum(weight.numel() for weight in weights)


def test_the_share_grows_as_a_cubic_and_holds_after_the_ramp() -> None:
    weight = torch.nn.Parameter(torch.randn(100, 100, generator=torch.Generator().manual_seed(0)))
    pruner, optimizer, shares = Pruner([weight], 0.9), torch.optim.Adam([weight], 0.0), []
    for done in (0.0, RAMP / 4, RAMP / 2, RAMP, 1.0):
        weight.grad = torch.ones_like(weight)
        pruner.step(optimizer, done)
        shares.append(float((weight == 0).float().mean()))
    wanted = [0, 0.9 * (1 - 0.75**3), 0.9 * (1 - 0.5**3), 0.9, 0.9]
    assert shares == pytest.approx(wanted, abs=1e-4)
    assert pruner.settled


def test_a_weight_that_proves_needed_comes_back() -> None:
    weight = torch.nn.Parameter(torch.tensor([[0.1, 1.0]]))
    pruner, optimizer = Pruner([weight], 0.5), torch.optim.Adam([weight], 0.3)
    pruner.turn = CHOICES - 2
    weight.grad = torch.tensor([[-1.0, 1.0]])
    pruner.step(optimizer, RAMP * (1 - 1 / CHOICES))
    assert weight[0, 0] == 0 < weight[0, 1]
    for _ in range(3):
        pruner.step(optimizer, RAMP * (1 - 1 / CHOICES))
    pruner.step(optimizer, RAMP)
    assert weight[0, 1] == 0 < weight[0, 0]


def test_of_equal_weights_those_the_loss_feels_more_stay_in_whatever_matrix() -> None:
    felt, unfelt = (torch.nn.Parameter(torch.ones(2, size)) for size in (3, 5))
    pruner, optimizer = Pruner([felt, unfelt], 10 / 16), torch.optim.Adam([felt, unfelt], 0.0)
    felt.grad, unfelt.grad = torch.ones(2, 3), torch.full((2, 5), 0.1)
    pruner.step(optimizer, 1.0)
    assert bool((felt == 1).all()) and not bool(unfelt.any())


def test_a_training_ends_with_the_share_gone_and_little_forgotten(text: Corpus, tmp_path: Path) -> None:
    model = _toy(text)
    dense = Training(model, text, [replace(STAGE, batch=8)], tmp_path / "dense.train", seed=1)
    dense.run()
    at_once = perplexity(compress(model, parse("prune(0.8)"), text.train, _never), text.valid, text.vocabulary)
    gradual = _pruned(model, text, tmp_path / "a.train")
    gradual.run()
    assert _left(model) == pytest.approx(0.2, abs=0.005)
    assert gradual.progress.best < dense.progress.best * 1.1 < at_once


def test_only_the_named_part_is_pruned(text: Corpus, tmp_path: Path) -> None:
    model = _toy(text)
    _pruned(model, text, tmp_path / "a.train", "gradual(0.8, output)").run()
    output = model.output.weight
    assert int(output.count_nonzero()) == pytest.approx(0.2 * output.numel(), abs=1)
    assert bool(model.embedding.weight.all()) and bool(model.stack[0].input.weight.all())


def test_an_interrupted_pruning_ends_with_the_same_weights(
    text: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, clock, done, runs, parts = _toy(text), itertools.count(), False, 0, _toy(text)
    _pruned(whole, text, tmp_path / "whole.train").run()
    monkeypatch.setattr(train.time, "monotonic", lambda: next(clock))  # a second passes at every look at the clock
    while not done:
        done = _pruned(parts, text, tmp_path / "parts.train").run(minutes=0.5)
        runs, parts = runs + 1, parts if done else _toy(text, runs)
    assert runs > 3
    assert all(torch.equal(weight, whole.state_dict()[name]) for name, weight in parts.state_dict().items())


def test_what_a_later_stage_trains_stays_pruned_also_after_a_break(
    text: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, clock, done, runs = _toy(text), itertools.count(), False, 0
    stages = [STAGE, Stage("sgd", 0.5, epochs=1, hold=1, decay=1, batch=16, steps=10)]
    monkeypatch.setattr(train.time, "monotonic", lambda: next(clock))
    while not done:
        pruner = Pruner([weight for weight in model.parameters() if weight.dim() > 1], 0.8)
        done = Training(model, text, stages, tmp_path / "a.train", pruner=pruner, seed=1).run(minutes=0.2)
        runs, model = runs + 1, model if done else _toy(text, runs)
    assert runs > 3
    assert _left(model) == pytest.approx(0.2, abs=0.005)


def test_a_recipe_prunes_gradually_and_its_file_is_smaller(text: Corpus, tmp_path: Path) -> None:
    model = _toy(text)
    save(tmp_path / "toy.mlm", Saved(model, text.vocabulary, Made("toy", 3, text.digest, 0.0)))
    path = make(Recipe("small", (STAGE,), of="toy", steps="gradual(0.8)"), text, tmp_path)
    assert _left(load(path).model) == pytest.approx(0.2, abs=0.005)
    assert path.stat().st_size < 0.6 * (tmp_path / "toy.mlm").stat().st_size


def test_a_few_steps_of_text_are_enough_to_settle(text: Corpus, tmp_path: Path) -> None:
    model, (step,) = _toy(text), parse("gradual(0.8)")
    stage = Stage("adam", 0.01, epochs=1, hold=1, decay=1, batch=16, steps=1000)
    Training(model, text, [stage], tmp_path / "a.train", pruner=Pruner(matrices(model, step), step.number)).run()
    assert _left(model) == pytest.approx(0.2, abs=0.005)


def test_what_was_better_before_all_was_pruned_is_not_kept(text: Corpus, tmp_path: Path) -> None:
    model, (step,) = _toy(text), parse("gradual(0.98)")
    Training(model, text, [replace(STAGE, batch=8)], tmp_path / "dense.train", seed=1).run()
    stages, pruner = [replace(STAGE, rate=1e-5)], Pruner(matrices(model, step), step.number)
    training = Training(model, text, stages, tmp_path / "a.train", pruner=pruner)
    training.run()
    assert training.progress.history[0][1] < training.progress.best
    assert _left(model) == pytest.approx(0.02, abs=0.005)


def test_without_adam_it_is_refused_in_words(text: Corpus, tmp_path: Path) -> None:
    model, (step,) = _toy(text), parse("gradual(0.8)")
    stage = Stage("sgd", 1.0, epochs=1, hold=1, decay=1)
    with pytest.raises(InputError, match="needs Adam"):
        Training(model, text, [stage], tmp_path / "a.train", pruner=Pruner(matrices(model, step), step.number))


def _never(model: LanguageModel, step: Step) -> LanguageModel:
    raise AssertionError(f"{step.name} was no training step")
