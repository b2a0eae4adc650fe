"""What is worn on a head: hair, hats, scarves, glasses, clothes; each is a mesh with a place for its grain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mien.synth.assets import FACE, HEAD, Assets
from mien.synth.face import HAIR, Person
from mien.synth.noise import smooth
from mien.synth.skin import hairline

_CENTRE = np.array([0.0, 5.5, -0.6], np.float32)
_TURNS = np.linspace(-np.pi, np.pi, 65)  # around the head; 0 is the front, the seam is at the back
_RISES = np.linspace(np.pi / 2 - 0.02, 0, 14)


@dataclass(frozen=True, slots=True, eq=False)
class Shell:
    """A mesh worn on the head or body, and per vertex: turn around the head, way down, height above its hem."""

    vertices: np.ndarray  # (n, 3) float32
    triangles: np.ndarray  # (m, 3) int32
    values: np.ndarray  # (n, 3) float32

    def inside_out(self) -> Shell:
        """The same mesh seen from within."""
        return Shell(self.vertices, np.ascontiguousarray(self.triangles[:, ::-1]), self.values)


def grid(rows: int, columns: int) -> np.ndarray:
    """Triangles of a sheet of rows × columns vertices."""
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1].ravel(), index[:-1, 1:].ravel(), index[1:, 1:].ravel(), index[1:, :-1].ravel()
    return np.ascontiguousarray(np.concatenate([np.stack([a, d, c], 1), np.stack([a, c, b], 1)]))


def skull(assets: Assets, vertices: np.ndarray) -> np.ndarray:
    """(rises, turns) radius of a head without its ears, seen from the skull's centre."""
    chosen, share = _rays(assets)
    radius = np.linalg.norm(vertices[chosen] - _CENTRE, axis=1).astype(np.float32)
    return (share @ radius).reshape(len(_RISES), len(_TURNS))


@lru_cache(maxsize=4)
def _rays(assets: Assets) -> tuple[np.ndarray, np.ndarray]:
    """Skull vertices, and how much each counts for every direction."""
    x, y, z = (assets.vertices - _CENTRE).T
    turn, rise = np.arctan2(x, z), np.arctan2(y, np.hypot(x, z))
    ear = (np.abs(turn) > 1.2) & (np.abs(turn) < 2.3) & (y < 1.5) & (np.abs(x) > 7.2)
    face = (np.abs(turn) < 1) & (rise < 0)
    keep = np.isin(assets.part, (FACE, HEAD)) & (rise > -0.35) & ~ear & ~face
    chosen = np.flatnonzero(keep)[::3]
    turn, rise = turn[chosen], rise[chosen]
    up, around = (grid_.ravel()[:, None] for grid_ in np.meshgrid(_RISES, _TURNS, indexing="ij"))
    span = np.cos(turn - around) * np.cos(rise) * np.cos(up) + np.sin(rise) * np.sin(up)
    near = np.exp((np.minimum(span, 1) - 1) * 120)
    return chosen, (near / near.sum(1, keepdims=True)).astype(np.float32)


def hem(who: Person, style: str, turn: np.ndarray) -> np.ndarray:
    """The height at which the hair (or cloth) ends, around the head."""
    front, wide = hairline(turn, who), np.abs(turn)
    rng = np.random.default_rng((who.key, 2))
    part, drop = rng.uniform(-0.5, 0.5), who.length
    below = {"side": -1 - 4 * drop, "bob": -5 - 4 * drop, "long": -11 - 8 * drop, "curly": 2 - 8 * drop}
    if style == "hat":
        return np.interp(wide, [0, 1, 3.2], [8.8 + drop, 7.2 + drop, 3.5])
    if style in ("scarf", "hood"):
        return np.interp(wide, [0, 0.5, 0.85, 1.0, 3.2], [9.4 + drop, 8.6 + drop, 4, -17, -17])
    if style not in below:
        return front
    side = np.interp(
        wide, [0, 0.75, 1.05, 1.3, 3.2], [50, 9.0, 3.0 if below[style] < 0 else 4.5, below[style], below[style]]
    )
    fringe = rng.random() < 0.4
    if fringe:
        front = np.where(wide < 0.95, 7.4 + 1.4 * rng.random() + 0.8 * np.abs(np.sin(turn - part)), front)
    return np.minimum(front, side)


# How far a style stands off the skull, in the head's units.
_VOLUME = {"short": 0.6, "ring": 0.4, "tied": 0.35, "curly": 2.2, "hat": 1.6, "scarf": 1.2, "hood": 2.0}


def cap(assets: Assets, vertices: np.ndarray, who: Person, style: str) -> Shell | None:
    """The hair, hat or scarf of a person on the neutral head's vertices."""
    if style in ("bald", "shaved"):
        return None
    rng = np.random.default_rng((who.key, 3))
    end = hem(who, style, _TURNS)
    top = _crown(skull(assets, vertices), end, rng, style)
    points = np.concatenate([top, _curtain(top[-1], end, rng, style)]).astype(np.float32)
    rows = len(points)
    down = np.broadcast_to(np.linspace(0, 1, rows)[:, None], (rows, len(_TURNS)))
    part = rng.uniform(-0.6, 0.6)
    swept = _TURNS + rng.uniform(0, 0.5) * np.tanh((_TURNS - part) * 2.5) * down * (np.abs(_TURNS) < 2)
    # roots at the forehead are short and soft, hair that hangs is frayed
    sharp = np.where(np.abs(end - hairline(_TURNS, who)) < 0.3, 2.2, 1.0) if style in HAIR else 1.0
    values = np.stack([swept, down, (points[..., 1] - end) * sharp], -1)
    shell = Shell(points.reshape(-1, 3), grid(rows, len(_TURNS)), values.reshape(-1, 3).astype(np.float32))
    return join(shell, _brim(points, end)) if style == "hat" and rng.random() < 0.6 else shell


def _crown(radius: np.ndarray, end: np.ndarray, rng: np.random.Generator, style: str) -> np.ndarray:
    """(rises, turns, 3) the part that lies on the skull, thin at its hem and uneven."""
    volume = _VOLUME.get(style, 1.3) * rng.uniform(0.7, 1.7)
    up, turn = _RISES[:, None], _TURNS[None]
    direction = np.stack([np.cos(up) * np.sin(turn), np.sin(up) + 0 * turn, np.cos(up) * np.cos(turn)], -1)
    high = radius * np.sin(up) + _CENTRE[1]
    bumps = 1 + 0.25 * smooth(rng, radius.shape, (4, 7))
    if style == "curly":
        bumps = bumps + 0.18 * rng.standard_normal(radius.shape)
    bumps[:, -1] = bumps[:, 0]
    thick = volume * (0.2 + 0.8 * np.clip((high - end) / 2.5, 0, 1)) * bumps
    return _CENTRE + direction * (radius + thick)[..., None]


def _curtain(rim: np.ndarray, end: np.ndarray, rng: np.random.Generator, style: str) -> np.ndarray:
    """(rows, turns, 3) hair that hangs from the skull's rim to the hem; cloth closes below the chin."""
    steps = np.linspace(0, 1, 12)[1:, None]
    floor = np.minimum(end - 1.0, rim[:, 1] - 0.5)
    height = rim[:, 1] + (floor - rim[:, 1]) * steps
    flare = 1 + rng.uniform(-0.05, 0.3) * np.clip((5.5 - height) / 15, 0, 1.5)
    flare = flare + 0.03 * rng.standard_normal(len(rim)) * steps
    flare[:, -1] = flare[:, 0]
    out = np.stack([rim[:, 0] * flare, height, _CENTRE[2] + (rim[:, 2] - _CENTRE[2]) * flare], -1)
    if style in ("scarf", "hood"):
        out[..., 0] *= 1 - 0.25 * np.clip((-4 - height) / 8, 0, 1)
    return out


def _brim(points: np.ndarray, end: np.ndarray) -> Shell:
    """The peak of a cap."""
    front = np.flatnonzero(np.abs(_TURNS) < 0.95)
    edge = end[front] + 0.4
    inner = np.array(
        [
            [np.interp(-height, -points[:, i, 1], points[:, i, k]) for k in range(3)]
            for i, height in zip(front, edge, strict=True)
        ]
    )
    reach = np.linspace(0, 1, 5)[:, None]
    ahead = np.stack([0 * edge, 0 * edge - 0.9, 6.0 * np.cos(_TURNS[front] * 1.6)], -1)
    out = inner + reach[..., None] * ahead
    values = np.stack(np.broadcast_arrays(_TURNS[front], 0.5 + 0 * reach, 5 + 0 * reach), -1)
    return Shell(out.reshape(-1, 3).astype(np.float32), grid(5, len(front)), values.reshape(-1, 3).astype(np.float32))


def join(first: Shell, second: Shell) -> Shell:
    """Two meshes as one."""
    return Shell(
        np.concatenate([first.vertices, second.vertices]),
        np.concatenate([first.triangles, second.triangles + np.int32(len(first.vertices))]),
        np.concatenate([first.values, second.values]),
    )


# Height, half width, half depth and middle of the chest; the first rings hide inside the mean head's neck.
_CHEST = np.array(
    [
        (-9.8, 5.4, 4.8, -0.9),
        (-10.7, 6.7, 5.7, -1.0),
        (-11.5, 8.6, 6.5, -1.3),
        (-12.3, 10.8, 7.0, -1.7),
        (-13.3, 12.9, 7.4, -2.1),
        (-14.8, 15.2, 7.9, -2.4),
        (-17.2, 17.4, 8.9, -2.8),
        (-21.0, 19.2, 10.2, -3.0),
        (-46.0, 19.5, 11.5, -3.2),
    ]
)


def torso(assets: Assets, vertices: np.ndarray, rng: np.random.Generator) -> Shell:
    """Shoulders and chest below a person's neck; the hem is the collar."""
    own, mean = vertices[_neck(assets)], assets.vertices[_neck(assets)]
    slim = np.ptp(own, axis=0) / np.ptp(mean, axis=0)
    shift = (own.max(0) + own.min(0) - mean.max(0) - mean.min(0)) / 2
    fine = np.linspace(0, len(_CHEST) - 1, 25)
    y, rx, rz, cz = (np.interp(fine, np.arange(len(_CHEST)), column)[:, None] for column in _CHEST.T)
    low = np.clip((-11 - y) / 5, 0, 1)
    rx = rx * (slim[0] + (rng.uniform(0.88, 1.12) - slim[0]) * low)
    rz, cz, y = rz * (slim[2] + (1 - slim[2]) * low), cz + shift[2], y + shift[1]
    collar = rng.choice([0.3, 1.8, 5.0], p=(0.35, 0.45, 0.2))  # closed, round, wide or V
    dip = collar * np.exp(-((_TURNS / rng.uniform(0.35, 0.8)) ** 2)) + 0.5 * collar
    x, z = np.sin(_TURNS), np.cos(_TURNS)
    square = (np.abs(x) ** 2.4 + np.abs(z) ** 2.4) ** (-1 / 2.4)
    points = np.stack(np.broadcast_arrays(rx * x * square, y, cz + rz * z * square), -1)
    values = np.stack(np.broadcast_arrays(_TURNS, (y + 10) / -36, -11.0 - dip - y), -1)
    return Shell(
        points.reshape(-1, 3).astype(np.float32), grid(*points.shape[:2]), values.reshape(-1, 3).astype(np.float32)
    )


@lru_cache(maxsize=4)
def _neck(assets: Assets) -> np.ndarray:
    """Vertices around the neck."""
    height = assets.vertices[:, 1]
    around = np.isin(assets.part, (FACE, HEAD)) & (height < -9.8) & (height > -11.2)
    return np.flatnonzero(around) if around.any() else np.flatnonzero(height < np.percentile(height, 10))


def glasses(vertices: np.ndarray, landmarks: np.ndarray, rng: np.random.Generator, thick: float) -> tuple[Shell, Shell]:
    """Rims with bridge and temples, and the two lenses, before the eyes of the neutral head."""
    points = vertices[landmarks]
    around = np.linspace(0, 2 * np.pi, 29)
    power, rx, ry = rng.uniform(2, 4), rng.uniform(2.0, 2.6), rng.uniform(1.4, 2.0)
    square = (np.abs(np.cos(around)) ** power + np.abs(np.sin(around)) ** power) ** (-1 / power)
    rims, lenses = [], []
    forward = max(points[36:48, 2].max(), points[27, 2] - 0.6) + 0.7
    for eye in (points[36:42].mean(0), points[42:48].mean(0)):
        x = eye[0] * 1.06 + rx * np.cos(around) * square
        line = np.stack([x, eye[1] - 0.25 + ry * np.sin(around) * square, forward - 0.035 * x * x], 1)
        rims.append(_tube(line, thick))
        lenses.append(_fan(line))
    inner = points[[39, 42]] * [1, 1, 0] + [0, 0.3, forward + 0.1]
    rims.append(
        _tube(
            np.array(
                [
                    inner[0] * [0.6, 1, 1],
                    inner[0] * [0.2, 1, 1] + [0, 0.2, 0.3],
                    inner[1] * [0.2, 1, 1] + [0, 0.2, 0.3],
                    inner[1] * [0.6, 1, 1],
                ]
            ),
            thick,
        )
    )
    for corner, ear in ((points[36], points[0]), (points[45], points[16])):
        outer = np.array([corner[0] * 1.06 + np.sign(corner[0]) * (rx - 1.2), corner[1], forward - 0.8])
        side = np.array([np.sign(ear[0]) * (abs(ear[0]) + 0.5), ear[1] + 0.5, ear[2] - 2])
        rims.append(_tube(np.linspace(outer, side, 6), thick))
    rim, lens = rims[0], lenses[0]
    for other in rims[1:]:
        rim = join(rim, other)
    return rim, join(lens, lenses[1])


def _tube(line: np.ndarray, radius: float) -> Shell:
    """A square-sided tube along a line."""
    ring = np.array([(1, 0, 1), (-1, 0, 1), (-1, 0, -1), (1, 0, -1), (1, 0, 1)]) * radius
    ring = ring + np.array([(0, 1, 0), (0, 1, 0), (0, -1, 0), (0, -1, 0), (0, 1, 0)]) * radius
    points = (line[:, None] + ring[None]).astype(np.float32)
    return Shell(points.reshape(-1, 3), grid(len(line), 5), np.zeros((len(line) * 5, 3), np.float32))


def _fan(line: np.ndarray) -> Shell:
    """A disc inside a closed line."""
    points = np.concatenate([line.mean(0, keepdims=True), line]).astype(np.float32)
    steps = np.arange(1, len(line), dtype=np.int32)
    triangles = np.stack([0 * steps, steps, steps + 1], 1)
    values = np.concatenate([points[:, :2] - points[0, :2], np.zeros((len(points), 1), np.float32)], 1)
    return Shell(points, np.ascontiguousarray(triangles), values)
