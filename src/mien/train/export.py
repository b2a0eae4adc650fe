"""From a trained network to files that ship: ONNX in fp32, ONNX in int8, each checked against what it was made from."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from mien.errors import ModelError
from mien.train.nets import Residual
from mien.types import Floats

OPSET = 17


class Blocks(nn.Module):
    """A wide first convolution on one channel, as one of 2 by 2 blocks of its stride's size: the same answers.

    An engine gathers a block of pixels in one go, and every pixel under a kernel by itself: 2.5 times as fast.
    """

    def __init__(self, wide: nn.Conv2d) -> None:
        super().__init__()
        kernel, self.side, before = wide.kernel_size[0], wide.stride[0], int(wide.padding[0])
        if wide.in_channels != 1 or kernel - before > self.side or before > self.side:
            raise ModelError(
                f"wanted a convolution on one channel that reaches a block back and none ahead, got {wide}"
            )
        weight = torch.zeros(wide.out_channels, 1, 2 * self.side, 2 * self.side)
        start = self.side - before
        weight[:, :, start : start + kernel, start : start + kernel] = wide.weight.detach()
        self.weight = nn.Parameter(nnf.pixel_unshuffle(weight, self.side))

    def forward(self, x: Tensor) -> Tensor:
        """What the wide one gives on (n, 1, h, w), h and w multiples of its stride."""
        n, _, _, w = x.shape
        rows = x.reshape(-1, self.side, w // self.side, self.side).transpose(1, 2)
        return Trailing.apply(rows.reshape(n, -1, w // self.side, self.side**2).permute(0, 3, 1, 2), self.weight)


def blocked(stem: nn.Module) -> None:
    """Put a stem's first convolution into blocks, in place."""
    assert isinstance(stem, nn.Sequential)
    first = stem[0]
    assert isinstance(first, nn.Conv2d)
    stem[0] = Blocks(first)


class Trailing(torch.autograd.Function):
    """A convolution of 2 by 2 that sees a cell, and those above and left of it; zeros beyond the border."""

    @staticmethod
    def forward(ctx: object, x: Tensor, weight: Tensor) -> Tensor:
        """In torch, which fills up all sides alike or in a step of its own."""
        return nnf.conv2d(nnf.pad(x, (1, 0, 1, 0)), weight)

    @staticmethod
    def symbolic(graph: Any, x: Any, weight: Any) -> Any:
        """In ONNX, as one node."""
        return graph.op("Conv", x, weight, pads_i=[1, 1, 0, 0])


def pooled(net: nn.Module) -> nn.Module:
    """The network with its averaging shortcuts as convolutions: the same answers, in one pass instead of two."""
    net = copy.deepcopy(net).eval()
    for block in net.modules():
        if isinstance(block, Residual) and isinstance(block.short, nn.Sequential):
            average, mix, norm = block.short
            assert isinstance(average, nn.AvgPool2d) and isinstance(mix, nn.Conv2d)
            step = average.kernel_size
            assert isinstance(step, int)
            one = nn.Conv2d(mix.in_channels, mix.out_channels, step, step, bias=False)
            one.weight = nn.Parameter(mix.weight.detach().expand(-1, -1, step, step) / step**2)
            block.short = nn.Sequential(one, norm)
    return net


class Named(nn.Module):
    """A network that answers with a dict, as the tuple that ONNX wants."""

    def __init__(self, net: nn.Module, names: Sequence[str]) -> None:
        super().__init__()
        self.net, self.names = net, tuple(names)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """The answers in the order of the names."""
        answers = self.net(x)
        return tuple(answers[n] for n in self.names) if isinstance(answers, dict) else tuple(answers)


def to_onnx(net: nn.Module, names: Sequence[str], example: Tensor, path: Path, free: dict[int, str]) -> None:
    """Write the network in fp32 and check it against torch on the example; `free` names the axes that may vary."""
    tuple_net = Named(pooled(net), names).eval()
    axes = {"input": free} | dict.fromkeys(names, free)
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            tuple_net,
            (example,),
            str(path),
            input_names=["input"],
            output_names=list(names),
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
    with torch.no_grad():
        wanted = Named(net, names).eval()(example)
    got = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"input": example.numpy()})
    worst = max(float(np.abs(a.numpy() - b).max()) for a, b in zip(wanted, got, strict=True))
    if worst > 1e-3:
        raise ModelError(f"ONNX and torch differ by {worst:.2g} on {path.name}, wanted at most 1e-3")


def store_halved(path: Path, above: int = 1024) -> None:
    """Store large weights in 16 bits, widened again when the file is loaded: half the size, still computed in fp32."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(path))
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and np.prod(tensor.dims) > above:
            name = tensor.name
            half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}_half")
            tensor.CopyFrom(half)
            casts.append(helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT))
    for place, node in enumerate(casts):
        model.graph.node.insert(place, node)
    onnx.save(model, str(path))


def to_int8(source: Path, path: Path, examples: Sequence[Floats]) -> None:
    """Quantise weights and activations to 8 bits, ranges from the examples; small last layers and means stay fp32.

    An answer in 256 steps is coarse where one range serves scores, boxes and points: a mouth was off by 5 pixels.
    A mean of neighbours takes eight times as long in 8 bits.
    """
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.calibrate import CalibrationDataReader
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        """What the quantiser reads: one batch after another."""

        rows = iter([{"input": batch} for batch in examples])

        def get_next(self) -> dict[str, Floats]:
            """The next batch, empty at the end."""
            return next(self.rows, {})

    ready = path.with_suffix(".ready.onnx")
    quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
    quantize_static(
        str(ready),
        str(path),
        Reader(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.MinMax,
        nodes_to_exclude=spared(ready),
    )
    ready.unlink()


def spared(path: Path, small: int = 1 << 16) -> list[str]:
    """Names of the nodes that stay fp32: small ones that give the graph's outputs, and means of neighbours."""
    import onnx

    graph = onnx.load(str(path)).graph
    outputs = {output.name for output in graph.output}
    weights = {w.name: int(np.prod(w.dims)) for w in graph.initializer}
    last = [n.name for n in graph.node if outputs & set(n.output) and sum(weights.get(i, 0) for i in n.input) < small]
    return last + [n.name for n in graph.node if n.op_type == "AveragePool"]
