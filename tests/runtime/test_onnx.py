"""Real ONNX files through onnxruntime: what fits a card runs, what does not is refused by name."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import numpy_helper

from mien.card import Card, Input, Output
from mien.errors import DeviceError, ModelError
from mien.runtime import onnx as runtime
from mien.runtime.onnx import Onnx

CARD = Card(
    "net.test",
    "net.onnx",
    "none",
    Input(16),
    (Output("expression", "output", 0, 8), Output("valence_arousal", "output", 8, 10)),
)
BATCH = np.random.default_rng(3).standard_normal((5, 3, 16, 16)).astype(np.float32)
Network = Callable[..., bytes]


def weights(model: bytes) -> dict[str, np.ndarray]:
    return {w.name: numpy_helper.to_array(w) for w in onnx.load_from_string(model).graph.initializer}


@pytest.mark.parametrize("linear", ["Gemm", "MatMul"])
def test_one_pass_gives_the_logits_and_the_features_they_come_from(network: Network, linear: str) -> None:
    model = network(CARD, linear=linear)
    raw = Onnx(model, replace(CARD, embedding="classifier")).run(BATCH)
    w = weights(model)
    assert raw["embedding"].shape == (5, 6)
    np.testing.assert_allclose(raw["embedding"] @ w["output.w"] + w["output.b"], raw["output"], atol=1e-5)


def test_answers_with_the_embedding_equal_those_without(network: Network) -> None:
    model = network(CARD)
    with_it = Onnx(model, replace(CARD, embedding="classifier")).run(BATCH)["output"]
    np.testing.assert_array_equal(Onnx(model, CARD).run(BATCH)["output"], with_it)


def test_features_that_are_an_output_already_are_not_added_twice(network: Network) -> None:
    model = onnx.load_from_string(network(CARD))
    model.graph.output.append(onnx.helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, ["n", 6]))
    raw = Onnx(model.SerializeToString(), replace(CARD, embedding="classifier")).run(BATCH)
    assert sorted(raw) == ["embedding", "output"]


def test_a_network_that_torch_exports_gives_its_features_too() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    body = torch.nn.Sequential(
        torch.nn.Conv2d(3, 7, 3, 2), torch.nn.SiLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
    )
    net = torch.nn.Sequential(body, torch.nn.Dropout(0.2), torch.nn.Linear(7, 10)).eval()
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter of opset 11, which the published files come from, is deprecated
        torch.onnx.export(
            net, torch.zeros(1, 3, 16, 16), file, input_names=["input"], output_names=["output"],
            dynamic_axes={"input": {0: "n"}, "output": {0: "n"}}, opset_version=11, dynamo=False,
        )  # fmt: skip
    raw = Onnx(file.getvalue(), replace(CARD, embedding="classifier")).run(BATCH)
    with torch.no_grad():
        np.testing.assert_allclose(raw["output"], net(torch.from_numpy(BATCH)), atol=1e-5)
        np.testing.assert_allclose(raw["embedding"], body(torch.from_numpy(BATCH)), atol=1e-5)


def test_a_path_and_its_bytes_are_one_model(network: Network, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(network(CARD))
    np.testing.assert_array_equal(Onnx(path).run(BATCH)["output"], Onnx(path.read_bytes()).run(BATCH)["output"])


def test_a_graph_for_a_single_face_takes_a_batch_too(network: Network) -> None:
    many, one = Onnx(network(CARD), CARD).run(BATCH), Onnx(network(CARD, batch=1), CARD).run(BATCH)
    np.testing.assert_allclose(one["output"], many["output"], atol=1e-6)


def test_widths_are_what_the_network_gives(network: Network) -> None:
    assert Onnx(network(CARD, features=9), replace(CARD, embedding="classifier")).widths(Input(16)) == {
        "output": 10,
        "embedding": 9,
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"input_tensor": "image"}, "names one input 'image', the file has: input"),
        ({"input": Input(20)}, r"does not take the card's \(n, 3, 20, 20\)"),
        ({"outputs": (Output("expression", "logits", 0, 8),)}, "names output 'logits', the file has: output"),
        ({"outputs": (Output("expression", "output", 4, 12),)}, "reads columns 4:12 of 'output', the file gives 10"),
    ],
)
def test_a_file_that_does_not_fit_its_card_is_refused_by_name(network: Network, change: dict, said: str) -> None:
    with pytest.raises(ModelError, match=f"net.test.*{said}"):
        Onnx(network(CARD), replace(CARD, **change))


def test_a_network_without_a_classifier_has_no_embedding_to_take(network: Network) -> None:
    model = onnx.load_from_string(network(CARD))
    del model.graph.node[4]
    model.graph.node.append(onnx.helper.make_node("Identity", ["features"], ["output"]))
    with pytest.raises(ModelError, match="no Gemm or MatMul feeds 'output'"):
        Onnx(model.SerializeToString(), replace(CARD, embedding="classifier"))


@pytest.mark.parametrize("content", [b"", b"no network", bytes(100), b"\x08" * 50])
def test_bytes_that_are_no_network_are_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match=r"net.test cannot be loaded|ONNX file|no Gemm"):
        Onnx(content, CARD)
    with pytest.raises(ModelError):
        Onnx(content, replace(CARD, embedding="classifier"))


@pytest.mark.parametrize("place", ["initializer", "constant", "branch", "sparse", "sparse constant", "function"])
def test_weights_in_other_files_are_refused_as_they_could_be_any_file(network: Network, place: str) -> None:
    model = onnx.load_from_string(network(CARD))
    away = onnx.TensorProto(name="w", data_type=1, dims=[1], data_location=onnx.TensorProto.EXTERNAL)
    away.external_data.add(key="location", value="../../secret.bin")
    constant = onnx.helper.make_node("Constant", [], ["c"], value=away)
    if place == "initializer":
        model.graph.initializer.append(away)
    elif place == "constant":
        model.graph.node.append(constant)
    elif place.startswith("sparse"):
        sparse = onnx.SparseTensorProto(values=away, indices=onnx.TensorProto(data_type=7, dims=[1]), dims=[1])
        if place == "sparse":
            model.graph.sparse_initializer.append(sparse)
        else:
            model.graph.node.append(onnx.helper.make_node("Constant", [], ["c"], sparse_value=sparse))
    elif place == "function":
        model.functions.append(onnx.FunctionProto(name="f", domain="d", node=[constant]))
    else:
        branch = onnx.helper.make_graph([constant], "branch", [], [])
        model.graph.node.append(onnx.helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch))
    with pytest.raises(ModelError, match="keeps weights in other files; save it as one file"):
        Onnx(model.SerializeToString(), CARD)


def test_a_device_that_is_not_there_is_an_error_and_never_the_processor(network: Network) -> None:
    absent = [d for d, p in runtime._PROVIDERS.items() if p not in ort.get_available_providers()]
    assert absent
    for device in absent:
        with pytest.raises(DeviceError, match=f"cannot use '{device}'; it needs"):
            Onnx(network(CARD), device=device)


def test_a_device_that_fails_to_start_is_an_error_too(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """onnxruntime itself then goes on with the processor; here it claims to have CUDA and has not."""
    monkeypatch.setattr(runtime.ort, "get_available_providers", lambda: list(runtime._PROVIDERS.values()))
    real = runtime.ort.InferenceSession
    monkeypatch.setattr(runtime.ort, "InferenceSession", lambda content, options, **asked: real(content, options))
    with pytest.raises(DeviceError, match="'cuda' could not be started"):
        Onnx(network(CARD), device="cuda")


def test_an_unknown_device_names_the_known_ones(network: Network) -> None:
    with pytest.raises(DeviceError, match="no device named 'tpu'; known: cpu, cuda"):
        Onnx(network(CARD), device="tpu")


def test_threads_are_as_asked_at_most_four_by_default_and_do_not_spin(network: Network) -> None:
    for asked, wanted in ((3, 3), (None, min(4, runtime.cores()))):
        options = Onnx(network(CARD), threads=asked)._session.get_session_options()
        assert (options.intra_op_num_threads, options.inter_op_num_threads) == (wanted, 1)
        assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    options = Onnx(network(CARD), spin=True)._session.get_session_options()
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "1"
