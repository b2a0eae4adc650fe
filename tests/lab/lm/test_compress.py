from __future__ import annotations

import pytest
import torch

from mien.errors import InputError
from mien.lab.lm.compress import Step, compress, parse
from mien.lab.lm.corpus import Corpus
from mien.lab.lm.models import LanguageModel, Layer, Shape, build

STEPS = (
    "lowrank(4)",
    "whiten(4)",
    "lowrank(4, output)",
    "whiten(4, recurrent)",
    "lowrank(4, embedding)",
    "tt(4)",
    "prune(0.9)",
    "thin(0.9)",
    "units(0.5)",
    "quantize(8)",
    "quantize(4)",
    "tt(3, output) | prune(.5) | quantize(8)",
)


def _same(model: LanguageModel, step: Step) -> LanguageModel:
    return model


def _small(model: LanguageModel, steps: str, text: Corpus) -> LanguageModel:
    return compress(model, parse(steps), text.train, _same).eval()


def test_a_pipeline_is_read_as_it_is_written() -> None:
    assert parse("lowrank(128) | tune|prune( 0.9 , output, recurrent )") == (
        Step("lowrank", 128),
        Step("tune"),
        Step("prune", 0.9, ("output", "recurrent")),
    )


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("", "reads like"),
        ("lowrank(", "reads like"),
        ("lowrnk(4)", "did you mean 'lowrank'"),
        ("prune(0.9, outptu)", "did you mean 'output'"),
        ("prune(2)", "prune takes a number from 0 to 1, got 2"),
        ("lowrank(2.5)", "lowrank takes"),
        ("lowrank", "got none"),
        ("quantize(16)", "from 2 to 8"),
        ("lowrank(1.2.3)", "reads like"),
        ("quantize(8, output)", "takes a number alone"),
        ("units(0.5, output)", "takes a number alone"),
        ("tune(5)", "takes nothing"),
    ],
)
def test_a_pipeline_that_cannot_be_is_refused_in_words(steps: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse(steps)


@pytest.mark.parametrize("steps", STEPS)
def test_compressing_leaves_the_given_model_alone_and_gives_one_that_runs(
    steps: str, model: LanguageModel, text: Corpus
) -> None:
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    small = _small(model, steps, text)
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())
    scores, _ = small(text.test[:30].view(10, 3), small.zero(3))
    assert scores.shape == (10, 3, len(text.vocabulary))
    assert bool(scores.isfinite().all())
    owned = {weight.data_ptr() for weight in model.parameters()}
    assert not any(weight.data_ptr() in owned for weight in small.parameters())


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_pruning_zeroes_the_smallest_of_each_matrix(share: float, model: LanguageModel, text: Corpus) -> None:
    small = _small(model, f"prune({share})", text)
    for now, before in zip(small.parameters(), model.parameters(), strict=True):
        if now.dim() > 1:
            gone = now == 0
            assert float(gone.float().mean()) == pytest.approx(share, abs=0.02)
            assert before[gone].abs().max() <= before[~gone].abs().min()


def test_a_part_is_pruned_alone(model: LanguageModel, text: Corpus) -> None:
    small = _small(model, "prune(0.9, output)", text)
    assert float((small.output.weight == 0).float().mean()) > 0.85
    assert torch.equal(small.embedding.weight, model.embedding.weight)


def test_units_that_nobody_reads_go_and_nothing_changes(model: LanguageModel, text: Corpus) -> None:
    layer, following = model.stack
    silent = torch.arange(0, 12, 2)
    with torch.no_grad():
        layer.recurrent.weight[:, silent] = 0
        following.input.weight[:, silent] = 0
    small = _small(model, "units(0.5)", text)
    words = text.test[:60].view(20, 3)
    assert isinstance(small.stack[0], Layer)
    assert [part.units for part in small.stack] == [6, 9]
    kept, _ = small.stack[0](small.embedding(words), small.stack[0].zero(3))
    full, _ = layer(model.embedding(words), layer.zero(3))
    torch.testing.assert_close(kept, full[..., 1::2])


def test_a_tied_model_is_untied_before_it_is_compressed(text: Corpus) -> None:
    model = build(Shape("lstm", (10, 10), len(text.vocabulary), tied=True))
    small = _small(model, "prune(0.9, output)", text)
    assert not small.tied
    assert torch.equal(small.embedding.weight, model.embedding.weight)


def test_quantised_weights_have_few_values_within_half_a_step(model: LanguageModel, text: Corpus) -> None:
    small = _small(model, "quantize(8)", text)
    for now, before in zip(small.parameters(), model.parameters(), strict=True):
        if now.dim() > 1:
            half = (before.max() - before.min()) / 255 / 2
            assert len(now.unique()) <= 256
            assert (now - before).abs().max() <= half * 1.0001
        else:
            assert torch.equal(now, before)


def test_steps_that_need_whole_layers_say_so_after_a_projection(model: LanguageModel, text: Corpus) -> None:
    with pytest.raises(InputError, match="put it before"):
        _small(model, "lowrank(4) | units(0.5)", text)


def test_tune_is_called_where_it_stands(model: LanguageModel, text: Corpus) -> None:
    seen = []

    def tune(given: LanguageModel, step: Step) -> LanguageModel:
        seen.append(int((given.output.weight == 0).sum()))
        return given

    compress(model, parse("tune | prune(0.9) | tune"), text.train, tune)
    assert seen[0] == 0 < seen[1]
