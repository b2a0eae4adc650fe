"""Thresholds, biases and gates: fitted on one split, never worse there than without."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from mien import temporal
from mien.errors import InputError
from mien.metrics import macro_f1
from mien.temporal.bias import Bias, shifted
from mien.temporal.gate import Gate, beside
from mien.temporal.threshold import Threshold
from mien.temporal.verdict import Verdict
from mien.types import Labels, Signal


def labels(k: int) -> Labels:
    return Labels("k", tuple(str(i) for i in range(k)))


def signal(values: np.ndarray, seen: np.ndarray | None = None) -> Signal:
    n, k = values.shape
    return Signal(np.arange(n) / 25, values.astype(np.float32), np.ones(n, bool) if seen is None else seen, labels(k))


def skewed(n: int = 2000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of a model that favours the frequent class, and the true classes."""
    draw = np.random.default_rng(seed)
    truth = draw.choice(4, n, p=[0.7, 0.2, 0.07, 0.03])
    logits = draw.normal(size=(n, 4)) + 1.5 * np.eye(4)[truth] + np.log([0.7, 0.2, 0.07, 0.03])
    return np.exp(logits) / np.exp(logits).sum(1, keepdims=True), truth


def test_thresholds_are_the_best_of_the_grid() -> None:
    draw = np.random.default_rng(0)
    truth = draw.random((500, 3)) < [0.5, 0.1, 0.02]
    values = np.clip(0.3 * truth + draw.normal(0.3, 0.2, (500, 3)), 0, 1).astype(np.float32)
    step = Threshold().fit([signal(values)], [signal(truth)])
    for i, limit in enumerate(step.values):
        scores = [f1_score(truth[:, i], values[:, i] > t, zero_division=0) for t in step.grid]
        assert f1_score(truth[:, i], values[:, i] > limit) == max(scores)


def test_thresholds_are_not_fitted_on_rows_of_unknown_truth() -> None:
    values = np.array([[0.2], [0.3], [0.9], [0.8]])
    truth = signal(np.array([[0.0], [0.0], [1.0], [0.0]]), np.array([True, True, True, False]))
    assert Threshold().fit([signal(values)], [truth]).values == (0.5,)
    unseen = signal(values, np.array([True, True, False, True]))
    everything = signal(np.array([[0.0], [1.0], [0.0], [1.0]]))
    assert Threshold(grid=(0.25, 0.85)).fit([unseen], [everything]).values == (0.25,)


def test_a_column_without_positives_keeps_one_half() -> None:
    assert Threshold().fit([signal(np.full((9, 1), 0.05))], [signal(np.zeros((9, 1)))]).values == (0.5,)


def test_a_step_fitted_on_other_columns_says_so() -> None:
    with pytest.raises(InputError, match="fitted on 2 columns, this signal has 3"):
        Threshold(values=(0.5, 0.5))(signal(np.zeros((4, 3))))


def test_fitting_without_a_known_row_says_so() -> None:
    with pytest.raises(InputError, match="got none"):
        Threshold().fit([signal(np.zeros((3, 1)))], [signal(np.zeros((3, 1)), np.zeros(3, bool))])


@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_every_try_of_a_bias_scores_as_scikit_learn_says(average: str) -> None:
    values, truth = skewed(300)
    logs, tries = np.log(values), np.linspace(-2, 2, 9) + 0.013
    for c in range(4):
        quick = shifted(logs, logs[:, c], truth, c, tries, weighted=average == "weighted")
        for t, score in zip(tries, quick, strict=True):
            guess = (logs + t * np.eye(4)[c]).argmax(1)
            assert score == pytest.approx(f1_score(truth, guess, average=average), abs=1e-12)


@pytest.mark.parametrize("step", [Bias, Verdict])
def test_what_is_fitted_by_the_weighted_f1_is_the_better_by_it(step: type[Bias] | type[Verdict]) -> None:
    draw = np.random.default_rng(7)
    signals, targets = [], []
    for _ in range(40):
        truth = draw.random(30) < draw.choice([0.0, 0.1, 0.6])
        sure = 1 / (1 + np.exp(1.5 - 1.5 * truth - draw.normal(size=30)))
        signals.append(signal(np.stack([1 - sure, sure], 1)))
        targets.append(signal(np.eye(2)[truth.astype(int)]))
    classes = np.concatenate([t.values.argmax(1) for t in targets])
    found = {}
    for weighted in (False, True):
        done = step(weighted=weighted).fit(signals, targets)
        guess = np.concatenate([done(s).values.argmax(1) for s in signals])
        found[weighted] = [f1_score(classes, guess, average=a) for a in ("macro", "weighted")]
    assert found[True][1] > found[False][1] and found[False][0] > found[True][0]


def test_a_bias_lifts_macro_f1_where_it_was_fitted_and_elsewhere() -> None:
    (values, truth), (others, unseen) = skewed(seed=0), skewed(seed=1)
    step = Bias().fit([signal(values)], [signal(np.eye(4)[truth])])
    for v, t in ((values, truth), (others, unseen)):
        plain = macro_f1(t, v.argmax(1), 4)
        assert macro_f1(t, step(signal(v)).values.argmax(1), 4) > plain + 0.03


def test_biased_rows_are_probabilities() -> None:
    values, _ = skewed(50)
    after = Bias(values=(0.5, -1, 2, 0))(signal(values)).values
    np.testing.assert_allclose(after.sum(1), 1, atol=1e-6)


def test_no_bias_changes_nothing() -> None:
    values, _ = skewed(50)
    np.testing.assert_allclose(Bias()(signal(values)).values, values, atol=1e-6)


def test_the_gate_takes_whole_rows_of_the_sure_model() -> None:
    own = signal(np.array([[0.6, 0.4], [0.6, 0.4]]))
    other = signal(np.array([[0.1, 0.9], [0.3, 0.7]]))
    after = Gate(limit=0.8)(beside(own, other))
    np.testing.assert_allclose(after.values, [[0.1, 0.9], [0.6, 0.4]], atol=1e-6)
    assert after.labels.names == own.labels.names


def test_a_gate_fitted_on_a_useless_model_stays_shut() -> None:
    truth = np.eye(3)[np.arange(30) % 3]
    wrong = np.roll(truth, 1, axis=1)
    step = Gate().fit([beside(signal(truth * 0.5 + 0.1), signal(wrong))], [signal(truth)])
    assert step.limit == 1


def test_a_gate_fitted_on_a_better_model_opens() -> None:
    truth = np.eye(3)[np.arange(30) % 3]
    step = Gate().fit([beside(signal(np.full((30, 3), 1 / 3)), signal(truth * 0.8 + 0.05))], [signal(truth)])
    assert step.limit == 0.8


def test_a_chain_of_fitted_steps_comes_back_from_json() -> None:
    values, truth = skewed(200)
    bias = Bias().fit([signal(values)], [signal(np.eye(4)[truth])])
    chain = (temporal.kind("fill")(), temporal.kind("smooth")(), bias)
    again = temporal.from_json(temporal.to_json(chain))
    once, twice = temporal.apply(chain, signal(values)), temporal.apply(again, signal(values))
    np.testing.assert_array_equal(once.values, twice.values)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "must be JSON"),
        ('{"step": "fill"}', "JSON list"),
        ('[{"step": "smoth"}]', "did you mean 'smooth'"),
        ('[{"step": "fill", "limits": 1}]', "did you mean 'limit'"),
        ('[{"step": "../fill"}]', "no step named"),
        ("[" * 100_000, "must be JSON"),
        ('[{"step": "smooth", "seconds": "0.5"}]', "seconds of the step smooth must be float . None, got '0.5'"),
        ('[{"step": "smooth", "rows": 1.5}]', "rows of the step smooth must be int"),
        ('[{"step": "smooth", "rows": true}]', "rows of the step smooth must be int"),
        ('[{"step": "smooth", "kind": ["box"]}]', "kind of the step smooth must be Literal"),
        ('[{"step": "gate", "limit": null}]', "limit of the step gate must be float, got None"),
        ('[{"step": "bias", "values": "abc"}]', "values of the step bias must be tuple"),
        ('[{"step": "bias", "values": [0, "a"]}]', "values of the step bias must be tuple"),
        ('[{"step": "stride", "strides": 10}]', "strides of the step stride must be tuple"),
        ('[{"step": "stride", "strides": [10, 5.0, 1]}]', "strides of the step stride must be tuple"),
    ],
)
def test_json_that_is_no_chain_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        temporal.from_json(text)


def test_whole_numbers_in_json_are_taken_for_floats() -> None:
    text = '[{"step": "smooth", "seconds": 1, "rows": null}, {"step": "bias", "values": [0, 1]}]'
    assert temporal.from_json(text) == (temporal.kind("smooth")(seconds=1.0), Bias((0.0, 1.0)))


def test_a_threshold_answers_on_its_grid_as_it_was_fitted() -> None:
    values, truth = np.array([[0.3], [0.3], [0.35], [0.7]]), np.array([[0], [0], [1], [1]])
    step = Threshold(grid=(0.3, 0.7)).fit([signal(values)], [signal(truth)])
    np.testing.assert_array_equal(step(signal(values)).values, truth)
