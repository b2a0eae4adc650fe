from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mien.errors import DeviceError, InputError
from mien.lab.lm import train
from mien.lab.lm.compress import compress, parse
from mien.lab.lm.corpus import Corpus, read
from mien.lab.lm.loss import perplexity
from mien.lab.lm.models import Kind, LanguageModel, Shape, build
from mien.lab.lm.recipes import Recipe, make, recipe
from mien.lab.lm.train import Stage, Training, zero_masks

SHORT = Stage("sgd", 1.0, epochs=2, hold=1, decay=0.5, batch=16, steps=10, dropout=0.1)


def _toy(text: Corpus, kind: Kind = "lstm") -> LanguageModel:
    return build(Shape(kind, (10, 12), len(text.vocabulary)), 3)


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
def test_a_model_learns_more_than_how_frequent_words_are(kind: Kind, text: Corpus, tmp_path: Path) -> None:
    model = _toy(text, kind)
    stages = [Stage("adam", 0.01, epochs=3, hold=3, decay=1, batch=8, steps=10)]
    assert Training(model, text, stages, tmp_path / "a.train", seed=1).run()
    frequencies = torch.bincount(text.train, minlength=len(text.vocabulary)) / len(text.train)
    guessing = math.exp(-float(frequencies[text.test].log().mean()))
    assert perplexity(model, text.test, text.vocabulary) < guessing / 2


def test_the_same_seed_trains_the_same_model_whether_interrupted_or_not(
    text: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = [SHORT, Stage("adam", 0.001, epochs=1, hold=1, decay=1, batch=16, steps=7)]
    whole = _toy(text)
    Training(whole, text, stages, tmp_path / "whole.train", seed=1).run()
    clock, runs, done, parts = itertools.count(), 0, False, _toy(text)
    monkeypatch.setattr(train.time, "monotonic", lambda: next(clock))  # a second passes at every look at the clock
    while not done:
        done = Training(parts, text, stages, tmp_path / "parts.train", seed=1 + runs).run(minutes=0.5)
        runs, parts = runs + 1, parts if done else build(Shape("lstm", (10, 12), len(text.vocabulary)), seed=runs)
    assert runs > 3
    assert all(torch.equal(weight, whole.state_dict()[name]) for name, weight in parts.state_dict().items())


def test_the_best_epoch_is_kept_and_patience_ends_a_stage(text: Corpus, tmp_path: Path) -> None:
    model, lines = _toy(text), []
    wild = [Stage("adam", 0.01, 2, 2, 1, batch=16), Stage("sgd", 500.0, 9, 9, 1, clip=1e9, batch=16, patience=2)]
    training = Training(model, text, wild, tmp_path / "a.train", seed=1, log=lines.append)
    training.run()
    best = min(valid for _, valid in training.progress.history)
    assert len(lines) == len(training.progress.history) == 4
    assert perplexity(model, text.valid, text.vocabulary, train.VALID_STREAMS) == pytest.approx(best)


def test_pruned_weights_stay_zero_while_the_others_learn(text: Corpus, tmp_path: Path) -> None:
    model = compress(_toy(text), parse("prune(0.8)"), text.train, lambda given, step: given)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    Training(model, text, [SHORT], tmp_path / "a.train").run()
    for name, weight in model.named_parameters():
        if weight.dim() > 1:
            assert torch.equal(weight == 0, before[name] == 0)
            assert not torch.equal(weight, before[name])


def test_only_matrices_with_zeros_are_masked(text: Corpus) -> None:
    model = _toy(text)
    torch.nn.init.zeros_(model.output.bias)
    assert zero_masks(model) == []


def test_a_taught_student_comes_nearer_to_its_teacher(text: Corpus, tmp_path: Path) -> None:
    teacher = _toy(text)
    Training(teacher, text, [SHORT], tmp_path / "teacher.train").run()
    words, distances = text.test[:200, None], []
    for teach in (0.0, 1.0):
        student = build(Shape("gru", (6, 6), len(text.vocabulary)), 5)
        stage = Stage("adam", 0.01, epochs=2, hold=2, decay=1, batch=16, steps=10, teach=teach)
        Training(student, text, [stage], tmp_path / f"{teach}.train", teacher=teacher, seed=2).run()
        with torch.no_grad():
            ours, theirs = (torch.log_softmax(one.eval()(words, one.zero(1))[0], -1) for one in (student, teacher))
        distances.append(float((theirs.exp() * (theirs - ours)).sum(-1).mean()))
    assert distances[1] < distances[0]


def test_the_rate_holds_and_then_decays_each_epoch() -> None:
    stage = Stage("sgd", 1.0, epochs=5, hold=2, decay=0.5)
    assert [stage.rate_at(epoch) for epoch in range(5)] == [1, 1, 0.5, 0.25, 0.125]


def test_a_device_that_is_not_there_is_refused_in_words(text: Corpus, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="without --device the processor trains"):
        Training(_toy(text), text, [SHORT], tmp_path / "a.train", device="cuda:99")


@pytest.mark.parametrize("steps", ["prune(0)", "lowrank(4)", "tt(3)"])
@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
def test_everything_a_model_makes_is_where_its_weights_are(kind: Kind, steps: str, text: Corpus) -> None:
    model = compress(_toy(text, kind), parse(steps), text.train, lambda given, step: given)
    model = model.to("meta")  # where nothing else is
    words = text.train[:30].view(10, 3).to("meta")
    _, state = model(words, model.zero(3))
    assert {part.device.type for layer in state for part in layer} == {"meta"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU that torch can use")
def test_a_gpu_goes_on_from_its_checkpoint_and_from_a_processors(text: Corpus, tmp_path: Path) -> None:
    model, file = _toy(text), tmp_path / "a.train"
    Training(model, text, [SHORT], file).run(minutes=0)
    while not Training(model, text, [SHORT], file, device="cuda").run(minutes=0.02):
        pass
    assert model.output.weight.is_cuda
    assert perplexity(model, text.test, text.vocabulary) < len(text.vocabulary)


@pytest.mark.parametrize("damage", ["truncated", "empty", "other model", "other text"])
def test_a_checkpoint_that_does_not_fit_is_refused_in_words(
    damage: str, text: Corpus, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "a.train"
    Training(_toy(text), text, [SHORT], file).run(minutes=0)
    model, said = _toy(text), "delete it to start anew"
    if damage == "truncated":
        file.write_bytes(file.read_bytes()[:-200])
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "other model":
        model = build(Shape("gru", (10, 12), len(text.vocabulary)))
    else:
        text, said = read(folder, limit=6), "trained on another text"
        (folder.parent / "x").mkdir(exist_ok=True)
        text = Corpus(text.vocabulary, text.train, text.valid, text.test, "another")
        model = _toy(text)
    with pytest.raises(InputError, match=said):
        Training(model, text, [SHORT], file)


def test_a_checkpoint_of_another_pipeline_or_base_is_not_taken_for_this_one(text: Corpus, tmp_path: Path) -> None:
    base, pruned = (
        Recipe("base", (SHORT,), sizes=(6, 6)),
        Recipe("mine", (SHORT,), of="base", steps="prune(0.9) | tune"),
    )
    make(base, text, tmp_path)
    path = make(pruned, text, tmp_path)
    content = path.read_bytes()
    make(base, text, tmp_path)  # the same again, from its checkpoint
    assert make(pruned, text, tmp_path).read_bytes() == content
    with pytest.raises(InputError, match="of another recipe or base; delete it"):
        make(replace(pruned, steps="prune(0.2) | tune"), text, tmp_path)
    with pytest.raises(InputError, match=r"base\.0\.train is of another"):
        make(replace(base, seed=5), text, tmp_path)
    (tmp_path / "base.0.train").unlink()
    make(replace(base, seed=5), text, tmp_path)
    with pytest.raises(InputError, match=r"mine\.0\.train is of another"):
        make(pruned, text, tmp_path)


@pytest.mark.parametrize(
    ("name", "epochs", "hold", "divisor", "steps", "dropout"),
    [("lstm200-zaremba", 13, 4, 2, 20, 0), ("lstm650", 39, 6, 1.2, 35, 0.5), ("lstm1500", 55, 14, 1.15, 35, 0.65)],
)
def test_the_plain_recipes_follow_the_published_schedules(
    name: str, epochs: int, hold: int, divisor: float, steps: int, dropout: float
) -> None:
    (stage,) = recipe(name).stages
    assert (stage.optimizer, stage.rate, stage.epochs, stage.hold) == ("sgd", 1.0, epochs, hold)
    assert (1 / stage.decay, stage.steps, stage.dropout) == (pytest.approx(divisor), steps, dropout)
