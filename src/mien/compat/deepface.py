"""DeepFace's `analyze`: the same call and the same keys, with nothing to download.

>>> from mien.compat import deepface as DeepFace
>>> DeepFace.analyze("photo.jpg", actions=["emotion"])[0]["dominant_emotion"]
'happy'
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from mien.api import perceiver, read
from mien.errors import InputError, unknown
from mien.heads import AGE, ETHNICITY, EXPRESSION, GENDER
from mien.io import photo
from mien.types import Face, Faces, Frame

Answer: TypeAlias = "int | float | str | dict[str, float] | dict[str, int | tuple[int, int] | None]"
Analysis: TypeAlias = dict[str, Answer]

ACTIONS = ("emotion", "age", "gender", "race")
DETECTORS = ("mien", "skip")
_EMOTIONS = {  # DeepFace's names, in its order; it has none for contempt
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "sad": "sadness",
    "surprise": "surprise",
    "neutral": "neutral",
}
_GENDERS = {"Woman": "female", "Man": "male"}
_RACES = {name: name for name in ETHNICITY.labels}
_CLASSES = {"emotion": (EXPRESSION, _EMOTIONS), "gender": (GENDER, _GENDERS), "race": (ETHNICITY, _RACES)}


def analyze(
    img_path: photo.Source | list[photo.Source],
    actions: str | Sequence[str] = ACTIONS,
    enforce_detection: bool = True,
    detector_backend: str = "mien",
    align: bool = True,
    expand_percentage: int = 0,
    silent: bool = False,
    anti_spoofing: bool = False,
) -> list[Analysis] | list[list[Analysis]]:
    """One dict per face, as DeepFace has them; a list of photos, or an array (n, H, W, 3), gives a list of such lists.

    Arrays are BGR, as there. Age, gender and race are read only where `actions` names them. Without a face it is a
    ValueError, or with `enforce_detection=False` one dict for the whole photo. `silent` has no effect.
    """
    asked = (actions,) if isinstance(actions, str) else tuple(actions)
    if not asked:
        raise InputError(f"actions must name at least one of {', '.join(ACTIONS)}, got none")
    for action in asked:
        if action not in ACTIONS:
            raise unknown("action", action, ACTIONS)
    if detector_backend not in DETECTORS:
        raise InputError(
            f"no detector {detector_backend!r} here; leave detector_backend out, or pass 'skip' for cut-out faces"
        )
    if anti_spoofing or expand_percentage or not align:
        raise InputError("anti_spoofing, expand_percentage and align=False are not here; leave them out")
    if isinstance(img_path, list) or (isinstance(img_path, np.ndarray) and img_path.ndim == 4):
        return [_analyze(one, asked, enforce_detection, detector_backend) for one in img_path]
    return _analyze(img_path, asked, enforce_detection, detector_backend)


def _analyze(source: photo.Source, actions: Sequence[str], enforce: bool, detector: str) -> list[Analysis]:
    if isinstance(source, str) and source.startswith("data:image/"):
        try:
            source = base64.b64decode(source.partition(",")[2])
        except ValueError as error:
            raise InputError(f"wanted a picture in base64, got {source[:40]!r}… ({error}); send it whole") from None
    frame = photo.read(source, bgr=isinstance(source, np.ndarray))
    demographics = not {"age", "gender", "race"}.isdisjoint(actions)
    faces = Faces.none(frame) if detector == "skip" else perceiver(demographics=demographics)(frame)
    if len(faces):
        return [_dict(face, actions) for face in faces]
    if enforce and detector != "skip":
        raise InputError(f"no face was found in {frame.source}; to read the whole photo pass enforce_detection=False")
    return [_dict(face, actions) | {"face_confidence": 0.0} for face in _whole(frame, demographics)]


def _whole(frame: Frame, demographics: bool) -> Faces:
    return replace(read([frame.pixels], demographics=demographics), frame=frame)


def _dict(face: Face, actions: Sequence[str]) -> Analysis:
    region: dict[str, int | tuple[int, int] | None] = dict(zip("xywh", _inside(face), strict=True))
    region |= {"left_eye": _point(face, 1), "right_eye": _point(face, 0)}  # the person's own left, as DeepFace says it
    out: Analysis = {"region": region, "face_confidence": face.score}
    for action in actions:
        if action == "age":
            out["age"] = round(float(face[AGE].values[0]))
            continue
        head, names = _CLASSES[action]
        values = np.array([face[head][name] for name in names.values()], np.float64)
        shares = dict(zip(names, (100 * values / max(values.sum(), 1e-9)).tolist(), strict=True))
        out[action], out[f"dominant_{action}"] = shares, max(shares, key=shares.__getitem__)
    return out


def _inside(face: Face) -> tuple[int, int, int, int]:
    """The part of the box that lies in the picture, as there: `img[y : y + h, x : x + w]` must be the face."""
    x, y, w, h = face.box
    left, top = np.clip((round(x), round(y)), 0, face.faces.frame.size).tolist()
    right, bottom = np.clip((round(x + w), round(y + h)), 0, face.faces.frame.size).tolist()
    return left, top, right - left, bottom - top


def _point(face: Face, i: int) -> tuple[int, int] | None:
    x, y = face.points[i].tolist()
    return (round(x), round(y)) if np.isfinite((x, y)).all() else None
