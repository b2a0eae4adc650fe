"""From a trained network to files that ship: ONNX in fp32, ONNX in int8, each checked against what it was made from."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from torch import Tensor, nn

from mien.errors import ModelError
from mien.train.nets import GREY, Residual
from mien.types import Floats

OPSET = 17


def in_rgb(net: nn.Module, first: nn.Conv2d) -> nn.Module:
    """The network with luma folded into its first convolution, so that it takes RGB at no cost."""
    weight = torch.cat([first.weight * g for g in GREY], 1)
    kernel, stride, padding = first.kernel_size[0], first.stride[0], int(first.padding[0])
    wide = nn.Conv2d(weight.shape[1], first.out_channels, kernel, stride, padding, bias=False)
    wide.weight = nn.Parameter(weight.detach().clone())
    net = copy.deepcopy(net).eval()
    for parent in net.modules():
        for name, child in parent.named_children():
            if (
                isinstance(child, nn.Conv2d)
                and child.weight.shape == first.weight.shape
                and torch.equal(child.weight, first.weight)
            ):
                setattr(parent, name, wide)
                return net
    raise ModelError("the first convolution was not found in the network")


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
    """Quantise weights and activations to 8 bits, ranges from the examples; small last layers stay fp32.

    An answer in 256 steps is coarse where one range serves scores, boxes and points: a mouth was off by 5 pixels.
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
        nodes_to_exclude=last(ready),
    )
    ready.unlink()


def last(path: Path, small: int = 1 << 16) -> list[str]:
    """Names of the nodes with few weights that give the graph's outputs."""
    import onnx

    graph = onnx.load(str(path)).graph
    outputs = {output.name for output in graph.output}
    weights = {w.name: int(np.prod(w.dims)) for w in graph.initializer}
    return [n.name for n in graph.node if outputs & set(n.output) and sum(weights.get(i, 0) for i in n.input) < small]
