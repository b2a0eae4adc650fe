from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from mien.lab.lm.corpus import EOS, Corpus
from mien.lab.lm.loss import answers, perplexity, training_loss
from mien.lab.lm.maps import LowRank, TensorTrain
from mien.lab.lm.models import LanguageModel, Map


def _grads(loss: Tensor, x: Tensor, output: Map) -> list[Tensor]:
    return list(torch.autograd.grad(loss, [x, *output.parameters()]))


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("kind", [torch.nn.Linear, LowRank, TensorTrain])
def test_the_gradient_is_that_of_the_mixture_within_16_bits(share: float, kind: type) -> None:
    torch.manual_seed(0)
    output = kind(16, 40) if kind is torch.nn.Linear else kind(16, 6, 40)
    for weight in output.parameters():
        torch.nn.init.normal_(weight, std=0.5)
    x, targets = torch.randn(60, 16, requires_grad=True), torch.randint(0, 40, (60,))
    taught = torch.softmax(torch.randn(60, 40), -1)
    loss = training_loss(x, output, targets, taught.bfloat16(), share)
    scores = F.linear(x, output.weight, output.bias)
    text, teacher = F.cross_entropy(scores, targets), F.cross_entropy(scores, taught)
    assert float(loss.detach()) == pytest.approx(float(text.detach()), rel=0.01)  # bfloat16 has 8 bits
    for got, wanted in zip(
        _grads(loss, x, output), _grads(share * teacher + (1 - share) * text, x, output), strict=True
    ):
        assert float((got - wanted).norm()) < 0.02 * float(wanted.norm())


def test_answers_are_the_teachers_probabilities(model: LanguageModel, text: Corpus) -> None:
    x, _ = model.features(text.test[:20, None], model.zero(1))
    got = answers(model, x.flatten(0, 1)).float()
    torch.testing.assert_close(got, torch.softmax(model.output(x.flatten(0, 1)), -1).detach(), atol=0.02, rtol=0.05)


def test_perplexity_is_that_of_a_single_pass_over_every_word(model: LanguageModel, text: Corpus) -> None:
    eos = text.vocabulary.index[EOS]
    words = torch.cat([torch.tensor([eos]), text.test[:-1]])[:, None]
    scores, _ = model(words, model.zero(1))
    expected = F.cross_entropy(scores[:, 0], text.test).exp()
    assert perplexity(model, text.test, text.vocabulary) == pytest.approx(float(expected.detach()), rel=1e-4)


def test_perplexity_of_a_uniform_guess_is_the_number_of_words(model: LanguageModel, text: Corpus) -> None:
    torch.nn.init.zeros_(model.output.weight)
    torch.nn.init.zeros_(model.output.bias)
    assert perplexity(model, text.test, text.vocabulary, 7) == pytest.approx(len(text.vocabulary), rel=1e-4)


def test_scoring_knows_no_dropout_and_leaves_the_mode(model: LanguageModel, text: Corpus) -> None:
    model.drop.p = 0.9
    calm = perplexity(model.eval(), text.test, text.vocabulary)
    assert perplexity(model.train(), text.test, text.vocabulary) == calm
    assert model.training


def test_a_diverged_model_scores_badly_and_does_not_overflow(model: LanguageModel, text: Corpus) -> None:
    torch.nn.init.constant_(model.output.weight, 1e6)
    torch.nn.init.uniform_(model.output.bias, -1e6, 1e6)
    assert 1e100 < perplexity(model, text.test, text.vocabulary) < math.inf
