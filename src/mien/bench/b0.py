"""A network with EfficientNet-B0's layers and random weights: what EmotiEffLib's B0 costs, without its weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mien.card import Card, Input, Output
from mien.labels import AFFECTNET8
from mien.types import Floats

if TYPE_CHECKING:
    from onnx import NodeProto

CARD = Card(
    "b0.random",
    "b0_random.onnx",
    "none: random numbers",
    Input(224, "stretch", 0.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    (Output("expression", "output", 0, 8, labels=AFFECTNET8.names),),
    embedding="classifier",
)
STAGES = (  # widening, channels, blocks, stride, kernel: table 1 of the EfficientNet paper
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
STEM, LAST = 32, 1280


def onnx_file(seed: int) -> bytes:
    """The ONNX file, for pictures (n, 3, 224, 224); batch norms are folded into the convolutions, as exports do."""
    from onnx import TensorProto, helper, numpy_helper

    graph = _Graph(np.random.default_rng(seed))
    x, width = graph.swish(graph.conv("input", 3, STEM, 3, 2)), STEM
    for widening, channels, blocks, stride, kernel in STAGES:
        for block in range(blocks):
            x = graph.block(x, (width, width * widening, channels), kernel, stride if block == 0 else 1)
            width = channels
    x = graph.swish(graph.conv(x, width, LAST, 1))
    x = graph.add("Flatten", graph.add("GlobalAveragePool", x))
    x = graph.add("Gemm", x, graph.weight((8, LAST), LAST), graph.weight((8,), LAST), transB=1)
    graph.nodes[-1].output[0] = "output"
    made = helper.make_graph(
        graph.nodes,
        "b0",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, 224, 224])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", 8])],
        [numpy_helper.from_array(values, name) for name, values in graph.weights.items()],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()


@dataclass(slots=True)
class _Graph:
    """Nodes and weights so far; every method adds some and gives the name of what they make."""

    rng: np.random.Generator
    nodes: list[NodeProto] = field(default_factory=list)
    weights: dict[str, Floats] = field(default_factory=dict)

    def add(self, kind: str, *inputs: str, **attributes: int | list[int]) -> str:
        from onnx import helper

        name = f"t{len(self.nodes)}"
        node = helper.make_node(kind, list(inputs), [name])
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        self.nodes.append(node)
        return name

    def weight(self, shape: tuple[int, ...], inputs: int) -> str:
        name = f"w{len(self.weights)}"
        # 1.7 keeps the spread of numbers that pass through a swish, so that none becomes tiny and slow
        self.weights[name] = (self.rng.standard_normal(shape) * 1.7 / np.sqrt(inputs)).astype(np.float32)
        return name

    def conv(self, x: str, inside: int, outside: int, kernel: int, stride: int = 1, groups: int = 1) -> str:
        """A convolution with "same" padding, which at stride 2 is one more at the far side."""
        fan = inside // groups * kernel * kernel
        w, b = self.weight((outside, inside // groups, kernel, kernel), fan), self.weight((outside,), fan * 100)
        near = (kernel - stride) // 2 if stride > 1 else kernel // 2
        far = kernel - stride - near if stride > 1 else near
        pads = [near, near, far, far]
        return self.add("Conv", x, w, b, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=pads, group=groups)

    def swish(self, x: str) -> str:
        return self.add("Mul", x, self.add("Sigmoid", x))

    def block(self, x: str, widths: tuple[int, int, int], kernel: int, stride: int) -> str:
        """Widen, filter each channel, weigh the channels, narrow; beside a shortcut where the shape stays."""
        inside, wide, outside = widths
        y = x if wide == inside else self.swish(self.conv(x, inside, wide, 1))
        y = self.swish(self.conv(y, wide, wide, kernel, stride, groups=wide))
        few = inside // 4
        weights = self.swish(self.conv(self.add("GlobalAveragePool", y), wide, few, 1))
        y = self.add("Mul", y, self.add("Sigmoid", self.conv(weights, few, wide, 1)))
        y = self.conv(y, wide, outside, 1)
        return self.add("Add", y, x) if stride == 1 and inside == outside else y
