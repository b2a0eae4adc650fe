from __future__ import annotations

import pytest
import torch
from torch import nn

from mien.errors import InputError
from mien.lab.lm import models
from mien.lab.lm.models import GATES, LanguageModel, Layer, Shape, build, unrolled


def test_a_layer_equals_torchs_own(model: LanguageModel) -> None:
    layer = model.stack[1]
    assert isinstance(layer, Layer)
    own = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[layer.kind](12, 18)
    biases = torch.zeros_like(layer.input.bias)
    tensors = (layer.input.weight, layer.recurrent.weight, layer.input.bias, biases)
    own.load_state_dict(dict(zip(("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"), tensors, strict=True)))
    x = torch.randn(9, 4, 12)
    torch.testing.assert_close(layer(x, layer.zero(4))[0], own(x)[0])


def test_word_by_word_equals_the_whole_sequence(model: LanguageModel) -> None:
    layer, x = model.stack[1], torch.randn(9, 4, 12)
    whole, after = layer(x, layer.zero(4))
    single, last = unrolled(layer, x, layer.zero(4))
    torch.testing.assert_close(single, whole)
    torch.testing.assert_close(last, after)


def test_carried_state_equals_one_long_pass(model: LanguageModel) -> None:
    words = torch.randint(0, model.output.out_features, (30, 2))
    whole, _ = model(words, model.zero(2))
    first, state = model(words[:11], model.zero(2))
    second, _ = model(words[11:], models.detach(state))
    torch.testing.assert_close(torch.cat([first, second]), whole)


def test_detached_state_lets_no_gradient_into_the_past(model: LanguageModel) -> None:
    _, state = model(torch.zeros(3, 2, dtype=torch.long), model.zero(2))
    assert all(part.grad_fn is None for layer in models.detach(state) for part in layer)


@pytest.mark.parametrize("kind", list(GATES))
@pytest.mark.parametrize("sizes", [(200, 200), (30, 50, 20)])
def test_weights_are_as_many_as_the_closed_form_says(kind: models.Kind, sizes: tuple[int, ...]) -> None:
    model, words, gates = build(Shape(kind, sizes, 1000)), 1000, GATES[kind]
    layers = sum(gates * size * (before + size + 1) for before, size in zip((sizes[0], *sizes), sizes, strict=False))
    assert sum(weight.numel() for weight in model.parameters()) == words * sizes[0] + layers + words * (sizes[-1] + 1)


def test_the_published_baseline_has_its_published_size() -> None:
    count = sum(weight.numel() for weight in build(Shape("lstm", (200, 200), 10_000)).parameters())
    assert count == 4_651_600  # the 2019 paper's 4.64 M and 18.6 MB


def test_a_tied_model_shares_one_matrix() -> None:
    model = build(Shape("lstm", (20, 20), 50, tied=True))
    assert model.tied
    assert sum(weight.numel() for weight in model.parameters()) == 50 * 20 + 50 + 2 * 4 * 20 * 41


def test_the_same_seed_builds_the_same_model() -> None:
    one, same, other = (build(Shape("gru", (5,), 9), seed).embedding.weight for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (("lsmt", (5,), 9), "did you mean 'lstm'"),
        (("lstm", (), 9), "must be positive"),
        (("lstm", (5, 0), 9), "must be positive"),
        (("lstm", (5, 6), 9, True), "last size equal to the first"),
    ],
)
def test_an_impossible_shape_is_refused(shape: tuple, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Shape(*shape)
