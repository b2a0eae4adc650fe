"""The six defects of the published notebooks: each test fails on the defective form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.fusion.compound import PAIRS, compound
from mien.labels import AFFECTNET8
from mien.recipes.plans import sparse
from mien.temporal.fill import Fill
from mien.temporal.stride import Stride
from mien.train.data import affwild2
from mien.types import Floats, Labels, Signal

ONE = Labels("one", ("x",))


def line(values: np.ndarray, seen: np.ndarray | None = None, frames: np.ndarray | None = None) -> Signal:
    n = len(values)
    times = np.arange(n) / 30 if frames is None else frames / 30
    return Signal(times, values.astype(np.float32).reshape(n, -1), np.ones(n, bool) if seen is None else seen, ONE)


def test_1_a_missing_frame_is_most_like_its_nearer_neighbour() -> None:
    seen = np.array([True, False, False, False, True])
    filled = Fill()(line(np.array([0, 9, 9, 9, 4.0]), seen)).values.ravel()
    wrong = [0, 3, 2, 1, 4]  # the weight the wrong way round
    assert filled.tolist() == [0, 1, 2, 3, 4] != wrong


def test_2_the_answer_is_the_highest_class_not_the_lowest(tmp_path: Path) -> None:
    scores = np.full((1, 8), 0.1, np.float32)
    scores[0, 5], scores[0, 2] = 0.3, 0.01
    affwild2.submit(affwild2.EXPR, tmp_path / "expr.txt", {"v": 1}, {"v": scores})
    assert (tmp_path / "expr.txt").read_text().splitlines()[1] == "v/00001.jpg,5"  # the arg min would be 2


def test_3_smoothing_sparse_rows_reads_its_own_array_and_the_whole_window() -> None:
    draw = np.random.default_rng(0)
    frames, values, sigma = np.cumsum(draw.integers(1, 40, 60)), draw.random(60), 900.0
    got = sparse(4, sigma)(line(values, frames=frames)).values.ravel()
    right, short = np.zeros(60), np.zeros(60)
    for i in range(60):
        for out, first in ((right, i - 4), (short, i - 3)):  # the defective backward loop skipped the first index
            window = np.arange(max(first, 0), min(i + 5, 60))
            weight = np.exp(-((frames[window] - frames[i]) ** 2) / sigma)
            out[i] = (weight * values[window]).sum() / weight.sum()
    np.testing.assert_allclose(got, right, atol=2e-6)
    assert np.abs(got - short).max() > 1e-3


def test_4_compound_scores_take_probabilities_as_they_are() -> None:
    probabilities = np.full((1, 8), 0.02, np.float32)
    probabilities[0, AFFECTNET8.index("fear")] = 0.86
    signal = Signal(np.zeros(1), probabilities, np.ones(1, bool), AFFECTNET8)
    first, second = PAIRS["fearfully surprised"]
    got = compound(signal)["fearfully surprised"][0]
    wanted = (probabilities[0, AFFECTNET8.index(first)] + probabilities[0, AFFECTNET8.index(second)]) / 2
    assert got == pytest.approx(wanted)
    twice = _softmax(probabilities)[0]
    assert abs(got - (twice[AFFECTNET8.index(first)] + twice[AFFECTNET8.index(second)]) / 2) > 0.1


def _softmax(x: Floats) -> Floats:
    e = np.exp(x)
    return e / e.sum(1, keepdims=True)


def test_5_a_decision_already_made_is_not_paid_for_again() -> None:
    labels = Labels("two", ("a", "b"))
    sure = np.tile(np.array([[0.99, 0.01]], np.float32), (36, 1))
    step = Stride((18, 6, 1), half=None, thresholds=(0.5, 0.5))
    signal = Signal(np.arange(36) / 30, sure, np.ones(36, bool), labels)
    assert step.spent(signal).share == pytest.approx(2 / 36)  # counted again at each level: 44 / 36
    assert int(step.spent(signal).ran.sum()) == 2


def test_6_a_figure_fitted_on_the_scored_rows_stands_beside_the_honest_one(
    twin: dict[str, Path], tmp_path: Path
) -> None:
    from mien import recipes
    from mien.train import course

    recipe = recipes.named("abaw4_mtl")
    scored = course.score(recipe, twin["mtl"], course.train(recipe, twin["mtl"], tmp_path, seed=0))
    plain, tuned = scored.lines
    assert plain.honest == plain.optimistic  # nothing was fitted
    assert tuned.optimistic > tuned.honest  # thresholds chosen on the rows they are scored on


def test_6_the_crossed_figure_is_that_of_thresholds_fitted_on_other_films(
    twin: dict[str, Path], tmp_path: Path
) -> None:
    from mien import recipes
    from mien.metrics import mean_f1
    from mien.temporal.threshold import Threshold
    from mien.train import chain, course
    from mien.train.folds import folds

    recipe = recipes.named("abaw4_mtl")
    answers = course.train(recipe, twin["mtl"], tmp_path, seed=0)
    line = course.score(recipe, twin["mtl"], answers).lines[1]
    split = course.material(recipe, twin["mtl"]).score
    part = next(p for p in recipe.parts if p.question == "action_units")
    at = chain.bench(part, split, answers.score)
    (values,) = at.signals.values()
    truth, guess = [], []
    for held in folds([course.people(v)[0] for v in split.rows.videos]):
        rest = [i for i in range(len(values)) if i not in held]
        step = Threshold().fit([values[i] for i in rest], [at.truth[i] for i in rest])
        truth += [at.truth[i].values[at.truth[i].seen] for i in held]
        guess += [step(values[i]).values[at.truth[i].seen] for i in held]
    wanted = mean_f1(np.concatenate(truth), np.concatenate(guess))
    assert line.crossed == pytest.approx(wanted + line.honest - line.parts["action_units"])
    assert line.crossed is not None and line.crossed < line.optimistic
