"""Grey squares at twice their side: resized, drawn by a small network learned on renders, or by Real-ESRGAN."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mien.errors import ModelError
from mien.geometry import luma, shrink
from mien.runtime.onnx import Onnx

Greys = NDArray[np.uint8]  # (n, s, s)
BATCH = 16


class Upscaler(Protocol):
    """Grey squares (n, s, s) → the same faces (n, 2s, 2s)."""

    def __call__(self, images: Greys) -> Greys:
        """All of them, in order."""
        ...


def resized(images: Greys, side: int, how: str = "bilinear") -> Greys:
    """The same at another side, antialiased."""
    return np.stack([shrink(image, (side, side), how) for image in images])


@dataclass(frozen=True, slots=True)
class Resized:
    """Nothing but resizing, `bilinear` or `bicubic`."""

    how: str = "bicubic"

    def __call__(self, images: Greys) -> Greys:
        """All of them, in order."""
        return resized(images, 2 * images.shape[1], self.how)


class Small(nn.Module):
    """What bicubic resizing lacks, from 7 × 7 pixels around: three convolutions, four pixels out of each."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        last = nn.Conv2d(width, 4, 3, padding=1)
        nn.init.zeros_(last.weight)  # it starts as bicubic
        self.net = nn.Sequential(
            *(nn.Conv2d(1, width, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(width, width, 3, padding=1), nn.ReLU()),
            *(last, nn.PixelShuffle(2)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Faces (n, 1, s, s) → (n, 1, 2s, 2s), both in 0..1."""
        return functional.interpolate(x, scale_factor=2, mode="bicubic", align_corners=False) + self.net(x)


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A small network's upscaling."""

    net: Small

    @torch.inference_mode()
    def __call__(self, images: Greys) -> Greys:
        """All of them, in order."""
        return _by_batch(images, lambda x: self.net(torch.from_numpy(x[:, None])).numpy()[:, 0])


def learned(images: Greys, steps: int, seed: int = 0) -> Drawn:
    """The small network, learned to bring these faces back from half their side."""
    torch.manual_seed(seed)
    net, draw = Small(), np.random.default_rng(seed)
    halves, optimiser = resized(images, images.shape[1] // 2), torch.optim.Adam(net.parameters(), lr=2e-3)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = 2e-3 * (1 - step / steps)
        rows = draw.integers(len(images), size=BATCH)
        x, y = (torch.from_numpy(a[rows, None]).float() / 255 for a in (halves, images))
        loss = functional.l1_loss(net(x), y)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    return Drawn(net.eval())


class RealEsrgan:
    """Real-ESRGAN in an ONNX file of yours: colour pictures in 0..1 → four times the side, shrunk to twice."""

    def __init__(self, file: Path) -> None:
        self._onnx = Onnx(file, threads=1)

    def __call__(self, images: Greys) -> Greys:
        """All of them, in order."""
        side = images.shape[1]
        large = _by_batch(images, self._enlarged)
        if large.shape[1:] != (4 * side, 4 * side):
            raise ModelError(f"Real-ESRGAN draws four times the side, {4 * side}, got {large.shape[1:]}")
        return resized(large, 2 * side)

    def _enlarged(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        (colours,) = self._onnx.run(np.repeat(batch[:, None], 3, 1)).values()
        return _unit(np.stack([luma(_bytes(c.transpose(1, 2, 0))) for c in colours]))


def _by_batch(images: Greys, draw: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> Greys:
    return np.concatenate([_bytes(draw(_unit(images[i : i + BATCH]))) for i in range(0, len(images), BATCH)])


def _unit(images: Greys) -> NDArray[np.float32]:
    return np.divide(images, 255, dtype=np.float32)


def _bytes(values: NDArray[np.float32]) -> Greys:
    return (values.clip(0, 1) * 255).round().astype(np.uint8)


def psnr(one: Greys, other: Greys) -> float:
    """Likeness in decibels."""
    error = np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-12)))
