"""The morphable head: vertices, identity and expression offsets, triangles, and what follows from its shape alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.lib.npyio import NpzFile

from mien.errors import InputError
from mien.synth import raster

FACE, HEAD, MOUTH, SOCKET, GUMS, TEETH, EYE = range(7)

# ICT-FaceKit's vertex order: each part ends where the next begins. The inner eyeball (22,221–23,020 and its
# mirror) is left out: the iris is painted on the outer one. Lacrimal, occlusion and lash meshes end the list.
_PARTS = (
    (0, 9409, FACE),
    (9409, 11248, HEAD),
    (11248, 13294, MOUTH),
    (13294, 14062, SOCKET),
    (14062, 17039, GUMS),
    (17039, 21451, TEETH),
    (21451, 22221, EYE),
    (23021, 23791, EYE),
)
# The 68 points of the usual face annotation, as vertices: jaw 0–16, brows 17–26, nose 27–35, eyes 36–47, lips 48–67.
_LANDMARKS = (
    *(1225, 1888, 1052, 367, 1719, 1722, 2199, 1447, 966, 3661, 4390, 3927, 3924, 2608, 3272, 4088, 3443),
    *(268, 493, 1914, 2044, 1401, 3615, 4240, 4114, 2734, 2509),
    *(978, 4527, 4942, 4857, 1140, 2075, 1147, 4269, 3360),
    *(1507, 1542, 1537, 1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732),
    *(5708, 5695, 2081, 0, 4275, 6200, 6213, 6346, 6461, 5518, 5957, 5841),
    *(5702, 5711, 5533, 6216, 6207, 6470, 5517, 5966),
)


@dataclass(frozen=True, slots=True, eq=False)
class Assets:
    """A head to render. Units are about centimetres; x to the person's left, y up, z to the front."""

    vertices: np.ndarray  # (n, 3) float32, the mean neutral head
    identity: np.ndarray  # (i, n, 3) float32 offsets, for weights from N(0, 1)
    shapes: np.ndarray  # (s, n, 3) float32 offsets, for weights in [0, 1]
    names: tuple[str, ...]  # of the shapes
    triangles: np.ndarray  # (m, 3) int32, counter-clockwise from outside
    uv: np.ndarray  # (m, 3, 2) float32 texture place of every corner; meant for FACE only
    part: np.ndarray  # (n,) uint8
    landmarks: np.ndarray  # (68,) int32

    def shape(self, name: str) -> int:
        """The index of a named expression shape."""
        return self.names.index(name)

    def points(self) -> np.ndarray:
        """(68, 3) landmarks of the mean head."""
        return self.vertices[self.landmarks]


def load(path: str | Path) -> Assets:
    """The head in an ICT-FaceKit `.npz`, without the parts that never show."""
    with _opened(path) as data:
        missing = {"v0", "expr", "expr_names", "ident", "tris", "quads", "quads_vt", "vt"} - set(data.files)
        if missing:
            raise InputError(f"{path} is not an ICT-FaceKit archive: it lacks {', '.join(sorted(missing))}")
        vertices, quads, corner, place = data["v0"], data["quads"], data["quads_vt"], data["vt"]
        part = np.full(len(vertices), 255, np.uint8)
        for start, stop, name in _PARTS:
            part[start:stop] = name
        kept = part != 255
        triangles, uv = _split(quads, place[corner])
        whole = kept[triangles].all(1)
        order = np.cumsum(kept) - 1
        return Assets(
            np.ascontiguousarray(vertices[kept], np.float32),
            np.ascontiguousarray(data["ident"][:, kept], np.float32),
            np.ascontiguousarray(data["expr"][:, kept], np.float32),
            tuple(str(name) for name in data["expr_names"]),
            np.ascontiguousarray(order[triangles[whole]], np.int32),
            np.ascontiguousarray(uv[whole] % 1.0, np.float32),
            part[kept],
            order[np.array(_LANDMARKS)].astype(np.int32),
        )


def _opened(path: str | Path) -> NpzFile:
    try:
        data = np.load(path, allow_pickle=False)
    except (ValueError, BadZipFile, EOFError) as error:
        raise InputError(f"{path} is not an ICT-FaceKit archive: {error}") from None
    if not isinstance(data, NpzFile):
        raise InputError(f"{path} is not an ICT-FaceKit archive: it holds one array")
    return data


def _split(quads: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Quads (last index -1: a triangle) as triangles, with the texture place of every corner."""
    four = quads[:, 3] >= 0
    triangles = np.concatenate([quads[:, :3], quads[four][:, [0, 2, 3]]])
    return triangles, np.concatenate([places[:, :3], places[four][:, [0, 2, 3]]])


@lru_cache(maxsize=4)
def visibility(assets: Assets) -> np.ndarray:
    """(n, 9) how much of each direction a vertex sees, as spherical harmonics: soft shadows for any light."""
    count, size = 96, 192
    steps = np.arange(count) + 0.5
    polar, around = np.arccos(1 - 2 * steps / count), np.pi * (1 + 5**0.5) * steps
    directions = np.stack([np.sin(polar) * np.cos(around), np.cos(polar), np.sin(polar) * np.sin(around)], 1)
    seen = np.empty((count, len(assets.vertices)), np.float32)
    for i, direction in enumerate(directions):
        seen[i] = _lit(assets, direction, size)
    fit = np.linalg.lstsq(harmonics(directions), seen, rcond=1e-3)[0].T
    # The mean head's mouth is shut: what is inside is lit from the front once it opens, and dark by its depth.
    fit[np.isin(assets.part, (MOUTH, GUMS, TEETH))] = (0.3, 0, -0.12, 0.35, 0, 0, 0, 0, 0)
    return np.ascontiguousarray(fit, np.float32)


def harmonics(directions: np.ndarray) -> np.ndarray:
    """(k, 9) second-order real harmonics of unit directions, unscaled."""
    x, y, z = directions.T
    return np.stack([np.ones_like(x), x, y, z, x * y, y * z, x * z, 3 * z * z - 1, x * x - y * y], 1)


def _lit(assets: Assets, direction: np.ndarray, size: int) -> np.ndarray:
    """1 where a vertex of the mean head is reached from far away along the direction, softly."""
    side = np.cross([0.0, 1.0, 0.0], direction)
    side /= np.linalg.norm(side)
    axes = np.stack([side, -np.cross(direction, side), direction])
    turned = (assets.vertices @ axes.T).astype(np.float32)
    screen = turned.copy()
    screen[:, :2] = (turned[:, :2] - turned[:, :2].min(0)) / np.ptp(turned[:, :2], axis=0).max() * (size - 2) + 0.5
    screen[:, 2] = turned[:, 2] - turned[:, 2].min() + 1
    depth = np.zeros((size, size), np.float32)
    triangles = assets.triangles[np.isin(assets.part[assets.triangles[:, 0]], (FACE, HEAD, MOUTH))]
    hit, weights = np.full((size, size), -1, np.int32), np.zeros((size, size, 2), np.float32)
    raster.draw(screen, triangles, True, depth, hit, weights)
    x, y = screen[:, 0].round().astype(int), screen[:, 1].round().astype(int)
    return 1 - np.clip((depth[y, x] - screen[:, 2] - 0.25) / 0.3, 0, 1)
