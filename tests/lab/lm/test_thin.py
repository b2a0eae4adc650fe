from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from mien.errors import InputError
from mien.lab.lm.compress import Step, compress, parse
from mien.lab.lm.corpus import Corpus
from mien.lab.lm.models import LanguageModel, Shape, build
from mien.lab.lm.thin import DAMP, Flow, cut, flows, refit


def _metric(seed: int, size: int) -> Tensor:
    root = torch.randn(size, 3 * size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return root @ root.T / (3 * size)


def _smoothed(spread: Tensor) -> Tensor:
    return spread + DAMP * spread.diagonal().mean() * torch.eye(len(spread), dtype=spread.dtype)


def test_a_refit_is_the_least_squares_answer_of_every_row() -> None:
    torch.manual_seed(0)
    spread, weight, keep = _metric(1, 7), torch.randn(40, 7, dtype=torch.float64), torch.rand(40, 7) < 0.4
    keep[0], keep[1] = False, True
    fitted, root = refit(weight, keep, spread, rows=16), torch.linalg.cholesky(_smoothed(spread))
    for row, places, got in zip(weight, keep, fitted, strict=True):
        wanted = torch.zeros(7, dtype=torch.float64)
        wanted[places] = torch.linalg.lstsq(root.T[:, places], root.T @ row).solution
        torch.testing.assert_close(got, wanted)
    torch.testing.assert_close(fitted[1], weight[1])


def test_a_bias_takes_over_what_the_lost_weights_gave_on_average() -> None:
    weight, bias, mean = torch.ones(2, 3), torch.zeros(2), torch.tensor([1.0, 2.0, 4.0])
    flow = Flow("output", weight, bias, mean, torch.eye(3), torch.ones(2))
    flow.keep(torch.tensor([[True, False, True], [False, False, False]]))
    assert torch.equal(weight == 0, torch.tensor([[False, True, False], [True, True, True]]))
    torch.testing.assert_close(bias, torch.tensor([2.0, 7.0]))


def test_one_threshold_takes_what_costs_least_from_any_matrix() -> None:
    dear = Flow("output", torch.full((4, 5), 2.0), None, torch.zeros(5), torch.eye(5), torch.ones(4))
    cheap = Flow("output", torch.full((4, 5), 2.0), None, torch.zeros(5), torch.eye(5), torch.full((4,), 1e-3))
    cut([dear, cheap], 0.5)
    assert bool((dear.weight != 0).all()) and not bool(cheap.weight.any())


def test_the_share_goes_although_many_weights_cost_nothing() -> None:
    rare = Flow("embedding", torch.full((4, 5), 2.0), None, torch.zeros(5), torch.eye(5), torch.tensor([1.0, 0, 0, 0]))
    cut([rare], 0.2)
    assert int((rare.weight == 0).sum()) == 4
    assert bool((rare.weight[0] != 0).all())


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_exactly_the_share_goes_and_less_is_lost_than_by_size_alone(
    share: float, model: LanguageModel, text: Corpus
) -> None:
    thin, plain = (compress(model, parse(f"{name}({share})"), text.train, _same) for name in ("thin", "prune"))
    matrices = [weight for weight in thin.parameters() if weight.dim() > 1]
    left = sum(int(weight.count_nonzero()) for weight in matrices)
    assert left == pytest.approx((1 - share) * sum(weight.numel() for weight in matrices), abs=2)
    words = text.test[:200, None]
    given, near, far = (one.eval()(words, one.zero(1))[0].log_softmax(-1) for one in (model, thin, plain))
    assert _distance(given, near) < _distance(given, far)


def test_a_part_is_thinned_alone(model: LanguageModel, text: Corpus) -> None:
    small = compress(model, parse("thin(0.9, output)"), text.train, _same)
    assert int(small.output.weight.count_nonzero()) == pytest.approx(0.1 * small.output.weight.numel(), abs=1)
    assert torch.equal(small.embedding.weight, model.embedding.weight)
    assert torch.equal(small.stack[0].input.weight, model.stack[0].input.weight)


def test_the_cost_is_the_loss_to_second_order_for_a_single_output_weight(text: Corpus) -> None:
    model = build(Shape("lstm", (8,), len(text.vocabulary)), 2).double()
    output = flows(model, text.train, 2000)[-1]
    bias = output.bias
    assert bias is not None
    words = text.train[:2000].view(20, -1).T
    with torch.no_grad():
        x, _ = model.features(words[:-1], model.zero(20))
    x, targets = x.flatten(0, 1), words[1:].flatten()

    def loss(weight: Tensor) -> Tensor:
        return F.cross_entropy(x @ weight.T + bias, targets)

    hessian = torch.autograd.functional.hessian(loss, output.weight.detach().clone())
    exact = torch.einsum("rcrc->rc", hessian) * output.weight.square()
    spread = output.spread.diagonal() + output.mean.square()  # the biases, which stay, are what centring is for
    guess = output.felt[:, None] * spread * output.weight.square()
    assert float(torch.corrcoef(torch.stack([exact.flatten(), guess.flatten()]))[0, 1]) > 0.99
    assert float(guess.sum() / exact.sum()) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("before", ["lowrank(4)", "lowrank(4, output)", "tt(3)"])
def test_a_model_that_is_not_dense_is_refused_in_words(before: str, model: LanguageModel, text: Corpus) -> None:
    with pytest.raises(InputError, match=r"put it before lowrank"):
        compress(model, parse(f"{before} | thin(0.5)"), text.train, _same)


def _same(model: LanguageModel, step: Step) -> LanguageModel:
    return model


def _distance(given: Tensor, other: Tensor) -> float:
    return float((given.exp() * (given - other)).sum(-1).mean().detach())
