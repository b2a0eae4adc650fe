"""Turning heads, and the camera that frames them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mien.synth import raster
from mien.synth.assets import FACE, Assets
from mien.synth.face import Latent

_PIVOT = np.array([0.0, -6.0, -1.5], np.float32)  # the neck's uppermost joint
_BEND = np.array([-15.5, -7.5], np.float32)  # between these heights the neck bends


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Turns of head and body, and the way from the world to the pixels of a drawing."""

    turn: np.ndarray  # (3, 3) of the head
    still: np.ndarray  # (3, 3) of the body
    distance: float
    scale: float
    centre: tuple[float, float]

    def place(self, vertices: np.ndarray) -> np.ndarray:
        """Vertices in the world: the neck bends, the head turns as one."""
        out = np.empty_like(vertices)
        raster.pose(vertices, self.turn, self.still, _PIVOT, _BEND, out)
        return out

    def screen(self, world: np.ndarray) -> np.ndarray:
        """x, y in pixels and 1/z."""
        near = 1 / np.maximum(self.distance - world[:, 2], 1.0)
        out = np.empty_like(world)
        out[:, 0] = self.centre[0] + world[:, 0] * near * self.scale
        out[:, 1] = self.centre[1] - world[:, 1] * near * self.scale
        out[:, 2] = near
        return out

    def seen(self, vertices: np.ndarray) -> np.ndarray:
        """(n, 2) pixels where vertices appear."""
        return self.screen(self.place(vertices))[:, :2]


def rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Degrees: yaw to the image's right, pitch up, roll clockwise in the image, applied last."""
    y, p, r = np.radians([yaw, -pitch, -roll])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def frame(assets: Assets, latent: Latent, moved: np.ndarray, shape: tuple[int, int]) -> View:
    """The camera that shows the face as large and as central as the latent asks.

    A steady camera frames the mean head looking straight ahead, whatever this one does.
    """
    yaw, pitch, roll = latent.pose
    turn, still = rotation(yaw, pitch, roll), rotation(yaw * 0.25, 0, roll * 0.12)
    plain = View(turn, still, latent.distance, 1.0, (0.0, 0.0))
    if latent.steady:
        straight = np.eye(3)
        seen = View(straight, straight, latent.distance, 1.0, (0.0, 0.0)).seen(assets.vertices[bounds(assets)])
    else:
        seen = plain.seen(moved[bounds(assets)])
    low, high = seen.min(0), seen.max(0)
    scale = latent.fill * shape[0] / max(high[1] - low[1], (high[0] - low[0]) * 0.85)
    x, y = ((np.array(latent.shift) + 0.5) * shape[::-1] - (low + high) / 2 * scale - 0.5).tolist()
    return View(turn, still, latent.distance, scale, (x, y))


@lru_cache(maxsize=4)
def bounds(assets: Assets) -> np.ndarray:
    """Vertices that bound a face: middle of the forehead to chin, cheek to cheek."""
    _, y, z = assets.vertices.T
    chin = assets.points()[8, 1]
    return np.flatnonzero((assets.part == FACE) & (y > chin - 0.1) & (y < 8.6) & (z > 3.4))
