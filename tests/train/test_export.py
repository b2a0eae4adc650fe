"""What ships says what was trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch

from mien.errors import ModelError
from mien.train import export, ship
from mien.train.embedded import widths
from mien.train.finder import FinderNet
from mien.train.nets import FaceNet
from mien.train.ship import temperature


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(6, 4, 2), (3, 2, 1), (2, 2, 0), (5, 4, 1)])
def test_a_first_convolution_in_blocks_changes_no_answer(
    kernel: int, stride: int, padding: int, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    wide = torch.nn.Conv2d(1, 5, kernel, stride, padding, bias=False)
    blocks = export.Blocks(wide)
    picture = torch.randn(2, 1, 32, 48)
    with torch.no_grad():
        np.testing.assert_allclose(blocks(picture).numpy(), wide(picture).numpy(), atol=1e-5)
    export.to_onnx(Pair(blocks), ["a", "b"], picture, tmp_path / "a.onnx", {2: "h", 3: "w"})
    other = torch.randn(2, 1, 64, 16)
    got = ort.InferenceSession(str(tmp_path / "a.onnx"), providers=["CPUExecutionProvider"]).run(
        None, {"input": other.numpy()}
    )
    np.testing.assert_allclose(np.asarray(got[0]), wide(other).detach().numpy(), atol=1e-5)


def test_a_first_convolution_that_looks_ahead_is_refused() -> None:
    for wide in (torch.nn.Conv2d(1, 5, 7, 4, 2), torch.nn.Conv2d(3, 5, 6, 4, 2), torch.nn.Conv2d(1, 5, 6, 4, 5)):
        with pytest.raises(ModelError, match="one channel"):
            export.Blocks(wide)


class Pair(torch.nn.Module):
    """One network's answer twice, for graphs with several outputs."""

    def __init__(self, net: torch.nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The answer, and its double."""
        answer = self.net(x)
        return answer, 2 * answer


@pytest.mark.parametrize(
    ("net", "side"), [(FaceNet(widths(), (8, 8, 8, 16)), FaceNet.SIZE), (FinderNet(8), 64)], ids=["face", "finder"]
)
def test_shortcuts_as_convolutions_change_no_answer_and_leave_no_pooling(net: torch.nn.Module, side: int) -> None:
    torch.manual_seed(0)
    net.train()
    net(torch.randn(4, 1, side, side))  # so that the norms have statistics of their own
    net = net.eval()
    picture, ready = torch.randn(2, 1, side, side), export.pooled(net)
    assert any(isinstance(m, torch.nn.AvgPool2d) for m in net.modules())
    assert not any(isinstance(m, torch.nn.AvgPool2d) for m in ready.modules())
    with torch.no_grad():
        wanted, got = net(picture), ready(picture)
    wanted = wanted.values() if isinstance(wanted, dict) else wanted
    got = got.values() if isinstance(got, dict) else got
    for a, b in zip(wanted, got, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-4)


def test_units_are_read_from_what_is_there_and_from_where() -> None:
    torch.manual_seed(0)
    net = FaceNet(widths(), (8, 8, 8, 16)).eval()
    picture, units = torch.randn(2, 1, net.SIZE, net.SIZE), net.placed["action_units"]
    assert isinstance(units, torch.nn.Linear)
    with torch.no_grad():
        whole = net(picture)
        for part in (slice(None, net.FEATURES), slice(net.FEATURES, None)):
            kept = units.weight[:, part].clone()
            units.weight[:, part] = 0
            other = net(picture)
            units.weight[:, part] = kept
            assert not torch.allclose(other["action_units"], whole["action_units"])
            assert torch.equal(other["identity"], whole["identity"])


def test_the_face_network_is_small_and_tells_places_by_means_of_four_neighbours() -> None:
    net = FaceNet(widths()).eval()
    assert sum(weights.numel() for weights in net.parameters()) <= 3_000_000
    picture = torch.randn(2, 1, net.SIZE, net.SIZE)
    with torch.no_grad():
        maps = net.trunk(picture)
        assert maps.shape[2:] == (5, 5)
        means = [[maps[:, :, y : y + 2, x : x + 2].mean((2, 3)) for x in range(4)] for y in range(4)]
        places = torch.stack([torch.stack(row, 2) for row in means], 2).flatten(1)
        torch.testing.assert_close(net(picture)["identity"], net.placed["identity"](places))


def test_int8_stays_near_fp32(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = FaceNet(widths(), (8, 8, 8, 16)).eval()
    names = [*net.heads, *net.placed, "embedding256"]
    export.to_onnx(net, names, torch.randn(2, 1, net.SIZE, net.SIZE), tmp_path / "a.onnx", {0: "n"})
    batches = [np.random.default_rng(i).normal(size=(8, 1, net.SIZE, net.SIZE)).astype(np.float32) for i in range(3)]
    export.to_int8(tmp_path / "a.onnx", tmp_path / "b.onnx", batches)
    a, b = (ort.InferenceSession(str(tmp_path / f), providers=["CPUExecutionProvider"]) for f in ("a.onnx", "b.onnx"))
    for x, y in zip(a.run(None, {"input": batches[0]}), b.run(None, {"input": batches[0]}), strict=True):
        assert np.abs(np.asarray(x) - np.asarray(y)).mean() < 0.1 * np.abs(np.asarray(x)).mean() + 1e-3


def test_an_engine_computes_convolutions_in_int8_and_means_of_neighbours_in_fp32(tmp_path: Path) -> None:
    net = FaceNet(widths(), (8, 8, 8, 16)).eval()
    export.to_onnx(net, ["identity"], torch.randn(2, 1, net.SIZE, net.SIZE), tmp_path / "a.onnx", {0: "n"})
    batches = [np.random.default_rng(0).normal(size=(8, 1, net.SIZE, net.SIZE)).astype(np.float32)]
    export.to_int8(tmp_path / "a.onnx", tmp_path / "b.onnx", batches)
    options = ort.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "run.onnx")
    ort.InferenceSession(str(tmp_path / "b.onnx"), options, providers=["CPUExecutionProvider"])
    kinds = {node.op_type for node in onnx.load(str(tmp_path / "run.onnx")).graph.node}
    assert {"QLinearConv", "AveragePool"} <= kinds
    assert not kinds & {"Conv", "QLinearAveragePool"}


def test_the_answers_of_int8_are_finer_than_256_steps(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = FinderNet(8).eval()
    names = ["maps8", "maps16", "maps32"]
    export.to_onnx(net, names, torch.randn(1, 1, 64, 64), tmp_path / "a.onnx", {2: "h", 3: "w"})
    batches = [np.random.default_rng(i).normal(size=(1, 1, 128, 128)).astype(np.float32) for i in range(3)]
    export.to_int8(tmp_path / "a.onnx", tmp_path / "b.onnx", batches)
    session = ort.InferenceSession(str(tmp_path / "b.onnx"), providers=["CPUExecutionProvider"])
    finest = np.asarray(session.run(None, {"input": batches[0]})[0])
    assert len(np.unique(finest)) > 300


@pytest.mark.parametrize("heat", [0.5, 1.0, 2.5])
def test_the_fitted_temperature_is_the_one_that_was_put_in(heat: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 8)).astype(np.float32) * 2
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert temperature(logits * heat, p.astype(np.float32)) == pytest.approx(heat, rel=0.01)


def test_only_judges_ship_several_together(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["ship", "--name", "finder.default", "--checkpoint", "a.pt", "b.pt"])
    with pytest.raises(SystemExit):
        ship.main()
    assert "wanted one checkpoint for finder.default, got 2" in capsys.readouterr().err
