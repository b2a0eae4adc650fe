"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from mien.card import Card

# The same examples on every machine, however busy it is.
settings.register_profile("mien", deadline=None, derandomize=True, database=None)
settings.load_profile("mien")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("MIEN_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set MIEN_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def network() -> Callable[..., bytes]:
    """Makes an ONNX file of random weights that fits a card: one convolution, the mean, a classifier per output."""
    return _network


def _network(card: Card, features: int = 6, batch: int | str = "n", linear: str = "Gemm") -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    side, cell = card.input.size, max(card.input.size // 4, 1)
    weights = {"kernel": rng.standard_normal((features, 3, cell, cell)) / cell}
    nodes = [
        helper.make_node("Conv", [card.input_tensor, "kernel"], ["cells"], strides=[cell, cell]),
        helper.make_node("Relu", ["cells"], ["active"]),
        helper.make_node("GlobalAveragePool", ["active"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["features"]),
    ]
    widths = {o.tensor: max(p.stop for p in card.outputs if p.tensor == o.tensor) for o in card.outputs}
    for tensor, width in widths.items():
        weights |= {f"{tensor}.w": rng.standard_normal((features, width)), f"{tensor}.b": rng.standard_normal(width)}
        if linear == "Gemm":
            nodes.append(helper.make_node("Gemm", ["features", f"{tensor}.w", f"{tensor}.b"], [tensor]))
        else:
            nodes.append(helper.make_node("MatMul", ["features", f"{tensor}.w"], [f"{tensor}.product"]))
            nodes.append(helper.make_node("Add", [f"{tensor}.product", f"{tensor}.b"], [tensor]))
    graph = helper.make_graph(
        nodes,
        card.name,
        [helper.make_tensor_value_info(card.input_tensor, TensorProto.FLOAT, [batch, 3, side, side])],
        [helper.make_tensor_value_info(t, TensorProto.FLOAT, [batch, w]) for t, w in widths.items()],
        [numpy_helper.from_array(w.astype(np.float32), name) for name, w in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()
