"""From a checkpoint to the files that ship, and back: training goes on from a file as from what it was made of."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from mien.errors import ModelError
from mien.runtime.onnx import Onnx
from mien.train import export, loop, ship, unfold
from mien.train.embedded import chances, inputs, widths
from mien.train.nets import FaceNet
from mien.train.sources import SIDE, Source
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


@pytest.fixture
def fit() -> Source:
    """Forty noisy faces, one in ten of them surprised, the others at rest."""
    images = np.random.default_rng(0).integers(0, 255, (40, SIDE, SIDE), dtype=np.uint8)
    soft = np.full((40, 8), 0.01, np.float32)
    soft[:, 0], soft[:4, 0], soft[:4, 3] = 0.93, 0.01, 0.93
    names = np.arange(40).astype(str)
    return Source(images, {"expression": soft}, names, names)


def test_a_checkpoint_of_the_shipped_file_ships_as_that_file(
    fit: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "new" / "mien_s.pt"
    monkeypatch.setattr(ship, "photos", lambda data: (fit, fit))
    monkeypatch.setattr(sys, "argv", ["unfold", "--data", str(tmp_path), "--out", str(out)])
    unfold.main()
    net = loop.averaged(FaceNet(widths()), out).eval()
    ship.restore(net, fit)
    (batch,) = inputs(fit.images)
    wanted = Onnx(ship.WEIGHTS / unfold.FILE, threads=1).run(batch)
    with torch.no_grad():
        got = net(torch.from_numpy(batch))
    for name in ("expression", "action_units", "identity"):
        np.testing.assert_allclose(got[name], wanted[name], atol=1e-3)


def test_what_ships_in_int8_begins_with_blocks_and_what_can_learn_on_with_plain_layers(
    fit: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ship, "WEIGHTS", tmp_path)
    torch.save({"kept": FaceNet(widths()).state_dict()}, tmp_path / "a.pt")
    int8, fp32 = ship.faces("mien_s.default", [tmp_path / "a.pt"], (fit, fit))
    first = dict[str, list[int]]()
    for card in (int8, fp32):
        content = (tmp_path / card.file).read_bytes()
        assert card.hash == f"sha256:{hashlib.sha256(content).hexdigest()}" and card.size == len(content)
        kernels = [[*t.dims] for t in onnx.load_from_string(content).graph.initializer if len(t.dims) == 4]
        (first[card.name],) = [k for k in kernels if k[1] < 32]  # the others see 32 channels and more
    assert first == {"mien_s.default": [32, 4, 2, 2], "mien_s.default.fp32": [32, 1, 3, 3]}


def test_all_of_the_shares_taken_back_are_the_shares_of_the_faces(fit: Source) -> None:
    net, soft = FaceNet(widths(), NARROW).eval(), fit.targets["expression"]
    expression = net.heads["expression"]
    assert isinstance(expression, torch.nn.Linear)
    drawn = (chances(fit)[:, None] * soft).sum(0)  # what a network that sees nothing would answer
    expression.bias.data = torch.from_numpy(np.log(drawn)).float()
    ship.restore(net, fit, 1.0)
    shares = soft.mean(0) / soft.sum(1).mean()
    assert drawn[3] > 2 * shares[3]
    np.testing.assert_allclose(expression.bias.softmax(0).detach().numpy(), shares, atol=1e-5)
