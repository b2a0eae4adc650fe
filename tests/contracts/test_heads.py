"""Every head in `heads/` keeps the contract of heads; the folder is the list."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import numpy as np
import pytest
import torch

from mien import heads
from mien.errors import InputError
from mien.types import Head

NAMES = sorted(m.name for m in pkgutil.iter_modules(heads.__path__))


@pytest.fixture(params=NAMES)
def module(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"mien.heads.{request.param}")


@pytest.fixture
def head(module: ModuleType) -> Head:
    return module.HEAD


@pytest.mark.parametrize("name", ["embedding", "embedding0", "embedding²", "embedding99999999999"])
def test_a_feature_head_without_a_width_of_sense_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="no head named"):
        heads.named(name)
    assert heads.named("embedding512").width == 512


def raw(head: Head, n: int = 10) -> np.ndarray:
    return np.random.default_rng(n).normal(0, 2, (n, head.width)).astype(np.float32)


def targets(head: Head, n: int) -> np.ndarray:
    """Answers that could be true: what the head itself would read, made hard where it tells classes or presence."""
    values = head.read(raw(head, n)).values
    if head.is_class:
        return np.eye(len(head.labels), dtype=np.float32)[values.argmax(1)]
    return (values > 0.5).astype(np.float32) if head.name == "action_units" else values


def known(head: Head, n: int, value: bool) -> torch.Tensor:
    """Masks are per face for class and age heads, per column for the others."""
    per_face = head.is_class or head.name == "age"
    return torch.full((n,) if per_face else (n, len(head.labels)), value)


def test_a_head_is_named_as_its_file_and_listed(module: ModuleType, head: Head) -> None:
    assert module.__name__.rsplit(".", 1)[1] == head.name
    assert heads.QUESTIONS[head.name] is head is heads.named(head.name)


def test_the_top_of_a_one_hot_is_that_label(head: Head) -> None:
    if not head.is_class:
        assert head.read(raw(head)).values.shape == (10, len(head.labels))
        return
    reading = head.read(20 * np.eye(head.width, dtype=np.float32))
    assert reading.top() == list(head.labels)


def test_answers_are_finite_and_of_their_range_for_any_raw_output(head: Head) -> None:
    for scale in (0, 1, 1e3):
        values = head.read(raw(head) * np.float32(scale)).values
        assert values.dtype == np.float32 and np.isfinite(values).all()
        if head.is_class:
            np.testing.assert_allclose(values.sum(1), 1, atol=1e-5)
    assert head.read(np.zeros((0, head.width), np.float32)).values.shape == (0, len(head.labels))


@pytest.mark.parametrize("n", [1, 2, 10, 333])
def test_the_metric_of_a_perfect_prediction_is_exactly_its_maximum(module: ModuleType, head: Head, n: int) -> None:
    target = targets(head, n)
    perfect = module.metric(target, target)
    assert perfect in (0.0, 1.0)
    if n > 1:
        assert module.metric(target[::-1].copy(), target) <= perfect
    worse = 1 - target if head.is_class or head.name == "action_units" else -target - 1
    assert module.metric(worse, target) < perfect


def test_the_loss_is_finite_and_its_gradient_leads_toward_the_truth(module: ModuleType, head: Head) -> None:
    target, mask = torch.from_numpy(targets(head, 10)), known(head, 10, True)
    answer = torch.from_numpy(-raw(head)).requires_grad_()
    before = module.loss(answer, target, mask)
    assert torch.isfinite(before) and before.ndim == 0
    before.backward()
    assert answer.grad is not None
    assert module.loss(answer.detach() - 0.1 * answer.grad, target, mask) < before


@pytest.mark.parametrize("rubbish", [float("nan"), float("inf"), -5.0])
def test_where_nothing_is_known_the_loss_and_its_gradient_are_zero(
    module: ModuleType, head: Head, rubbish: float
) -> None:
    answer = torch.from_numpy(raw(head)).requires_grad_()
    target = torch.full((10, len(head.labels)), rubbish)
    loss = module.loss(answer, target, known(head, 10, False))
    loss.backward()
    assert loss.item() == 0
    assert answer.grad is not None and not answer.grad.any()


def test_unknown_faces_neither_count_nor_learn(module: ModuleType, head: Head) -> None:
    target = torch.from_numpy(targets(head, 10))
    mask = known(head, 10, True)
    mask[4:] = False
    answer = torch.from_numpy(raw(head)).requires_grad_()
    target[4:] = float("nan")
    loss = module.loss(answer, target, mask)
    loss.backward()
    alone = module.loss(answer.detach()[:4], target[:4], mask[:4])
    assert loss.item() == pytest.approx(alone.item(), rel=1e-5)
    assert answer.grad is not None and not answer.grad[4:].any() and answer.grad[:4].any()
