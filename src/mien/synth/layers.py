"""Drawing one thing over another: what is nearest stays, hair and glass let through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.synth import raster
from mien.synth.assets import harmonics
from mien.synth.face import Light
from mien.synth.hair import Shell
from mien.synth.view import View

# Red light wanders furthest under the skin, so shadows' borders are reddish.
_WRAP = np.array([0.22, 0.1, 0.07], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """What has been drawn so far; colour is linear and already weighed by alpha."""

    colour: np.ndarray  # (h, w, 3)
    alpha: np.ndarray  # (h, w)
    depth: np.ndarray  # (h, w) 1/z

    @classmethod
    def empty(cls, height: int, width: int) -> Layers:
        return cls(*(np.zeros(shape, np.float32) for shape in ((height, width, 3), (height, width), (height, width))))

    def hit(self, screen: np.ndarray, triangles: np.ndarray, two_sided: bool) -> tuple[np.ndarray, np.ndarray]:
        """The triangle (or -1) that comes out nearest in every pixel, and its corners' shares."""
        hit = np.full(self.depth.shape, -1, np.int32)
        share = np.zeros((*self.depth.shape, 2), np.float32)
        raster.draw(screen, triangles, two_sided, self.depth, hit, share)
        return hit, share

    def halved(self) -> tuple[np.ndarray, np.ndarray]:
        """Colour and (h, w, 1) alpha at half the size, every pixel the mean of four."""
        both = []
        for image in (self.colour, self.alpha[..., None]):
            out = np.empty((image.shape[0] // 2, image.shape[1] // 2, image.shape[2]), np.float32)
            raster.halve(image, out)
            both.append(out)
        return both[0], both[1]


def lit(light: Light, normal: np.ndarray, seen: np.ndarray, view: View, shine: float) -> tuple[np.ndarray, np.ndarray]:
    """Light that reaches every vertex, and what it mirrors to the camera."""
    direction = np.array(light.direction) / np.linalg.norm(light.direction)
    half = direction + np.array([0, 0, 1])
    half /= np.linalg.norm(half)
    bright, gloss = np.empty_like(normal), np.empty_like(normal)
    basis = harmonics((view.turn.T @ direction)[None])[0]
    lamp, sky = np.array(light.colour), np.array(light.ambient)
    raster.lit(normal, seen, basis, direction, half, lamp, sky, _WRAP, light.hardness, shine, bright, gloss)
    return bright, gloss


@dataclass(frozen=True, slots=True, eq=False)
class Stuff:
    """What a worn thing is made of."""

    tint: np.ndarray  # (3,) linear albedo
    grain: np.ndarray  # (down, around) in about [-1, 1]
    frayed: float = 0.0  # how far the grain eats into the hem
    shine: float = 0.0
    clear: float = 0.0  # 0 opaque … 1 not to be seen
    under: np.ndarray | None = None  # (3,) what shows beyond the hem; None: what was there
    hemmed: bool = True


def wear(layers: Layers, light: Light, shell: Shell, stuff: Stuff, view: View, two_sided: bool = True) -> None:
    """Draw a worn thing over all that is farther away."""
    world = view.place(shell.vertices)
    normal = np.empty_like(world)
    raster.normals(world, shell.triangles, normal)
    normal *= np.where(normal[:, 2:3] < -0.3, -1, 1)  # the inner side is lit like the outer
    seen = np.zeros((len(world), 9), np.float32)
    seen[:, 0] = np.interp(shell.values[:, 1], [0, 0.4, 1], [0.78, 0.58, 0.33]) if stuff.hemmed else 0.78
    bright, gloss = lit(light, normal, seen, view, stuff.shine)
    values = np.concatenate([shell.values, bright, gloss], 1).astype(np.float32)
    below = layers.depth.copy()
    hit, share = layers.hit(view.screen(world), shell.triangles, two_sided)
    there = np.nonzero(hit >= 0)
    if len(there[0]) == 0:
        return
    out = np.zeros((*hit.shape, values.shape[1]), np.float32)
    raster.spread(hit, share, shell.triangles, values, out)
    colour, alpha = _look(out[there], stuff)
    layers.colour[there] += (colour - layers.colour[there]) * alpha[:, None]
    layers.alpha[there] += (1 - layers.alpha[there]) * alpha
    faint = (there[0][alpha < 0.5], there[1][alpha < 0.5])
    layers.depth[faint] = below[faint]


def _look(found: np.ndarray, stuff: Stuff) -> tuple[np.ndarray, np.ndarray]:
    """Colour and alpha of pixels, from (turn, way down, height over the hem, light, gloss)."""
    rows, columns = stuff.grain.shape
    across = ((found[:, 0] / (2 * np.pi) + 0.5) % 1.0 * (columns - 1)).astype(int)
    grain = stuff.grain[(found[:, 1] * (rows - 1)).astype(int).clip(0, rows - 1), across]
    alpha = np.full(len(grain), 1 - stuff.clear, np.float32)
    if stuff.hemmed:
        edge = (found[:, 2] + 1.3 * stuff.frayed * grain) / (0.15 + 0.7 * stuff.frayed)
        alpha *= np.clip(edge + 0.5 * stuff.frayed, 0, 1)
    deep = (1 + 0.45 * grain * min(1.0, stuff.frayed + 0.3))[:, None]
    tint = stuff.tint.astype(np.float32) * deep
    if stuff.under is not None:
        tint, alpha = stuff.under + (tint - stuff.under) * alpha[:, None], np.ones_like(alpha)
    gloss = found[:, 6:9] * np.clip(deep - 0.4, 0, 1) * (0.3 + stuff.tint.astype(np.float32))
    return tint * found[:, 3:6] + gloss, alpha
