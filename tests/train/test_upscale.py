"""Grey squares at twice their side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from mien.errors import ModelError
from mien.train import upscale

torch.set_num_threads(1)


def faces(count: int, side: int = 24) -> upscale.Greys:
    """Discs with sharp edges, here and there."""
    draw = np.random.default_rng(0)
    line = np.arange(side)
    x, y, r = (draw.uniform(low, high, (count, 1, 1)) for low, high in ((8, 16), (8, 16), (3, 7)))
    inside = (line - x) ** 2 + (line[:, None] - y) ** 2 < r**2
    return np.where(inside, 220, 30).astype(np.uint8)


def esrgan(path: Path, factor: int) -> Path:
    """A network that repeats every pixel."""
    sizes = numpy_helper.from_array(np.array([1, 1, factor, factor], np.float32), "sizes")
    node = helper.make_node("Resize", ["x", "", "sizes"], ["y"], mode="nearest")
    shape = ["n", 3, "h", "w"]
    graph = helper.make_graph(
        [node], "esrgan",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3, "h4", "w4"])],
        [sizes],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("how", ["bilinear", "bicubic"])
def test_resizing_doubles_the_side_and_leaves_an_even_face_alone(how: str) -> None:
    even = np.full((3, 10, 10), 77, np.uint8)
    np.testing.assert_array_equal(upscale.Resized(how)(even), np.full((3, 20, 20), 77))


def test_the_learned_network_beats_bicubic_on_faces_it_never_saw() -> None:
    every = faces(40)
    net = upscale.learned(every[:32], steps=120)
    halves = upscale.resized(every[32:], 12)
    assert upscale.psnr(net(halves), every[32:]) > upscale.psnr(upscale.Resized()(halves), every[32:]) + 0.1


def test_real_esrgan_of_a_file_gives_twice_the_side_in_order(tmp_path: Path) -> None:
    images = faces(40, 12)
    made = upscale.RealEsrgan(esrgan(tmp_path / "x4.onnx", 4))(images)
    wanted = upscale.resized(images.repeat(4, 1).repeat(4, 2), 24)
    assert np.abs(made.astype(int) - wanted).max() <= 2  # luma of three equal channels rounds


def test_a_network_that_does_not_draw_four_times_the_side_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="four times the side, 48"):
        upscale.RealEsrgan(esrgan(tmp_path / "x2.onnx", 2))(faces(1, 12))


def test_likeness_is_the_signal_to_noise_ratio() -> None:
    a = np.full((1, 4, 4), 100, np.uint8)
    assert upscale.psnr(a, a + np.uint8(16)) == pytest.approx(20 * np.log10(255 / 16))
