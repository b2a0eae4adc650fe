"""A latent becomes a picture with its exact labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mien.synth import backdrop, camera, hair, raster, skin
from mien.synth.assets import EYE, FACE, GUMS, HEAD, MOUTH, SOCKET, TEETH, Assets, harmonics, visibility
from mien.synth.canvas import WRINKLES, canvas
from mien.synth.face import UNITS, Latent, Person, affect, units, weights
from mien.synth.noise import smooth


@dataclass(frozen=True, slots=True)
class RenderedFace:
    """A picture of one face and what is true of it. Valence and arousal are derived from the units."""

    image: np.ndarray  # (h, w, 3) uint8 RGB
    alpha: np.ndarray  # (h, w) uint8, head with hair and body
    box: np.ndarray  # (4,) x y w h: middle of the forehead to chin, cheek to cheek
    points: np.ndarray  # (5, 2) eyes (left in the image first), nose tip, mouth corners (same order)
    pose: np.ndarray  # (3,) yaw pitch roll in degrees
    aus: np.ndarray  # (12,) 0…1
    expression: int  # index into EXPRESSIONS, -1 for a mixture
    valence: float
    arousal: float


@dataclass(frozen=True, slots=True, eq=False)
class _Bust:
    """All of a person that does not change from picture to picture."""

    neutral: np.ndarray
    skin: skin.Skin
    eye: np.ndarray
    streaks: np.ndarray


@lru_cache(maxsize=3)
def _bust(assets: Assets, who: Person, sheet: int) -> _Bust:
    identity = np.array(who.identity[: len(assets.identity)], np.float32)
    neutral = assets.vertices + np.tensordot(identity, assets.identity[: len(identity)], 1)
    rng = np.random.default_rng((who.key, 4))
    streaks = 0.6 * smooth(rng, (64, 512), (3, 300)) + 0.4 * smooth(rng, (64, 512), (2, 40))
    if who.hair == "curly":
        streaks = smooth(rng, (64, 512), (30, 200))
    return _Bust(
        neutral, skin.paint(who, canvas(assets, sheet)), _iris(rng, who, 96), streaks
    )


@lru_cache(maxsize=6)
def _cap(assets: Assets, who: Person, style: str) -> hair.Shell | None:
    return hair.cap(assets, _bust(assets, who, 256).neutral, who, style)


def _iris(rng: np.random.Generator, who: Person, size: int) -> np.ndarray:
    """(s, s, 3) the front of an eyeball: white with veins, dark ring, fibres, pupil."""
    rows, columns = (np.mgrid[:size, :size] + 0.5) / size * 2 - 1
    radius, angle = np.hypot(rows, columns), np.arctan2(rows, columns)
    white = np.array([0.72, 0.66, 0.62]) * rng.uniform(0.75, 1.05) - np.array([0, 0.25, 0.28]) * np.clip(
        radius[..., None] - 0.5, 0, 0.5
    )
    edge, pupil = rng.uniform(0.36, 0.42), rng.uniform(0.13, 0.22)
    fibre = 0.75 + 0.4 * np.interp(angle, np.linspace(-np.pi, np.pi, 61), rng.random(61))
    colour = np.array(who.iris) * (fibre * (1.25 - 0.9 * np.clip((radius - 0.2) / 0.2, 0, 1)))[..., None]
    mix = np.clip((edge - radius) / 0.06 + 0.5, 0, 1)[..., None]
    image = white * (1 - mix) + colour * mix
    return np.ascontiguousarray(image * (1 - np.clip((pupil - radius) / 0.04 + 0.5, 0, 0.97))[..., None], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """Turns of head and body, and the way from the world to the pixels of the drawing."""

    turn: np.ndarray  # (3, 3)
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


_PIVOT = np.array([0.0, -6.0, -1.5], np.float32)
_BEND = np.array([-15.5, -7.5], np.float32)


def rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Degrees: yaw to the image's right, pitch up, roll clockwise in the image, applied last."""
    y, p, r = np.radians([yaw, -pitch, -roll])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def render(
    assets: Assets, latent: Latent, size: int | tuple[int, int] = 112, background: np.ndarray | None = None
) -> RenderedFace:
    """The picture of a latent; always the same for the same latent and size."""
    height, width = (size, size) if isinstance(size, int) else size
    rng = np.random.default_rng((latent.seed, 5))
    fine = 2
    sheet = 256 if height * latent.fill < 110 else 512 if height * latent.fill < 300 else 1024
    bust = _bust(assets, latent.person, sheet)
    moved = _deform(assets, latent, bust.neutral)
    view = _look(assets, latent, moved, (height * fine, width * fine))
    canvas_ = _Layers.empty(height * fine, width * fine)
    _head(canvas_, assets, latent, bust, moved, view, sheet)
    _worn(canvas_, assets, latent, bust, view, rng)
    colour, alpha = _shrink(canvas_.colour), _shrink(canvas_.alpha[..., None])
    ground = backdrop.draw(rng, (height, width)) if background is None else background
    if background is None and rng.random() < 0.5:
        ground = camera.blur(ground, rng.uniform(0.5, 2.5) * height / 112)
    linear = colour + ground * ground * (1 - alpha)
    image = np.sqrt(np.maximum(_glow(linear), 0))
    image = _cover(rng, latent, image, view, fine, moved, assets)
    box, points = _labels(assets, moved, view, fine)
    valence, arousal = affect(latent)
    return RenderedFace(
        camera.take(rng, image, latent.grade),
        (alpha[..., 0] * 255 + 0.5).astype(np.uint8),
        box,
        points,
        np.array(latent.pose, np.float32),
        _strengths(assets, latent, moved),
        latent.expression,
        valence,
        arousal,
    )


def _glow(linear: np.ndarray) -> np.ndarray:
    """Soft shoulder, as film and cameras have, instead of hard clipping."""
    return linear * (1 + 0.15 * linear) / (1 + 0.55 * linear) * 1.25


def _shrink(image: np.ndarray) -> np.ndarray:
    out = np.empty((image.shape[0] // 2, image.shape[1] // 2, image.shape[2]), np.float32)
    raster.halve(image, out)
    return out


def _deform(assets: Assets, latent: Latent, neutral: np.ndarray) -> np.ndarray:
    """The head with its expression, its eyeballs turned."""
    moved = neutral.copy()
    for i, weight in enumerate(np.clip(weights(latent, assets.names) + _rest_face(assets, latent.person), 0, 1.15)):
        if weight > 0.004:
            moved += weight * assets.shapes[i]
    turn = rotation(latent.gaze[0], latent.gaze[1], 0).astype(np.float32)
    for side in (1, -1):
        ball = _eye(assets, side)
        if len(ball):
            centre = (moved[ball].max(0) + moved[ball].min(0)) / 2
            moved[ball] = (moved[ball] - centre) @ turn.T + centre
    return moved


@lru_cache(maxsize=8)
def _rest_face(assets: Assets, who: Person) -> np.ndarray:
    """How a person's face hangs at rest: heavy or narrow lids, full or thin lips; part of no unit."""
    rng = np.random.default_rng((who.key, 8))
    habits = {"eyeBlink": rng.uniform(0, 0.22), "eyeSquint": rng.uniform(0, 0.3), "mouthPress": rng.uniform(0, 0.12)}
    return np.array([habits.get(name[:-2], 0.0) for name in assets.names], np.float32)


@lru_cache(maxsize=8)
def _eye(assets: Assets, side: int) -> np.ndarray:
    """Vertices of one eyeball: the person's left is +1."""
    return np.flatnonzero((assets.part == EYE) & (assets.vertices[:, 0] * side > 0))


@lru_cache(maxsize=4)
def _front(assets: Assets) -> np.ndarray:
    """Vertices that bound the face: middle of the forehead to the chin, cheek to cheek."""
    x, y, z = assets.vertices.T
    chin = assets.points()[8, 1]
    return np.flatnonzero((assets.part == FACE) & (y > chin - 0.1) & (y < 8.6) & (z > 3.4))


def _look(assets: Assets, latent: Latent, moved: np.ndarray, shape: tuple[int, int]) -> _View:
    """The camera that frames the face as the latent asks."""
    yaw, pitch, roll = latent.pose
    turn, still = rotation(yaw, pitch, roll), rotation(yaw * 0.25, 0, roll * 0.12)
    plain = _View(turn, still, latent.distance, 1.0, (0.0, 0.0))
    seen = plain.screen(plain.place(moved[_front(assets)]))[:, :2]
    low, high = seen.min(0), seen.max(0)
    scale = latent.fill * shape[0] / max(high[1] - low[1], (high[0] - low[0]) * 0.85)
    middle = (low + high) / 2 * scale
    centre = (
        shape[1] * (0.5 + latent.shift[0]) - middle[0] - 0.5,
        shape[0] * (0.5 + latent.shift[1]) - middle[1] - 0.5,
    )
    return _View(turn, still, latent.distance, scale, centre)


@dataclass(frozen=True, slots=True, eq=False)
class _Layers:
    """What has been drawn so far, colour already weighed by alpha."""

    colour: np.ndarray
    alpha: np.ndarray
    depth: np.ndarray

    @classmethod
    def empty(cls, height: int, width: int) -> _Layers:
        return cls(
            np.zeros((height, width, 3), np.float32),
            np.zeros((height, width), np.float32),
            np.zeros((height, width), np.float32),
        )


@lru_cache(maxsize=8)
def _faces(assets: Assets, mouth_open: bool) -> tuple[np.ndarray, np.ndarray]:
    """Triangles that can show, and how each is coloured: 0 by its vertices, 1 by the skin's sheet, 2 by the eye's."""
    part = assets.part[assets.triangles]
    inside = np.isin(part, (GUMS, TEETH, MOUTH)).all(1)
    keep = (~inside | mouth_open) & _above(assets)
    kind = np.where((part == FACE).all(1), 1, np.where((part == EYE).all(1), 2, 0)).astype(np.uint8)
    return np.ascontiguousarray(assets.triangles[keep]), kind[keep]


def _above(assets: Assets) -> np.ndarray:
    """Triangles above the chest, which the clothes' own mesh replaces."""
    return (assets.vertices[assets.triangles, 1] > -12.3).all(1)


@lru_cache(maxsize=8)
def _places(assets: Assets, mouth_open: bool) -> np.ndarray:
    """Texture places of the shown triangles; the eyes' are seen from straight ahead."""
    part = assets.part[assets.triangles]
    uv = assets.uv.copy()
    for side in (1, -1):
        ball = _eye(assets, side)
        if len(ball):
            low, high = assets.vertices[ball].min(0), assets.vertices[ball].max(0)
            flat = (assets.vertices - (low + high) / 2)[:, :2] / (high - low)[:2] * np.array([1, -1]) + 0.5
            mine = np.isin(assets.triangles, ball).all(1)
            uv[mine] = flat[assets.triangles[mine]]
    keep = (~np.isin(part, (GUMS, TEETH, MOUTH)).all(1) | mouth_open) & _above(assets)
    return np.ascontiguousarray(uv[keep], np.float32)


@lru_cache(maxsize=4)
def _inner_tint(assets: Assets) -> np.ndarray:
    """(n, 3) colours inside the mouth and the sockets; white (times the skin's tone) elsewhere."""
    tint = np.ones((len(assets.vertices), 3), np.float32)
    deep = np.clip((assets.vertices[:, 2:3] - 6.5) / 4.0, 0.03, 1) ** 1.3
    for part, colour in ((MOUTH, (0.16, 0.045, 0.04)), (GUMS, (0.34, 0.1, 0.09)), (TEETH, (0.72, 0.66, 0.55))):
        here = assets.part == part
        tint[here] = np.array(colour, np.float32) * deep[here]
    tint[assets.part == SOCKET] = (0.3, 0.12, 0.1)
    return tint


def _head(
    layers: _Layers, assets: Assets, latent: Latent, bust: _Bust, moved: np.ndarray, view: _View, sheet: int
) -> None:
    gap = _gap(assets, moved)
    triangles, kind = _faces(assets, gap > 0.02)
    world = view.place(moved)
    normal = np.empty_like(world)
    raster.normals(world, triangles, normal)
    light, gloss = _lit(latent, normal, visibility(assets), view, 0.05 + 0.06 * (latent.person.key % 97) / 97)
    albedo = _inner_tint(assets).copy()
    albedo[assets.part <= HEAD] = bust.skin.tone
    crown = (assets.part == HEAD) & (
        assets.vertices[:, 1] > skin.hairline(np.arctan2(assets.vertices[:, 0], assets.vertices[:, 2] + 1), latent.person)
    )
    if latent.person.hair != "bald":
        roots = 0.55 if latent.person.hair == "shaved" else 0.8
        albedo[crown] += roots * (0.8 * np.array(latent.person.hair_colour, np.float32) - albedo[crown])
    eyes = assets.part == EYE
    if eyes.any():
        gloss[eyes] = 0
        light[eyes] *= _lid_shade(assets, moved)[:, None]
    depths = _depths(assets, latent)
    texture = skin.worn(bust.skin, canvas(assets, sheet), depths)
    if latent.cover == "mask":
        _mask(texture, canvas(assets, sheet).place, latent.seed)
    hit, share = _drawn(layers, view.screen(world), triangles, False)
    raster.shade(
        hit, share, triangles, _places(assets, gap > 0.02), kind, albedo, light, gloss, texture, bust.eye, layers.colour
    )
    layers.alpha[hit >= 0] = 1
    _catchlight(layers, assets, latent, world, view, hit, kind)


def _drawn(
    layers: _Layers, screen: np.ndarray, triangles: np.ndarray, two_sided: bool
) -> tuple[np.ndarray, np.ndarray]:
    hit = np.full(layers.depth.shape, -1, np.int32)
    share = np.zeros((*layers.depth.shape, 2), np.float32)
    raster.draw(screen, triangles, two_sided, layers.depth, hit, share)
    return hit, share


def _lid_shade(assets: Assets, moved: np.ndarray) -> np.ndarray:
    """Shade that the upper lid throws on the eyeball."""
    out = []
    for side in (-1, 1):
        ball = moved[_eye(assets, side)]
        out.append((_eye(assets, side), np.clip(0.95 - 0.85 * (ball[:, 1] - (ball[:, 1].max() + ball[:, 1].min()) / 2), 0.25, 0.9)))
    order = np.concatenate([index for index, _ in out])
    return np.concatenate([value for _, value in out])[np.argsort(order)].astype(np.float32)


def _lit(
    latent: Latent, normal: np.ndarray, seen: np.ndarray, view: _View, shine: float
) -> tuple[np.ndarray, np.ndarray]:
    """Light that reaches every vertex, and what it mirrors to the camera."""
    lamp = latent.light
    direction = np.array(lamp.direction) / np.linalg.norm(lamp.direction)
    half = direction + (0, 0, 1)
    half /= np.linalg.norm(half)
    light, gloss = np.empty_like(normal), np.empty_like(normal)
    raster.lit(
        normal,
        seen,
        harmonics((view.turn.T @ direction)[None])[0],
        direction,
        half,
        np.array(lamp.colour),
        np.array(lamp.ambient),
        _WRAP,
        lamp.hardness,
        shine,
        light,
        gloss,
    )
    return light, gloss


# Red light wanders furthest under the skin, so shadows' borders are reddish.
_WRAP = np.array([0.22, 0.1, 0.07], np.float32)


def _depths(assets: Assets, latent: Latent) -> np.ndarray:
    """(w, 2) how deep every wrinkle is drawn on the person's left and right half."""
    values = dict(zip(assets.names, weights(latent, assets.names), strict=True))
    own = np.random.default_rng((latent.person.key, 6)).uniform(0.35, 1.0, len(WRINKLES)) * (0.55 + 0.6 * latent.person.age)
    rows = [
        (values.get(shape + "_L", values.get(shape, 0.0)), values.get(shape + "_R", values.get(shape, 0.0)))
        for shape, *_ in WRINKLES
    ]
    return np.array(rows) * own[:, None]


def _catchlight(
    layers: _Layers, assets: Assets, latent: Latent, world: np.ndarray, view: _View, hit: np.ndarray, kind: np.ndarray
) -> None:
    """The lamp mirrored in each eye."""
    half = np.array(latent.light.direction) / np.linalg.norm(latent.light.direction) + (0, 0, 1)
    half /= np.linalg.norm(half)
    for side in (1, -1):
        ball = world[_eye(assets, side)]
        if not len(ball):
            continue
        centre, radius = (ball.max(0) + ball.min(0)) / 2, np.ptp(ball[:, 0]) / 2
        spot = (centre + half * radius * np.array([0.55, 0.55, 1]))[None].astype(np.float32)
        x, y, near = view.screen(spot)[0]
        size = 0.16 * view.scale * near
        top, left = max(int(y - 3 * size), 0), max(int(x - 3 * size), 0)
        area = slice(top, max(int(y + 3 * size) + 2, 0)), slice(left, max(int(x + 3 * size) + 2, 0))
        shown = hit[area]
        if shown.size == 0:
            continue
        rows, columns = np.mgrid[top : top + shown.shape[0], left : left + shown.shape[1]]
        glow = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / size**2) * (kind[np.maximum(shown, 0)] == 2) * (shown >= 0)
        layers.colour[area] += (0.9 * glow)[..., None] * np.array(latent.light.colour, np.float32)


def _worn(
    layers: _Layers, assets: Assets, latent: Latent, bust: _Bust, view: _View, rng: np.random.Generator
) -> None:
    """Clothes, hair or hat, glasses: each over what lies behind it."""
    clothes, cloth = hair.torso(rng), backdrop.colour(rng, 0.5) ** 2
    bare = bust.skin.tone
    print_ = smooth(rng, (64, 512), (int(rng.integers(2, 30)), int(rng.integers(2, 200)))) * rng.uniform(0, 0.4)
    _shell(layers, latent, clothes, view, cloth, print_, 0.15, 0.0, under=bare)
    cap = _cap(assets, latent.person, latent.person.hair)
    if cap is not None and latent.headwear not in ("scarf", "hood"):
        tint = np.array(latent.person.hair_colour, np.float32)
        inner = hair.Shell(cap.vertices, np.ascontiguousarray(cap.triangles[:, ::-1]), cap.values)
        for side in (inner, cap):
            _shell(layers, latent, side, view, tint, bust.streaks, 1.0, 0.25, one_sided=True)
    if latent.headwear != "none":
        cap, tint = _cap(assets, latent.person, latent.headwear), backdrop.colour(rng, 0.6) ** 2
        if cap is not None:
            _shell(layers, latent, cap, view, tint, print_[::-1], 0.1, 0.0)
    if latent.glasses != "none":
        rim, lens = hair.glasses(bust.neutral, assets.landmarks, rng, {"thin": 0.07, "sun": 0.13}.get(latent.glasses, 0.2))
        flat = np.zeros((2, 2), np.float32)
        tint = rng.uniform(0.01, 0.06, 3) if rng.random() < 0.7 else backdrop.colour(rng, 0.5)
        _shell(layers, latent, rim, view, tint, flat, 0.0, 0.12, solid=True)
        strength = rng.uniform(0.75, 0.97) if latent.glasses == "sun" else rng.uniform(0, 0.1)
        glare = rng.random() < 0.3
        _shell(layers, latent, lens, view, tint * (0.5 if not glare else 6), flat, 0, 0.1, solid=True, strength=strength)


def _shell(
    layers: _Layers,
    latent: Latent,
    shell: hair.Shell,
    view: _View,
    tint: np.ndarray,
    streaks: np.ndarray,
    grain: float,
    shine: float,
    solid: bool = False,
    strength: float = 1.0,
    under: np.ndarray | None = None,
    one_sided: bool = False,
) -> None:
    """One worn mesh over the layers, its hem frayed by its grain."""
    world = view.place(shell.vertices)
    normal = np.empty_like(world)
    raster.normals(world, shell.triangles, normal)
    normal *= np.where(normal[:, 2:3] < -0.3, -1, 1)
    seen = np.zeros((len(world), 9), np.float32)
    seen[:, 0] = 0.78 if solid else np.interp(shell.values[:, 1], [0, 0.4, 1], [0.78, 0.58, 0.33])
    bright, gloss = _lit(latent, normal, seen, view, shine)
    values = np.concatenate([shell.values, bright, gloss], 1).astype(np.float32)
    below = layers.depth.copy()
    hit, share = _drawn(layers, view.screen(world), shell.triangles, not one_sided)
    there = np.nonzero(hit >= 0)
    if len(there[0]) == 0:
        return
    out = np.zeros((*hit.shape, values.shape[1]), np.float32)
    raster.spread(hit, share, shell.triangles, values, out)
    found = out[there]
    u = ((found[:, 0] / (2 * np.pi) + 0.5) * (streaks.shape[1] - 1)).astype(int).clip(0, streaks.shape[1] - 1)
    v = (found[:, 1] * (streaks.shape[0] - 1)).astype(int).clip(0, streaks.shape[0] - 1)
    streak = streaks[v, u]
    alpha = np.full(len(streak), strength, np.float32)
    if not solid:
        alpha = np.clip((found[:, 2] + 1.3 * min(grain, 1) * streak) / (0.15 + 0.7 * grain) + 0.5 * grain, 0, 1)
    depth = (1 + 0.45 * streak * min(1.0, grain + 0.3))[:, None]
    if under is not None:
        tint, alpha = under + (tint * depth - under) * alpha[:, None], np.ones_like(alpha)
        depth = np.ones_like(depth)
    colour = tint.astype(np.float32) * depth * found[:, 3:6] + found[:, 6:9] * np.clip(depth - 0.4, 0, 1) * (0.3 + tint)
    layers.colour[there] += (colour - layers.colour[there]) * alpha[:, None]
    layers.alpha[there] += (1 - layers.alpha[there]) * alpha
    faint = (there[0][alpha < 0.5], there[1][alpha < 0.5])
    layers.depth[faint] = below[faint]


def _mask(texture: np.ndarray, place: np.ndarray, seed: int) -> None:
    """A medical mask from the nose to under the chin."""
    x, y, z = np.moveaxis(place, -1, 0)
    edge = 1.6 - 0.28 * np.abs(x)
    inside = np.clip((edge - y) / 0.15, 0, 1) * (y > -8.5) * np.clip((z - 3) / 0.4, 0, 1)
    colour = np.array([(0.35, 0.55, 0.65), (0.75, 0.75, 0.75), (0.03, 0.03, 0.03)], np.float32)[seed % 3]
    texture += (colour * (0.9 + 0.1 * np.sin(6 * y))[..., None] - texture) * inside[..., None]


def _cover(
    rng: np.random.Generator, latent: Latent, image: np.ndarray, view: _View, fine: int, moved: np.ndarray, assets: Assets
) -> np.ndarray:
    """A hand or a microphone before the lower face."""
    if latent.cover not in ("hand", "microphone"):
        return image
    chin = view.screen(view.place(moved[assets.landmarks[[8, 57, 1, 15]]]))[:, :2] / fine
    unit = np.linalg.norm(chin[2] - chin[3]) / 14 + 0.2
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    if latent.cover == "microphone":
        tip = chin[1] + (rng.normal(0, 1.5) * unit, rng.uniform(0.5, 2.5) * unit)
        image = _capsule(image, rows, columns, tip, tip + (rng.normal(0, 3) * unit, 12 * unit), 1.1 * unit, np.full(3, 0.05))
        return _capsule(image, rows, columns, tip, tip + (0, 0.5 * unit), 2.1 * unit, np.full(3, rng.uniform(0.1, 0.4)))
    tone = np.sqrt(skin.tone(latent.person) * np.float32(0.75))
    side = rng.choice([-1, 1])
    root = chin[0] + (side * rng.uniform(3, 8) * unit, rng.uniform(2, 7) * unit)
    lean = rng.uniform(-0.9, 0.9)
    for finger in range(4):
        start = root + ((finger - 1.5) * 1.7 * unit, 0)
        angle = -np.pi / 2 + lean + 0.1 * (finger - 1.5)
        end = start + np.array([np.cos(angle), np.sin(angle)]) * (7 - abs(finger - 1.5)) * unit
        image = _capsule(image, rows, columns, start, end, 0.95 * unit, tone)
    return _capsule(image, rows, columns, root, root + (0, 6 * unit), 3.4 * unit, tone * 0.95)


def _capsule(
    image: np.ndarray, rows: np.ndarray, columns: np.ndarray, start: np.ndarray, end: np.ndarray, radius: float, tone: np.ndarray
) -> np.ndarray:
    """A rounded bar with shaded sides over the image."""
    along = end - start
    t = np.clip(((columns - start[0]) * along[0] + (rows - start[1]) * along[1]) / (along @ along + 1e-6), 0, 1)
    away = np.hypot(columns - start[0] - t * along[0], rows - start[1] - t * along[1])
    alpha = np.clip(radius - away + 0.5, 0, 1)[..., None]
    colour = tone * (0.55 + 0.45 * np.sqrt(np.clip(1 - (away / (radius + 0.5)) ** 2, 0, 1)))[..., None]
    return (image * (1 - alpha) + colour * alpha).astype(np.float32)


def _gap(assets: Assets, moved: np.ndarray) -> float:
    """Distance of the lips at their middle, in the head's units, beyond that of the mean head at rest."""
    marks = assets.landmarks
    return float(np.mean(moved[marks[[61, 62, 63]], 1] - moved[marks[[67, 66, 65]], 1])) - _rest(assets)


@lru_cache(maxsize=4)
def _rest(assets: Assets) -> float:
    points = assets.points()
    return float(np.mean(points[[61, 62, 63], 1] - points[[67, 66, 65], 1]))


def _strengths(assets: Assets, latent: Latent, moved: np.ndarray) -> np.ndarray:
    """(12,) the units as shown: lips parted and jaw dropped are read from the mesh's own weights and distances."""
    found = units(latent)
    gap = max(0.0, _gap(assets, moved) - 0.1)
    found["AU25"] = 1 - float(np.exp(-gap / 0.6))
    return np.array([min(1.0, found[name]) for name in UNITS], np.float32)


def _labels(assets: Assets, moved: np.ndarray, view: _View, fine: int) -> tuple[np.ndarray, np.ndarray]:
    seen = (view.screen(view.place(moved[_front(assets)]))[:, :2] + 0.5) / fine
    low, high = seen.min(0), seen.max(0)
    marks = (view.screen(view.place(moved[assets.landmarks]))[:, :2] + 0.5) / fine
    points = np.stack([marks[36:42].mean(0), marks[42:48].mean(0), marks[30], marks[48], marks[54]])
    return np.concatenate([low, high - low]).astype(np.float32), points.astype(np.float32)
