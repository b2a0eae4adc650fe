"""A small head that needs no data: an egg with eyeballs, a few identity axes and the movements the tests look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.synth.assets import EYE, FACE, HEAD, Assets, load

_PAIRED = (
    *("browDown", "browInnerUp", "browOuterUp", "cheekSquint", "eyeBlink", "eyeSquint", "eyeWide", "noseSneer"),
    *("mouthDimple", "mouthFrown", "mouthLowerDown", "mouthPress", "mouthSmile", "mouthStretch", "mouthUpperUp"),
)
_SINGLE = ("jawOpen", "mouthPucker", "mouthRollLower", "mouthRollUpper", "mouthShrugLower")
NAMES = (*(f"{name}{side}" for name in _PAIRED for side in ("_L", "_R")), *_SINGLE)


def _marks() -> np.ndarray:
    """(68, 2) the usual points in the front view."""
    turn = np.linspace(np.pi, 2 * np.pi, 17)
    jaw = np.stack([7.2 * np.cos(turn), 3.5 + 11 * np.sin(turn)], 1)
    brow = np.array([(-5.8, 5.2), (-4.9, 6.0), (-3.8, 6.3), (-2.4, 6.2), (-1.2, 5.9)])
    nose = np.array(
        [(0, 3.7), (0, 2.6), (0, 1.6), (0, 0.4), (-1.2, -1.1), (-0.6, -1.1), (0, -1.2), (0.6, -1.1), (1.2, -1.1)]
    )
    eye = np.array([(-4.5, 3.4), (-3.9, 3.9), (-2.8, 3.9), (-1.8, 3.3), (-2.7, 3.0), (-3.9, 3.0)])
    upper = np.array([(-2.5, -3.5), (-1.7, -2.8), (-0.7, -2.4), (0, -2.5), (0.7, -2.4), (1.7, -2.8), (2.5, -3.5)])
    lower = np.array([(1.8, -4.1), (1.0, -4.3), (0, -4.4), (-1.0, -4.3), (-1.8, -4.1)])
    inner = np.array([(-2.2, -3.5), (-1, -3.1), (0, -3.1), (1, -3.1), (2.2, -3.5), (1, -3.7), (0, -3.7), (-1, -3.7)])
    flip = np.array([-1, 1])
    return np.concatenate(
        [jaw, brow, brow[::-1] * flip, nose, eye, eye[[3, 2, 1, 0, 5, 4]] * flip, upper, lower, inner]
    )


def _ball(
    rows: int, columns: int, radii: tuple[float, float, float], centre: tuple[float, float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and outward triangles of an ellipsoid."""
    rise, turn = np.meshgrid(
        np.linspace(np.pi / 2, -np.pi / 2, rows), np.linspace(-np.pi, np.pi, columns), indexing="ij"
    )
    points = np.stack([np.cos(rise) * np.sin(turn), np.sin(rise), np.cos(rise) * np.cos(turn)], -1) * radii + centre
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1].ravel(), index[:-1, 1:].ravel(), index[1:, 1:].ravel(), index[1:, :-1].ravel()
    return points.reshape(-1, 3), np.concatenate([np.stack([a, d, c], 1), np.stack([a, c, b], 1)])


def _egg() -> Assets:
    skull, faces = _ball(90, 120, (8.6, 11.5, 10.5), (0, 3.0, 0.5))
    eyes = [_ball(16, 24, (1.2, 1.2, 1.2), (x, 3.4, 9.1)) for x in (3.2, -3.2)]
    vertices = np.concatenate([skull, *(points for points, _ in eyes)]).astype(np.float32)
    offsets = np.cumsum([len(skull), len(eyes[0][0])])
    triangles = np.concatenate([faces, *(t + o for (_, t), o in zip(eyes, offsets, strict=True))]).astype(np.int32)
    part = np.where(vertices[:, 2] > 0.5, FACE, HEAD).astype(np.uint8)
    part[len(skull) :] = EYE
    front = skull[:, :2] + np.where(skull[:, 2:] > 0, 0, 99)
    marks = np.array([((front - mark) ** 2).sum(1).argmin() for mark in _marks()])
    x, y, z = vertices.T
    shapes = np.zeros((len(NAMES), len(vertices), 3), np.float32)
    for side, sign in (("_L", 1), ("_R", -1)):
        corner = np.exp(-((x - 2.5 * sign) ** 2 + (y + 3.5) ** 2) / 2) * (z > 5)
        shapes[NAMES.index("mouthSmile" + side)] = corner[:, None] * (0.7 * sign, 1.05, -0.9)
        shapes[NAMES.index("mouthFrown" + side), :, 1] = -0.6 * corner
        shapes[NAMES.index("browInnerUp" + side), :, 1] = 0.6 * np.exp(-((x - 2 * sign) ** 2 + (y - 6) ** 2)) * (z > 5)
    shapes[NAMES.index("jawOpen"), :, 1] = -3 * (y < -3.4) * (z > 0)
    identity = np.stack([vertices * axis for axis in np.eye(3, dtype=np.float32) * 0.04])
    uv = (vertices[:, :2] / 30 + 0.5).astype(np.float32)[triangles]
    return Assets(vertices, identity, shapes, NAMES, triangles, uv, part, marks.astype(np.int32))


@pytest.fixture(scope="session")
def egg() -> Assets:
    """The small head."""
    return _egg()


@pytest.fixture(scope="session")
def head_file(data: Path) -> Path:
    """The true head's archive, where the data are."""
    path = data / "ict_facekit.npz"
    if not path.exists():
        pytest.skip("ict_facekit.npz is not among the data")
    return path


@pytest.fixture(scope="session", params=["egg", "ict"])
def head(request: pytest.FixtureRequest) -> Assets:
    """The small head, and the true one where its data are."""
    return _egg() if request.param == "egg" else load(request.getfixturevalue("head_file"))
