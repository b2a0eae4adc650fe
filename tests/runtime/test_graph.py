"""The walker over ONNX bytes, against the onnx package and against hostile files."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.card import Card, Input, Output
from mien.errors import ModelError
from mien.runtime.graph import Node, classifier_input, nodes, tail, with_output
from mien.runtime.onnx import Onnx

CARD = Card("net.test", "net.onnx", "none", Input(8), (Output("expression", "output", 0, 8),))
Network = Callable[..., bytes]


@pytest.fixture(scope="module")
def model(network: Network) -> bytes:
    return network(CARD)


def test_the_nodes_are_those_that_the_onnx_package_reads(model: bytes) -> None:
    wanted = [Node(n.op_type, tuple(n.input), tuple(n.output)) for n in onnx.load_from_string(model).graph.node]
    assert list(nodes(model)) == wanted
    assert len(wanted) == 5


def test_an_appended_output_is_one_more_for_the_onnx_package_and_nothing_else_changes(model: bytes) -> None:
    for name in ("features", "x" * 200):  # a length of one byte and of two
        before, after = onnx.load_from_string(model), onnx.load_from_string(with_output(model, name))
        assert [o.name for o in after.graph.output] == ["output", name]
        del after.graph.output[1]
        assert after == before


def chain(*steps: tuple[str, list[str], str]) -> bytes:
    graph = onnx.helper.make_graph([onnx.helper.make_node(k, i, [o]) for k, i, o in steps], "g", [], [])
    return onnx.helper.make_model(graph).SerializeToString()


def test_the_last_gemm_before_a_softmax_and_a_bias_is_found() -> None:
    model = chain(
        ("Gemm", ["x", "w0"], "hidden"),
        ("Relu", ["hidden"], "features"),
        ("MatMul", ["features", "w1"], "product"),
        ("Add", ["bias", "product"], "logits"),
        ("Softmax", ["logits"], "output"),
    )
    assert classifier_input(model, "output") == "features"
    assert classifier_input(model, "hidden") == "x"


def test_a_circle_of_nodes_ends_in_an_error() -> None:
    with pytest.raises(ModelError, match="no Gemm or MatMul"):
        classifier_input(chain(("Relu", ["a"], "b"), ("Relu", ["b"], "a")), "a")


def test_a_gemm_without_inputs_is_no_classifier() -> None:
    with pytest.raises(ModelError, match="no Gemm or MatMul"):
        classifier_input(chain(("Gemm", [], "output")), "output")


def test_every_cut_of_a_file_is_an_error_or_fewer_nodes_never_a_crash(model: bytes) -> None:
    whole = list(nodes(model))
    for size in range(0, len(model), 37):
        try:
            assert list(nodes(model[:size])) == whole[: len(list(nodes(model[:size])))]
        except ModelError as error:
            assert "truncated" in str(error)


@given(st.binary(max_size=200))
def test_any_bytes_are_walked_to_an_end(content: bytes) -> None:
    try:
        for node in nodes(content):
            assert isinstance(node, Node)
    except ModelError:
        pass


@pytest.mark.parametrize(
    "content",
    [b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", b"\x3a\x05\x01", b"\xff" * 20, b"\x3b", b"\x39\x00"],
    ids=["length of 2^70", "length past the end", "endless number", "group", "half a double"],
)
def test_lengths_that_lie_are_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match="ONNX"):
        list(nodes(content))


@pytest.mark.parametrize("linear", ["Gemm", "MatMul"])
def test_the_tail_gives_the_whole_networks_answer_from_its_features(network: Network, linear: str) -> None:
    whole = network(CARD, linear=linear)
    picture = np.random.default_rng(0).random((3, 3, 8, 8), np.float32)
    answers = Onnx(with_output(whole, "features"), threads=1).run(picture)
    end = tail(whole, "features", ["output"])
    onnx.checker.check_model(onnx.load_from_string(end))
    assert len(end) < len(whole)
    np.testing.assert_array_equal(Onnx(end, threads=1).run(answers["features"])["output"], answers["output"])


def test_a_tail_from_nowhere_is_refused(model: bytes) -> None:
    with pytest.raises(ModelError, match="nothing leads from 'elsewhere' to output"):
        tail(model, "elsewhere", ["output"])
