"""Small random changes to a batch of faces: place, light, sharpness, hidden parts; in colour, its tint."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as nnf


@dataclass(frozen=True, slots=True)
class Strength:
    """How far each change may go; `turn` in degrees, the others as shares."""

    turn: float = 12.0
    zoom: float = 0.14
    shift: float = 0.07
    stretch: float = 0.06
    light: float = 0.3
    hide: float = 0.25
    soften: float = 0.1


def _uniform(n: int, reach: float, rng: torch.Generator) -> Tensor:
    return (torch.rand(n, generator=rng) * 2 - 1) * reach


def warp(images: Tensor, flips: Tensor, size: int, how: Strength, rng: torch.Generator) -> Tensor:
    """Turned, zoomed, shifted, flipped where told: (n, c, S, S) in 0..1 → (n, c, size, size)."""
    n = len(images)
    angle = _uniform(n, math.radians(how.turn), rng)
    zoom = torch.exp(_uniform(n, how.zoom, rng))
    tall = torch.exp(_uniform(n, how.stretch, rng))
    mirror = 1 - 2 * flips.float()
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    x, y = _uniform(n, 2 * how.shift, rng), _uniform(n, 2 * how.shift, rng)
    matrix = torch.stack(
        [torch.stack([cos * mirror, -sin * tall, x], 1), torch.stack([sin * mirror, cos * tall, y], 1)], 1
    )
    grid = nnf.affine_grid(matrix, [n, 1, size, size], align_corners=False)
    return nnf.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def relight(images: Tensor, how: Strength, rng: torch.Generator) -> Tensor:
    """Another contrast, brightness, gamma, a slope of light across the face, and a little noise."""
    n = len(images)
    shape = (n, 1, 1, 1)
    gamma = torch.exp(_uniform(n, how.light, rng)).reshape(shape)
    gain = torch.exp(_uniform(n, how.light, rng)).reshape(shape)
    lift = _uniform(n, how.light / 2, rng).reshape(shape)
    line = torch.linspace(-1, 1, images.shape[-1])
    slope = (
        _uniform(n, how.light / 2, rng).reshape(shape) * line
        + _uniform(n, how.light / 3, rng).reshape(shape) * line[:, None]
    )
    noise = torch.rand(n, generator=rng).reshape(shape) ** 3 * 0.08
    lit = (images.clamp(0, 1) ** gamma - 0.5) * gain + 0.5 + lift + slope
    return (lit + noise * torch.randn(images.shape, generator=rng)).clamp(0, 1)


def tint(images: Tensor, greyed: Tensor, rng: torch.Generator) -> Tensor:
    """Colours (n, 3, S, S) stronger, weaker, or gone where told, and under a lamp of another colour."""
    grey = images.mean(1, keepdim=True)
    depth = torch.where(greyed, 0.0, 1 + _uniform(len(images), 0.5, rng)).reshape(-1, 1, 1, 1)
    reach = 0.5 * torch.rand(len(images), 1, 1, 1, generator=rng) ** 2
    lamp = torch.exp(reach * torch.randn(len(images), 3, 1, 1, generator=rng))
    return grey + (images * torch.where(greyed.reshape(-1, 1, 1, 1), 1.0, lamp) - grey) * depth


def soften(images: Tensor, share: float, rng: torch.Generator) -> Tensor:
    """Some of the faces as if enlarged from half or a third of their size."""
    chosen = torch.rand(len(images), generator=rng) < share
    if not chosen.any():
        return images
    small = nnf.interpolate(images[chosen], scale_factor=0.4, mode="area")
    images = images.clone()
    images[chosen] = nnf.interpolate(small, size=images.shape[-1], mode="bilinear", align_corners=False)
    return images


def hide(images: Tensor, share: float, rng: torch.Generator) -> Tensor:
    """A grey rectangle over some of the faces."""
    n = len(images)
    centre = torch.rand(n, 2, generator=rng)
    half = 0.06 + 0.14 * torch.rand(n, 2, generator=rng)
    half[torch.rand(n, generator=rng) > share] = 0
    line = torch.linspace(0, 1, images.shape[-1])
    inside = (line - centre[:, :1]).abs() < half[:, :1], (line - centre[:, 1:]).abs() < half[:, 1:]
    mask = (inside[0][:, :, None] & inside[1][:, None, :])[:, None]
    return torch.where(mask, torch.rand(n, 1, 1, 1, generator=rng), images)


def mix(batch: Tensor, targets: Mapping[str, Tensor], rows: slice, rng: torch.Generator) -> None:
    """Lay a weak second face over each of these, in place; soft labels mix alike, the identity becomes unknown."""
    count = len(batch[rows])
    other = torch.randperm(count, generator=rng)
    share = 0.4 * torch.rand(count, generator=rng) ** 2
    for values in (batch, *(v for name, v in targets.items() if name != "identity")):
        part = share.reshape(-1, *[1] * (values.ndim - 1))
        values[rows] = values[rows] * (1 - part) + values[rows][other] * part
    if "identity" in targets:
        targets["identity"][rows][share > 0.1] = torch.nan


def faces(images: Tensor, flips: Tensor, size: int, how: Strength, rng: torch.Generator) -> Tensor:
    """Changed uint8 grey faces (n, S, S) → a network's input (n, 1, size, size), normalised as the cards say."""
    return changed(images[:, None].float() / 255, flips, size, how, rng)


def changed(images: Tensor, flips: Tensor, size: int, how: Strength, rng: torch.Generator) -> Tensor:
    """The same of faces (n, c, S, S) in 0..1."""
    batch = warp(images, flips, size, how, rng)
    batch = hide(relight(soften(batch, how.soften, rng), how, rng), how.hide, rng)
    return (batch - 0.5) / 0.25
