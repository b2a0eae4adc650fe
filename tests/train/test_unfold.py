"""From a shipped file training goes on as from the checkpoint it was made of."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mien.errors import ModelError
from mien.train import export
from mien.train.embedded import widths
from mien.train.nets import FaceNet
from mien.train.unfold import unfolded

NARROW = (8, 8, 16, 16)


@pytest.fixture
def trained() -> tuple[FaceNet, list[torch.Tensor]]:
    """A network whose norms have statistics, scales and shifts of their own, and the faces they come from."""
    torch.manual_seed(0)
    net, batches = FaceNet(widths(), NARROW), [torch.randn(32, 1, FaceNet.SIZE, FaceNet.SIZE) for _ in range(3)]
    for norm in net.modules():
        if isinstance(norm, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d):
            torch.nn.init.uniform_(norm.weight, 0.3, 1)
            torch.nn.init.uniform_(norm.bias, -1, 1)
    with torch.no_grad():
        for batch in batches * 10:
            net(batch)
    return net.eval(), batches


@pytest.mark.parametrize("halved", [False, True])
def test_the_file_of_a_network_gives_that_network_back(
    trained: tuple[FaceNet, list[torch.Tensor]], halved: bool, tmp_path: Path
) -> None:
    net, batches = trained
    names, path = [*net.heads, *net.placed, "embedding256"], tmp_path / "a.onnx"
    export.to_onnx(net, names, batches[0][:2], path, {0: "n"})
    if halved:
        export.store_halved(path)
    torch.manual_seed(1)
    back = unfolded(FaceNet(widths(), NARROW), path.read_bytes(), batches)
    other = torch.randn(4, 1, FaceNet.SIZE, FaceNet.SIZE)
    with torch.no_grad():
        wanted, got = net(other), back(other)
    for name in names:
        torch.testing.assert_close(got[name], wanted[name], atol=1e-2 if halved else 1e-4, rtol=1e-3)


def test_norms_say_the_same_when_they_learn_from_such_faces(
    trained: tuple[FaceNet, list[torch.Tensor]], tmp_path: Path
) -> None:
    net, batches = trained
    export.to_onnx(net, [*net.heads, *net.placed], batches[0][:2], tmp_path / "a.onnx", {0: "n"})
    back = unfolded(FaceNet(widths(), NARROW), (tmp_path / "a.onnx").read_bytes(), batches)
    with torch.no_grad():
        calm, learning = back.eval().trunk(batches[0]), back.train().trunk(batches[0])
    assert (calm - learning).abs().mean() < 0.1 * calm.abs().mean()


def test_a_file_with_fewer_answers_is_refused(trained: tuple[FaceNet, list[torch.Tensor]], tmp_path: Path) -> None:
    net, batches = trained
    export.to_onnx(net, ["identity", "age"], batches[0][:2], tmp_path / "a.onnx", {0: "n"})
    with pytest.raises(ModelError, match=r"these differ: heads\.ethnicity"):
        unfolded(FaceNet(widths(), NARROW), (tmp_path / "a.onnx").read_bytes(), batches)
