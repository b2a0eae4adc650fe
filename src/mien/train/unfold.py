"""A checkpoint from the shipped fp32 file, for training to go on from where no checkpoint was kept.

python -m mien.train.unfold --data DIR --out .cache/train/mien_s.pt
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import NodeProto, numpy_helper
from torch import Tensor, nn

from mien.errors import ModelError
from mien.io import whole
from mien.train import ship
from mien.train.embedded import inputs, widths
from mien.train.nets import FaceNet

FILE = "mien_s_default.fp32.onnx"


def unfolded(net: FaceNet, content: bytes, batches: Sequence[Tensor]) -> FaceNet:
    """The network with the file's weights; norms that were folded have statistics, those of these batches, again."""
    graph = onnx.load_from_string(content).graph
    held = {t.name.removesuffix("_half"): _tensor(t) for t in graph.initializer}
    own = {name.removeprefix("net."): value for name, value in held.items() if name.startswith("net.")}
    for node in graph.node:
        if node.op_type == "MatMul":  # there is one
            own["features.0.weight"] = held[node.input[1]].T
    named = {name for name in net.state_dict() if not name.startswith("trunk.") and "num_batches" not in name}
    if {*own} != named:
        odd = sorted({*own} ^ named)
        raise ModelError(f"wanted the file of this network, with all its answers; these differ: {', '.join(odd[:3])}")
    net.load_state_dict(own, strict=False)
    pairs = [_layers(net, node) for node in graph.node if node.op_type == "Conv"]
    for (conv, norm), node in zip(pairs, (n for n in graph.node if n.op_type == "Conv"), strict=True):
        weight, bias = (held[name] for name in node.input[1:3])
        if weight.shape != conv.weight.shape:  # an averaging shortcut, exported as one convolution
            weight = weight.sum((2, 3), keepdim=True)
        conv.weight.data.copy_(weight)
        norm.load_state_dict({"weight": torch.ones_like(bias), "bias": bias, **_plain(norm)}, strict=False)
    with torch.no_grad():
        _measured(net.eval(), pairs, batches)
    return net


def _tensor(held: onnx.TensorProto) -> Tensor:
    return torch.from_numpy(numpy_helper.to_array(held).astype(np.float32))


def _plain(norm: nn.BatchNorm2d) -> dict[str, Tensor]:
    """Statistics under which a norm changes nothing."""
    many = norm.num_features
    return {"running_mean": torch.zeros(many), "running_var": torch.full((many,), 1 - norm.eps)}


def _layers(net: FaceNet, node: NodeProto) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    """The convolution and the norm of which a node of the file was made."""
    scopes = node.output[0].split("/")[2:-1]  # "trunk", "trunk.2", "first", "first.0": each names where it stands
    path = [a for a, b in pairwise([*scopes, ""]) if not b.startswith(f"{a}.")]
    both = list(net.get_submodule(".".join(path).rpartition(".")[0]).children())
    (conv,), (norm,) = [m for m in both if isinstance(m, nn.Conv2d)], [m for m in both if isinstance(m, nn.BatchNorm2d)]
    return conv, norm


def _measured(net: FaceNet, pairs: Sequence[tuple[nn.Conv2d, nn.BatchNorm2d]], batches: Sequence[Tensor]) -> None:
    """Give each norm the mean and variance of what its convolution says, and the scale and shift that undo them."""
    said: dict[nn.Module, list[Tensor]] = {conv: [] for conv, _ in pairs}

    def listen(conv: nn.Module, _: object, out: Tensor) -> None:
        flat = out.double().transpose(0, 1).flatten(1)
        said[conv].append(torch.stack([flat.mean(1), (flat**2).mean(1)]))

    hooks = [conv.register_forward_hook(listen) for conv, _ in pairs]
    for batch in batches:
        net(batch)
    for hook in hooks:
        hook.remove()
    for conv, norm in pairs:
        mean, square = torch.stack(said[conv]).mean(0)
        spread = (square - mean**2 + norm.eps).sqrt()
        told = {"running_mean": mean, "running_var": spread**2 - norm.eps, "weight": spread, "bias": norm.bias + mean}
        norm.load_state_dict({name: value.float() for name, value in told.items()}, strict=False)


def main() -> None:
    """Write the checkpoint from the command line."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--data", type=Path, required=True, help="holds ferplus.parquet")
    parse.add_argument("--out", type=Path, required=True)
    given = parse.parse_args()
    fit, _ = ship.photos(given.data)
    batches = [*map(torch.from_numpy, inputs(fit.images[:: len(fit) // 2048 or 1]))]
    net = unfolded(FaceNet(widths()), (ship.WEIGHTS / FILE).read_bytes(), batches)
    ship.restore(net, fit, -0.5)  # shipping takes it back again
    whole.folder(given.out.parent)
    with whole.whole(given.out) as part:
        torch.save({"kept": net.state_dict()}, part)


if __name__ == "__main__":
    main()
