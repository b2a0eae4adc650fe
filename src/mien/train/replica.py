"""The network of a shipped fp32 file as a torch module that can learn, and back into a file of the same graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from onnx import AttributeProto, GraphProto, NodeProto, TensorProto, helper, load_from_string, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from mien.errors import ModelError

Told = dict[str, int | float | list[int]]  # a node's attributes
_STATISTICS = slice(3, 5)  # the inputs of a batch norm that count, and do not learn


class Replica(nn.Module):
    """An ONNX graph of plain layers, node by node; every weight is a parameter of its name in the file.

    Batch norms that the file holds folded stay folded, and one that it keeps goes on with its statistics: a small set
    of faces cannot move them.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._model = load_from_string(content)
        graph = self._model.graph
        self._aliases = {n.output[0]: n.input[0] for n in graph.node if _widens(n, graph)}
        self._nodes = [n for n in graph.node if n.output[0] not in self._aliases]
        strange = sorted({n.op_type for n in self._nodes} - LAYERS.keys())
        if strange:
            raise ModelError(
                f"fine-tuning knows the layers {', '.join(LAYERS)}; this network has {', '.join(strange)}: "
                "take one that ships in fp32, as mien_s.default.fp32"
            )
        fixed = {
            self._source(i) for n in self._nodes if n.op_type == "BatchNormalization" for i in n.input[_STATISTICS]
        }
        self._names = [t.name for t in graph.initializer]
        arrays = (numpy_helper.to_array(t).astype(np.float32) for t in graph.initializer)
        self.weights = nn.ParameterList(
            nn.Parameter(torch.from_numpy(array), requires_grad=name not in fixed)
            for name, array in zip(self._names, arrays, strict=True)
        )

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Every output of the file by its name."""
        graph = self._model.graph
        known = dict(zip(self._names, self.weights, strict=True)) | {graph.input[0].name: x}
        for node in self._nodes:
            inputs = [known[self._source(name)] for name in node.input]
            known[node.output[0]] = LAYERS[node.op_type](inputs, _attributes(node))
        return {o.name: known[o.name] for o in graph.output}

    def weight(self, name: str) -> nn.Parameter:
        """A weight by its name in the graph."""
        return self.weights[self._names.index(self._source(name))]

    def layer(self, output: str) -> tuple[nn.Parameter, nn.Parameter]:
        """Weight (outputs, inputs) and bias of the linear layer that gives this output."""
        node = next((n for n in self._nodes if output in n.output), None)
        if node is None or node.op_type != "Gemm" or not _attributes(node).get("transB"):
            raise ModelError(f"{output!r} is not given by a linear layer of the network")
        return self.weight(node.input[1]), self.weight(node.input[2])

    def content(self, outputs: Sequence[str]) -> bytes:
        """The file with the present weights, stored as they were, and these outputs alone."""
        model = type(self._model)()
        model.CopyFrom(self._model)
        for tensor, weight in zip(model.graph.initializer, self.weights, strict=True):
            kind = helper.tensor_dtype_to_np_dtype(tensor.data_type)
            tensor.CopyFrom(numpy_helper.from_array(weight.detach().numpy().astype(kind), tensor.name))
        _prune(model.graph, outputs)
        return model.SerializeToString()

    def _source(self, name: str) -> str:
        return self._aliases.get(name, name)


def _widens(node: NodeProto, graph: GraphProto) -> bool:
    """Whether a node only widens a weight that is stored in 16 bits."""
    return node.op_type == "Cast" and any(
        t.name == node.input[0] and t.data_type == TensorProto.FLOAT16 for t in graph.initializer
    )


def _prune(graph: GraphProto, outputs: Sequence[str]) -> None:
    """Leave of a graph what these outputs need."""
    nodes, needed = list[NodeProto](), set(outputs)
    for node in reversed(graph.node):
        if needed & set(node.output):
            nodes.insert(0, node)
            needed |= set(node.input)
    weights = [t for t in graph.initializer if t.name in needed]
    answers = [o for o in graph.output if o.name in outputs]
    for name in ("node", "initializer", "output"):
        graph.ClearField(name)
    graph.node.extend(nodes)
    graph.initializer.extend(weights)
    graph.output.extend(answers)


def _attributes(node: NodeProto) -> Told:
    kinds = {AttributeProto.INT: "i", AttributeProto.FLOAT: "f", AttributeProto.INTS: "ints"}
    values = {a.name: getattr(a, kinds[a.type]) for a in node.attribute if a.type in kinds}
    return {k: list(v) if not isinstance(v, (int, float)) else v for k, v in values.items()}


def _conv(inputs: Sequence[Tensor], told: Told) -> Tensor:
    x, weight, *bias = inputs
    strides, pads = _ints(told, "strides"), _ints(told, "pads")
    return functional.conv2d(x, weight, *bias, stride=strides[0], padding=pads[0])


def _pool(inputs: Sequence[Tensor], told: Told) -> Tensor:
    return functional.avg_pool2d(
        inputs[0], _ints(told, "kernel_shape")[0], _ints(told, "strides")[0], _ints(told, "pads")[0]
    )


def _norm(inputs: Sequence[Tensor], told: Told) -> Tensor:
    x, weight, bias, mean, variance = inputs
    epsilon = told.get("epsilon", 1e-5)
    assert isinstance(epsilon, float)
    return functional.batch_norm(x, mean, variance, weight, bias, training=False, eps=epsilon)


def _ints(told: Told, name: str) -> list[int]:
    values = told.get(name, [])
    if not isinstance(values, list) or len(set(values)) != 1:
        raise ModelError(f"fine-tuning knows layers with the same {name} on every side, got {values}")
    return values


def _mean(inputs: Sequence[Tensor], told: Told) -> Tensor:
    axes = told["axes"]
    assert isinstance(axes, list)
    return inputs[0].mean(axes, keepdim=bool(told.get("keepdims", 1)))


def _join(inputs: Sequence[Tensor], told: Told) -> Tensor:
    axis = told["axis"]
    assert isinstance(axis, int)
    return torch.cat(list(inputs), axis)


LAYERS: dict[str, Callable[[Sequence[Tensor], Told], Tensor]] = {
    "Conv": _conv,
    "Relu": lambda inputs, told: inputs[0].relu(),
    "AveragePool": _pool,
    "Add": lambda inputs, told: inputs[0] + inputs[1],
    "ReduceMean": _mean,
    "MatMul": lambda inputs, told: inputs[0] @ inputs[1],
    "BatchNormalization": _norm,
    "Gemm": lambda inputs, told: functional.linear(*inputs),
    "Concat": _join,
    "Flatten": lambda inputs, told: inputs[0].flatten(1),
}
