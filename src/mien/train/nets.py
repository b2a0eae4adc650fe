"""Our own networks: plain 3×3 convolutions and ReLU, which train fast in bf16 and gain most from int8."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def conv(inside: int, outside: int, stride: int = 1) -> nn.Sequential:
    """3×3 convolution and batch norm."""
    return nn.Sequential(nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside))


class Residual(nn.Module):
    """Two 3×3 convolutions beside a shortcut; with stride, the shortcut averages and mixes channels."""

    def __init__(self, inside: int, outside: int, stride: int = 1) -> None:
        super().__init__()
        self.first, self.second = conv(inside, outside, stride), conv(outside, outside)
        self.short: nn.Module = nn.Identity()
        if stride > 1 or inside != outside:
            mix = nn.Conv2d(inside, outside, 1, bias=False)
            self.short = nn.Sequential(nn.AvgPool2d(stride), mix, nn.BatchNorm2d(outside))
        norm = self.second[1]
        assert isinstance(norm, nn.BatchNorm2d)
        nn.init.zeros_(norm.weight)  # each block starts as its shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Features of the block."""
        return (self.second(self.first(x).relu()) + self.short(x)).relu()


class FaceNet(nn.Module):
    """A grey face (n, 1, 80, 80) → raw answers by head, and the features they share."""

    SIZE, FEATURES = 80, 256

    def __init__(self, heads: Mapping[str, int], widths: tuple[int, int, int, int] = (32, 64, 128, 224)) -> None:
        super().__init__()
        a, b, c, d = widths
        self.trunk = nn.Sequential(
            *(conv(1, a, 2), nn.ReLU(), Residual(a, a)),
            *(Residual(a, b, 2), Residual(b, b)),
            *(Residual(b, c, 2), Residual(c, c)),
            *(Residual(c, d, 2), Residual(d, d)),
        )
        self.features = nn.Sequential(nn.Linear(d, self.FEATURES, bias=False), nn.BatchNorm1d(self.FEATURES), nn.ReLU())
        self.drop = nn.Dropout(0.2)
        sizes = {"identity": d * 16, "action_units": self.FEATURES + d * 16}
        placed = {name: nn.Linear(sizes[name], width) for name, width in heads.items() if name in sizes}
        asked = {name: nn.Linear(self.FEATURES, width) for name, width in heads.items() if name not in sizes}
        self.heads, self.placed = nn.ModuleDict(asked), nn.ModuleDict(placed)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Raw answers of every head, and the shared features under `embedding256`."""
        maps = self.trunk(x)
        features, places = self.features(maps.mean((2, 3))), nn.functional.avg_pool2d(maps, 2, 1).flatten(1)
        answers = {name: head(self.drop(features)) for name, head in self.heads.items()}
        seen = {"identity": places, "action_units": torch.cat([self.drop(features), places], 1)}
        answers |= {name: head(seen[name]) for name, head in self.placed.items()}
        return answers | {"embedding256": features}
