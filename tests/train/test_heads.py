"""Losses, class weights, SAM, tallies, the store: each against its definition."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn import metrics as reference

from mien.errors import InputError
from mien.metrics import ccc, mean_f1, mean_pearson
from mien.train import features, learners, losses, sam, tally
from mien.train.data import Rows, Target
from mien.train.fit import Task
from mien.train.inputs import Inputs
from mien.train.questions import named
from mien.train.recipe import Kind, Plan

torch.set_num_threads(1)
DRAW = np.random.default_rng(0)


def test_the_papers_class_weights_come_out() -> None:
    counts = np.array([177_198, 16_573, 10_771, 9_080, 95_463, 78_751, 31_615, 165_866])
    truth = np.eye(8, dtype=np.float32)[np.repeat(np.arange(8), counts // 10)]
    published = [1, 10.69, 16.45, 19.52, 1.856, 2.25, 5.605, 1.068]
    np.testing.assert_allclose(losses.class_weights(truth, "min"), published, rtol=2e-3)
    assert losses.class_weights(truth, "mean").mean() == pytest.approx(1)
    assert (truth @ losses.class_weights(truth, "balanced")).mean() == pytest.approx(1, rel=1e-4)
    ratio = losses.class_weights(truth, "raised") / losses.class_weights(truth, "balanced")
    np.testing.assert_allclose(ratio, [1] * 7 + [1.15], rtol=1e-6)
    with pytest.raises(InputError, match="class weights are none"):
        losses.class_weights(truth, "median")  # type: ignore[arg-type]


def test_both_sides_of_a_unit_weigh_the_same() -> None:
    truth = (DRAW.random((500, 3)) < [0.5, 0.1, 0.02]).astype(np.float32)
    zeros, ones = losses.column_weights(truth)
    np.testing.assert_allclose(ones * truth.sum(0), zeros * (1 - truth).sum(0), rtol=1e-5)


@pytest.mark.parametrize("name", sorted(losses.LOSSES))
def test_every_loss_falls_along_its_gradient_and_is_finite_where_a_class_is_missing(name: str) -> None:
    raw = torch.from_numpy(DRAW.normal(size=(40, 4)).astype(np.float32)).requires_grad_()
    soft = name in ("ccc", "half_ccc", "squared_ccc", "pearson")
    truth = torch.from_numpy(DRAW.random((40, 4)).astype(np.float32) if soft else np.eye(4, dtype="f4")[[0, 1] * 20])
    weights = torch.ones(2, 4) if name == "binary" else torch.ones(4)
    before = losses.LOSSES[name](raw, truth, weights)
    before.backward()
    with torch.no_grad():
        after = losses.LOSSES[name](raw - 0.01 * raw.grad, truth, weights)  # type: ignore[operator]
    assert torch.isfinite(before) and after < before


def test_the_ccc_of_a_batch_is_that_of_the_metric() -> None:
    a, b = DRAW.normal(size=(30, 2)), DRAW.normal(size=(30, 2))
    got = losses.concordance(torch.from_numpy(a), torch.from_numpy(b)).numpy()
    np.testing.assert_allclose(got, [ccc(a[:, i], b[:, i]) for i in range(2)], rtol=1e-6)


def test_sam_takes_the_gradient_uphill_and_steps_from_where_it_was() -> None:
    weight = torch.tensor([3.0, 4.0], requires_grad=True)
    optimiser = torch.optim.SGD([weight], lr=0.1)
    sam.step(optimiser, lambda: 0.5 * (weight**2).sum(), rho=0.5)
    uphill = np.array([3, 4]) * (1 + 0.5 / 5)  # the gradient is the weight itself, of length five
    np.testing.assert_allclose(weight.detach().numpy(), np.array([3, 4]) - 0.1 * uphill, rtol=1e-5)


def test_sam_without_reach_is_the_optimiser_alone() -> None:
    weight = torch.tensor([3.0], requires_grad=True)
    sam.step(torch.optim.SGD([weight], lr=0.1), lambda: 0.5 * (weight**2).sum(), rho=0.0)
    assert weight.item() == pytest.approx(2.7)


def test_sums_over_videos_score_as_scikit_learn_on_all_rows() -> None:
    video = np.sort(DRAW.integers(0, 9, 300))
    truth, guess = (np.eye(5, dtype=np.float32)[DRAW.integers(0, 5, 300)] for _ in range(2))
    names = {tally.MACRO_F1: "macro", tally.WEIGHTED_F1: "weighted"}
    for score, average in names.items():
        sums = score.by_video(truth, guess, video, 9)
        wanted = reference.f1_score(truth.argmax(1), guess.argmax(1), average=average)
        assert score.total(sums.sum(0)) == pytest.approx(wanted)
    sums = tally.ACCURACY.by_video(truth, guess, video, 9)
    assert tally.ACCURACY.total(sums.sum(0)) == pytest.approx((truth.argmax(1) == guess.argmax(1)).mean())


def test_sums_of_values_score_as_the_plain_metrics() -> None:
    video = np.sort(DRAW.integers(0, 9, 300))
    truth = DRAW.random((300, 4)).astype(np.float32)
    guess = (0.3 * truth + DRAW.random((300, 4))).astype(np.float32) / 1.3
    every = {tally.MEAN_PEARSON: mean_pearson(truth, guess), tally.MEAN_F1: mean_f1(truth, guess)}
    every[tally.MEAN_CCC] = float(np.mean([ccc(truth[:, i], guess[:, i]) for i in range(4)]))
    for score, wanted in every.items():
        assert score.total(score.by_video(truth, guess, video, 9).sum(0)) == pytest.approx(wanted, rel=1e-5)


def test_equal_runs_do_not_differ_and_better_ones_do() -> None:
    video = np.repeat(np.arange(40), 20)
    truth = DRAW.normal(size=(800, 1)).astype(np.float32)
    good, bad = (truth + s * DRAW.normal(size=truth.shape).astype(np.float32) for s in (0.5, 2.0))
    one, other = (tally.MEAN_CCC.by_video(truth, g, video, 40) for g in (good, bad))
    swapped = tally.tosses(40, seed=0)
    gap, chance = tally.paired(tally.gaps(tally.MEAN_CCC, one, other, swapped))
    assert gap > 0.2 and chance < 0.01
    assert tally.paired(tally.gaps(tally.MEAN_CCC, one, one, swapped)) == (0, 1)
    low, high = tally.interval(tally.MEAN_CCC.total(tally.draws(40) @ one))
    assert low < tally.MEAN_CCC.total(one.sum(0)) < high


def filled(folder: Path) -> features.Writer:
    writer = features.Writer(folder, ["a", "b"], 3, 2)
    for video, n in ((0, 4), (1, 2)):
        frame = np.arange(1, n + 1) * 10
        rows = np.full((n, 3), video + 0.5, np.float32)
        writer.add(np.full(n, video), frame, np.arange(n) != 1, rows, np.zeros((n, 2), np.float32))
    return writer


def test_a_store_finds_rows_by_video_and_frame_repeats_and_strangers_included(tmp_path: Path) -> None:
    filled(tmp_path)
    store = features.opened(tmp_path)
    rows = Rows(("b", "a", "c"), np.array([0, 0, 0, 1, 1, 2]), np.array([10, 10, 11, 10, 20, 10]), {})
    places, seen = store.places(rows)
    assert seen.tolist() == [True, True, False, True, False, False]  # a/20 has no face, b/11 and c are not there
    assert store.embedding[places[seen]][:, 0].tolist() == [1.5, 1.5, 0.5]


def test_a_killed_pass_goes_on_behind_the_last_whole_chunk(tmp_path: Path) -> None:
    filled(tmp_path / "whole")
    filled(tmp_path / "cut")
    with (tmp_path / "cut" / "embedding.bin").open("ab") as file:
        file.write(b"half a row that was being written")
    (tmp_path / "cut" / "done").write_text("4")  # the kill came before the second chunk counted
    writer = features.Writer(tmp_path / "cut", ["a", "b"], 3, 2)
    assert writer.done == 4
    rows = np.full((2, 3), 1.5, np.float32)
    writer.add(np.full(2, 1), np.array([10, 20]), np.array([True, False]), rows, np.zeros((2, 2), np.float32))
    for name in features.COLUMNS:
        assert (tmp_path / "cut" / f"{name}.bin").read_bytes() == (tmp_path / "whole" / f"{name}.bin").read_bytes()


def test_two_passes_at_once_into_one_store_would_mix_their_rows_so_the_second_is_refused(tmp_path: Path) -> None:
    first = filled(tmp_path)
    with pytest.raises(InputError, match=r"another run is writing there; .* another folder with --name"):
        filled(tmp_path)
    assert len(features.opened(tmp_path)) == first.done == 6, "who only reads need not wait"
    del first
    assert filled(tmp_path).done == 12


def test_a_damaged_store_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no features in"):
        features.opened(tmp_path)
    filled(tmp_path)
    (tmp_path / "logits.bin").write_bytes(b"")
    with pytest.raises(InputError, match=r"logits.bin must hold 48 bytes for 6 rows"):
        features.opened(tmp_path)
    (tmp_path / "store.json").write_text('{"sizes": [1e99, 2], "videos": []}')
    with pytest.raises(InputError, match=r"store.json"):
        features.opened(tmp_path)
    with pytest.raises(InputError, match="other videos or widths"):
        (tmp_path / "store.json").write_text('{"sizes": [3, 2], "videos": ["z"]}')
        features.Writer(tmp_path, ["a", "b"], 3, 2)


def test_a_support_vector_machine_answers_each_unit_by_itself(tmp_path: Path) -> None:
    draw = np.random.default_rng(0).normal(size=(200, 12)).astype(np.float32)
    truth = Target((draw > 0).astype(np.float32), np.ones(200, bool))
    rows = Inputs(torch.from_numpy(draw.astype(np.float16)), np.ones(200, bool), np.array([0, 200]))
    (answer,) = learners.learn(
        [Task(named("action_units"), Plan(kind="svm", rate=10.0), truth, truth)], rows, rows, 0, tmp_path / "none.pt"
    )
    assert mean_f1(truth.values, answer(rows)) > 0.9


def few(epochs: int, kind: Kind = "net") -> tuple[Task, Inputs]:
    """Rows of two classes, none of them known where heads are chosen: all epochs are equally good."""
    draw = np.random.default_rng(0).normal(size=(80, 4)).astype(np.float16)
    truth = Target(np.eye(2, dtype=np.float32)[(draw[:, 0] > 0).astype(int)], np.ones(80, bool))
    task = Task(named("violence"), Plan(kind=kind, epochs=epochs), truth, Target(truth.values, np.zeros(80, bool)))
    return task, Inputs(torch.from_numpy(draw), np.ones(80, bool), np.array([0, 80]))


@pytest.mark.parametrize("kind", ["net", "tcn"])
def test_of_equally_good_epochs_the_one_that_learned_longest_is_kept(kind: Kind, tmp_path: Path) -> None:
    said = []
    for epochs in (1, 3):
        task, rows = few(epochs, kind)
        (answer,) = learners.learn([task], rows, rows, 0, tmp_path / f"{epochs}.pt")
        said.append(answer(rows))
    assert np.abs(said[0] - said[1]).max() > 1e-4


@pytest.mark.parametrize("content", [b"", b"PK\3\4 cut", b"garbage"], ids=["empty", "cut", "garbage"])
@pytest.mark.parametrize("kind", ["net", "tcn"])
def test_a_damaged_head_is_told(kind: Kind, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "head.pt").write_bytes(content)
    task, rows = few(1, kind)
    with pytest.raises(InputError, match=r"head\.pt holds no state of this training"):
        learners.learn([task], rows, rows, 0, tmp_path / "head.pt")


def test_a_network_is_not_asked_what_its_logits_do_not_know() -> None:
    _, rows = few(1)
    with pytest.raises(InputError, match="logits answer none of AU01, AU02"):
        learners.native(named("action_units"), rows)


@pytest.mark.parametrize("name", sorted(losses.LOSSES))
def test_no_loss_is_without_a_slope_where_all_answers_of_a_batch_are_alike(name: str) -> None:
    raw = torch.zeros(2, 2, requires_grad=True)  # as of two clips in which nobody spoke
    weights = torch.ones(2, 2) if name == "binary" else torch.ones(2)
    losses.LOSSES[name](raw, torch.tensor([[0.0, 1.0], [1.0, 0.0]]), weights).backward()
    assert raw.grad is not None and torch.isfinite(raw.grad).all()


def test_another_networks_features_are_not_taken_for_those_already_there(tmp_path: Path) -> None:
    features.Writer(tmp_path / "new", ["a"], 3, 2, "one")
    features.Writer(tmp_path / "new", ["a"], 3, 2, "one")
    features.Writer(tmp_path / "old", ["a"], 3, 2)
    features.Writer(tmp_path / "old", ["a"], 3, 2, "one")  # it does not say whose it is
    with pytest.raises(InputError, match="or another network's; delete it, or choose another --name"):
        features.Writer(tmp_path / "new", ["a"], 3, 2, "two")


def test_features_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="Not a directory"):
        features.Writer(tmp_path / "file" / "below", ["a"], 3, 2)
