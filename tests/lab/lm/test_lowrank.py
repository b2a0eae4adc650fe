from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mien.errors import InputError
from mien.lab.lm import lowrank
from mien.lab.lm.corpus import Corpus
from mien.lab.lm.models import LanguageModel, Layer, ReducedGRU, Shape, build


def _thin(model: LanguageModel, rank: int) -> LanguageModel:
    """The model with its outputs read through `rank` dimensions only, so that low rank can be exact."""
    with torch.no_grad():
        readers = [*(layer.recurrent.weight for layer in model.stack), *(layer.input.weight for layer in model.stack)]
        for place, layer in enumerate(model.stack):
            half = torch.randn(layer.units, rank) / layer.units**0.5
            through = half @ torch.linalg.pinv(half)
            following = model.stack[place + 1].input if place + 1 < len(model.stack) else model.output
            for reader in (layer.recurrent, following):
                reader.weight.copy_(reader.weight @ through)
        half = torch.randn(readers[-2].shape[1], rank)
        model.stack[0].input.weight.copy_(model.stack[0].input.weight @ half @ torch.linalg.pinv(half))
    return model


def _scores(model: LanguageModel, words: Tensor) -> Tensor:
    return model(words, model.zero(words.shape[1]))[0].detach()


@pytest.mark.parametrize("kind", ["lstm", "rnn"])
@pytest.mark.parametrize("observed", [False, True])
def test_low_rank_is_exact_where_the_matrices_have_that_rank(kind: str, observed: bool, text: Corpus) -> None:
    torch.manual_seed(0)
    model = _thin(build(Shape(kind, (12, 18), len(text.vocabulary)), 3), 5).eval()
    activity = lowrank.observe(model, text.train, 2000) if observed else None
    words = text.test[:60].view(20, 3)
    small = lowrank.project(model, 5, activity).eval()
    assert all(layer.size == 5 for layer in small.stack)
    torch.testing.assert_close(_scores(small, words), _scores(model, words), atol=1e-3 if observed else 1e-4, rtol=1e-3)


def test_low_rank_has_as_many_weights_as_the_closed_form_says() -> None:
    words, k, r = 1000, 50, 8
    lstm = lowrank.project(build(Shape("lstm", (k, k), words)), r)
    assert sum(weight.numel() for weight in lstm.parameters()) == r * (2 * words + 18 * k) + 8 * k + words
    gru = lowrank.project(build(Shape("gru", (k, k), words)), r)
    matrices = sum(weight.numel() for weight in gru.parameters() if weight.dim() > 1)
    assert matrices == 2 * words * r + 2 * (4 * r * r + 3 * k * r)  # 3.19 M at 650 and 128, the 2019 paper's LR GRU


def test_the_published_low_rank_row_has_its_published_size() -> None:
    matrices = 40 * (2 * 10_000 + 16 * 200)  # as the paper counts: without projections and biases
    assert matrices == 928_000
    small = lowrank.project(build(Shape("lstm", (200, 200), 10_000)), 40)
    ours = sum(weight.numel() for weight in small.parameters())
    assert ours == matrices + 2 * 40 * 200 + 2 * 800 + 10_000


def test_a_low_rank_gru_stays_near_its_model_at_high_rank(text: Corpus) -> None:
    model = build(Shape("gru", (12, 18), len(text.vocabulary)), 3).eval()
    words = text.test[:60].view(20, 3)
    near, far = (
        float((_scores(lowrank.project(model, rank), words) - _scores(model, words)).norm()) for rank in (12, 1)
    )
    assert isinstance(lowrank.project(model, 4).stack[0], ReducedGRU)
    assert near < far


def test_activity_holds_frequencies_and_second_moments(text: Corpus, model: LanguageModel) -> None:
    activity = lowrank.observe(model, text.train, 2000, streams=4)
    assert activity.words.sum() == 2000
    assert activity.words.argmax() == text.vocabulary.index["the"]
    x, _ = model.features(text.train[:2000].view(4, -1).T, model.zero(4))
    expected = torch.einsum("tbi,tbj->ij", x, x).detach() / 2000
    torch.testing.assert_close(activity.outputs[-1], expected, atol=1e-4, rtol=1e-4)


def test_what_flows_through_makes_low_rank_closer(text: Corpus) -> None:
    model = build(Shape("lstm", (24, 24), len(text.vocabulary)), 3).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(4)
    words = text.test[:300].view(100, 3)
    plain, aware = (
        float((_scores(lowrank.project(model, 4, activity), words) - _scores(model, words)).square().mean())
        for activity in (None, lowrank.observe(model, text.train))
    )
    assert aware < 0.9 * plain


def test_a_projected_model_is_not_projected_again(model: LanguageModel) -> None:
    small = lowrank.project(model, 4)
    assert isinstance(small.stack[0], Layer | ReducedGRU)
    with pytest.raises(InputError, match="low rank already"):
        lowrank.project(small, 2)
