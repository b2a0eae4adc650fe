"""Triangles to pixels: the few loops that numpy cannot do fast enough, compiled."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """The function compiled; kept on disk for the next process where the disk lets it."""
    try:
        return cast(F, numba.njit(cache=True, nogil=True, fastmath=True)(function))
    except RuntimeError:  # no writable place for the cache
        return cast(F, numba.njit(nogil=True, fastmath=True)(function))


@compiled
def normals(vertices: np.ndarray, triangles: np.ndarray, out: np.ndarray) -> None:
    """Unit vertex normals, each face weighted by its area."""
    out[:] = 0
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux, uy, uz = vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2]
        vx, vy, vz = vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for k in (a, b, c):
            out[k, 0] += nx
            out[k, 1] += ny
            out[k, 2] += nz
    for i in range(out.shape[0]):
        length = np.sqrt(out[i, 0] ** 2 + out[i, 1] ** 2 + out[i, 2] ** 2) + 1e-9
        out[i, 0] /= length
        out[i, 1] /= length
        out[i, 2] /= length


@compiled
def draw(
    screen: np.ndarray, triangles: np.ndarray, two_sided: bool, depth: np.ndarray, hit: np.ndarray, weights: np.ndarray
) -> None:
    """Nearest triangle of every pixel: `depth` (1/z, larger is nearer), `hit` (index) and its perspective weights.

    `screen` holds x, y in pixels and 1/z. What is already nearer in `depth` stays.
    """
    height, width = depth.shape
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, aw = screen[a, 0], screen[a, 1], screen[a, 2]
        bx, by, bw = screen[b, 0], screen[b, 1], screen[b, 2]
        cx, cy, cw = screen[c, 0], screen[c, 1], screen[c, 2]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0 or (area > 0 and not two_sided) or aw <= 0 or bw <= 0 or cw <= 0:
            continue
        left, right = max(0, int(np.ceil(min(ax, bx, cx)))), min(width - 1, int(np.floor(max(ax, bx, cx))))
        top, bottom = max(0, int(np.ceil(min(ay, by, cy)))), min(height - 1, int(np.floor(max(ay, by, cy))))
        inverse = 1.0 / area
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                w0 = ((bx - x) * (cy - y) - (by - y) * (cx - x)) * inverse
                w1 = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) * inverse
                w2 = 1.0 - w0 - w1
                if w0 < 0 or w1 < 0 or w2 < 0:
                    continue
                near = w0 * aw + w1 * bw + w2 * cw
                if near > depth[y, x]:
                    depth[y, x] = near
                    hit[y, x] = t
                    weights[y, x, 0] = w0 * aw / near
                    weights[y, x, 1] = w1 * bw / near


@compiled
def shade(
    hit: np.ndarray,
    weights: np.ndarray,
    triangles: np.ndarray,
    uv: np.ndarray,
    kind: np.ndarray,
    albedo: np.ndarray,
    light: np.ndarray,
    gloss: np.ndarray,
    skin: np.ndarray,
    eye: np.ndarray,
    out: np.ndarray,
) -> None:
    """Linear colour of every hit pixel: (texture, or vertex albedo for kind 0) × light + gloss."""
    height, width = hit.shape
    for y in range(height):
        for x in range(width):
            t = hit[y, x]
            if t < 0:
                continue
            w0, w1 = weights[y, x, 0], weights[y, x, 1]
            w2 = 1 - w0 - w1
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            if kind[t] == 0:
                for k in range(3):
                    colour = w0 * albedo[a, k] + w1 * albedo[b, k] + w2 * albedo[c, k]
                    shine = w0 * gloss[a, k] + w1 * gloss[b, k] + w2 * gloss[c, k]
                    out[y, x, k] = colour * (w0 * light[a, k] + w1 * light[b, k] + w2 * light[c, k]) + shine
                continue
            image = skin if kind[t] == 1 else eye
            size = image.shape[0]
            u = (w0 * uv[t, 0, 0] + w1 * uv[t, 1, 0] + w2 * uv[t, 2, 0]) * size - 0.5
            v = (w0 * uv[t, 0, 1] + w1 * uv[t, 1, 1] + w2 * uv[t, 2, 1]) * size - 0.5
            i, j = min(max(int(v), 0), size - 2), min(max(int(u), 0), size - 2)
            fv, fu = min(max(v - i, 0.0), 1.0), min(max(u - j, 0.0), 1.0)
            for k in range(3):
                upper = image[i, j, k] * (1 - fu) + image[i, j + 1, k] * fu
                lower = image[i + 1, j, k] * (1 - fu) + image[i + 1, j + 1, k] * fu
                shine = w0 * gloss[a, k] + w1 * gloss[b, k] + w2 * gloss[c, k]
                bright = w0 * light[a, k] + w1 * light[b, k] + w2 * light[c, k]
                out[y, x, k] = (upper * (1 - fv) + lower * fv) * bright + shine


@compiled
def spread(hit: np.ndarray, weights: np.ndarray, triangles: np.ndarray, values: np.ndarray, out: np.ndarray) -> None:
    """Vertex values interpolated over the hit pixels."""
    for y in range(hit.shape[0]):
        for x in range(hit.shape[1]):
            t = hit[y, x]
            if t < 0:
                continue
            w0, w1 = weights[y, x, 0], weights[y, x, 1]
            for k in range(values.shape[1]):
                out[y, x, k] = (
                    w0 * values[triangles[t, 0], k]
                    + w1 * values[triangles[t, 1], k]
                    + (1 - w0 - w1) * values[triangles[t, 2], k]
                )


@compiled
def halve(image: np.ndarray, out: np.ndarray) -> None:
    """Mean of every 2 × 2 pixels."""
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            for k in range(out.shape[2]):
                total = image[2 * y, 2 * x, k] + image[2 * y, 2 * x + 1, k]
                out[y, x, k] = (total + image[2 * y + 1, 2 * x, k] + image[2 * y + 1, 2 * x + 1, k]) / 4


@compiled
def pose(
    vertices: np.ndarray, turn: np.ndarray, still: np.ndarray, pivot: np.ndarray, bend: np.ndarray, out: np.ndarray
) -> None:
    """Head turned, body rested, the neck between `bend[0]` (stiff with the body) and `bend[1]` blended."""
    for i in range(vertices.shape[0]):
        x, y, z = vertices[i, 0] - pivot[0], vertices[i, 1] - pivot[1], vertices[i, 2] - pivot[2]
        s = min(max((vertices[i, 1] - bend[0]) / (bend[1] - bend[0]), 0.0), 1.0)
        s = s * s * (3 - 2 * s)
        for k in range(3):
            moved = turn[k, 0] * x + turn[k, 1] * y + turn[k, 2] * z
            rested = still[k, 0] * x + still[k, 1] * y + still[k, 2] * z
            out[i, k] = rested + (moved - rested) * s + pivot[k]


@compiled
def lit(
    normal: np.ndarray,
    seen: np.ndarray,
    basis: np.ndarray,
    direction: np.ndarray,
    half: np.ndarray,
    lamp: np.ndarray,
    sky: np.ndarray,
    wrap: np.ndarray,
    hardness: float,
    shine: float,
    light: np.ndarray,
    gloss: np.ndarray,
) -> None:
    """Light that reaches every vertex, and what it mirrors to the camera."""
    for i in range(normal.shape[0]):
        nx, ny, nz = normal[i, 0], normal[i, 1], normal[i, 2]
        reach = 0.0
        for k in range(9):
            reach += seen[i, k] * basis[k]
        reach = 1 - (1 - min(max(reach, 0.0), 1.0)) * hardness
        facing = nx * direction[0] + ny * direction[1] + nz * direction[2]
        around = min(max(seen[i, 0] * 1.7, 0.12), 1.0)
        up = (0.78 + 0.3 * ny) * around
        mirror = max(nx * half[0] + ny * half[1] + nz * half[2], 0.0)
        sharp = mirror * mirror
        sharp = sharp * sharp * sharp * mirror
        sharp = sharp * sharp
        spot = shine * (sharp + 0.8 * sharp * sharp * sharp * sharp) * reach
        edge = 1 - max(nz, 0.0)
        rim = 0.05 * edge * edge * edge * around
        for k in range(3):
            soft = max((facing + wrap[k]) / (1 + wrap[k]), 0.0)
            light[i, k] = soft * lamp[k] * reach + sky[k] * up
            gloss[i, k] = spot * lamp[k] + rim * sky[k]


@compiled
def paste(
    image: np.ndarray,
    source: np.ndarray,
    inverse: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    length: float,
    gain: np.ndarray,
) -> None:
    """Lay (h, w, 4) uint8 over a float image in [0, 1]; `length` pixels below the source its last row goes on."""
    h, w = source.shape[:2]
    for y in range(low[1], high[1]):
        for x in range(low[0], high[0]):
            u = inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2]
            v = inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2]
            if u < 0 or u >= w - 1 or v < 0 or v >= h - 1 + length:
                continue
            if v >= h - 1.001:
                v = h - 1.001
            i, j = int(v), int(u)
            fv, fu = v - i, u - j
            a, b, c, d = (1 - fv) * (1 - fu), (1 - fv) * fu, fv * (1 - fu), fv * fu
            alpha = (
                a * source[i, j, 3] + b * source[i, j + 1, 3] + c * source[i + 1, j, 3] + d * source[i + 1, j + 1, 3]
            )
            alpha /= 255.0
            if alpha <= 0:
                continue
            for k in range(3):
                colour = (
                    a * source[i, j, k]
                    + b * source[i, j + 1, k]
                    + c * source[i + 1, j, k]
                    + d * source[i + 1, j + 1, k]
                )
                image[y, x, k] += (colour / 255.0 * gain[k] - image[y, x, k]) * alpha
