"""Measuring: turns, ratios, the B0's layers, and what is said where a peer is missing."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mien import bench
from mien.bench import b0, size, weights
from mien.bench.peer import Peer
from mien.bench.timing import in_turns, medians, ratio
from mien.cli import build
from mien.errors import InputError
from mien.runtime.onnx import Onnx


def test_tasks_are_run_in_turns_after_one_round_that_does_not_count() -> None:
    order: list[str] = []
    taken = in_turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 3)
    assert order == list("abababab")
    assert {name: len(seconds) for name, seconds in taken.items()} == {"a": 3, "b": 3}


def test_a_task_that_times_itself_is_believed() -> None:
    taken = in_turns({"slow": lambda: 6.0, "fast": lambda: 2.0}, 2)
    assert medians(taken) == {"slow": 6.0, "fast": 2.0}
    assert ratio(taken, "slow", "fast") == 3


def test_the_ratio_is_the_median_over_rounds_not_of_sums() -> None:
    assert ratio({"a": [2.0, 2.0, 100.0], "b": [1.0, 1.0, 1.0]}, "a", "b") == 2


@pytest.mark.parametrize(("value", "at_most", "met"), [(1.1, True, True), (1.2, True, False), (8, False, True)])
def test_a_claim_says_whether_it_is_met(value: float, at_most: bool, met: bool) -> None:
    claim = bench.Claim("ratio", value, 1.15, at_most)
    assert claim.met == met
    assert ("MISSED" in str(claim)) != met


def test_every_question_is_a_file_with_one_signature() -> None:
    for name in (*bench.QUESTIONS, *bench.SLOW):
        module = importlib.import_module(f"mien.bench.{name}")
        assert list(module.measure.__annotations__.values()) == ["Setup", "Answer"]


def test_what_the_package_requires_is_followed_to_the_end_and_extras_are_not() -> None:
    names = size.required("mien")
    assert names >= {"numpy", "onnxruntime", "pillow", "av", "typer"}  # as pyproject says
    assert "flatbuffers" in names  # which only onnxruntime asks for
    assert not names & {"torch", "matplotlib", "pandas", "pytest"}


def test_the_b0_has_the_weights_of_efficientnet_b0_and_finite_answers() -> None:
    import onnx

    content = b0.onnx_file(0)
    graph = onnx.load_from_string(content).graph
    published, norms, old, new = 5_288_548, 21_008, 1_281_000, 10_248  # of 1,000 classes; folded scales; classifiers
    assert sum(int(np.prod(w.dims)) for w in graph.initializer) == published - norms - old + new
    answers = Onnx(content, b0.CARD, threads=1).run(np.random.default_rng(0).random((2, 3, 224, 224), np.float32))
    assert answers["embedding"].shape == (2, 1280)
    assert np.isfinite(answers["output"]).all() and answers["output"].std() > 1e-3


def test_a_missing_peer_is_named_with_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="pip install emotiefflib"):
        Peer("emotiefflib", tmp_path, {})


def test_the_command_prints_claims_and_keeps_the_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = bench.Answer((bench.Claim("cost", 1.0, 1.15, at_most=True),), {"seconds": {"a": 0.5}})
    monkeypatch.setattr("mien.bench.overhead.measure", lambda setup: answer)
    run = CliRunner().invoke(build(), ["bench", "overhead", "--out", str(tmp_path)])
    assert run.stdout == "overhead: cost: 1 (wanted at most 1.15: met)\n"
    kept = json.loads((tmp_path / "bench_overhead.json").read_text())
    assert kept["figures"]["claims"]["cost"] == {"value": 1.0, "limit": 1.15, "met": True}
    assert kept["figures"]["seconds"] == {"a": 0.5}


def test_a_peer_that_is_missing_fails_its_question_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.bench.start.measure", lambda setup: bench.Answer((), {}))
    arguments = ["bench", "network", "start", "--peers", str(tmp_path), "--out", str(tmp_path)]
    run = CliRunner().invoke(build(), arguments)
    assert run.exit_code == 2
    assert "network: emotiefflib is not at" in run.stderr
    assert (tmp_path / "bench_start.json").exists()


def test_a_question_nobody_knows_is_refused_before_any_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien.bench.start.measure", lambda setup: pytest.fail("it was measured"))
    run = CliRunner().invoke(build(), ["bench", "start", "stat", "--out", str(tmp_path)])
    assert "no question named 'stat'; did you mean 'start'?" in str(run.exception)


def test_the_shipped_networks_can_be_timed() -> None:
    answer = weights.measure(bench.Setup(quick=True))
    assert [claim.value > 0 for claim in answer.claims] == [True] * 3
