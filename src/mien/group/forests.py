"""The 2017 ensemble: random forests on the median face, on distances of landmarks, and on the whole picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError, MissingExtra
from mien.labels import VGAF
from mien.link import unit
from mien.types import Floats

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestClassifier

Ids = NDArray[np.int64]
LOUD = 3.6  # published: a larger sum over faces is scaled down to 1, so that crowds do not shout
STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)  # weights tried


@dataclass(frozen=True, slots=True)
class Picture:
    """What is known of a picture: a vector and five points per face, and a vector of the whole."""

    faces: Floats  # (n, d)
    points: Floats  # (n, 5, 2)
    scene: Floats  # (s,)


@dataclass(frozen=True, slots=True)
class Forests:
    """Weights of the three members and the members; the picture alone decides where there is no face."""

    weights: tuple[float, float, float]
    landmarks: RandomForestClassifier
    face: RandomForestClassifier
    scene: RandomForestClassifier

    def __call__(self, pictures: Sequence[Picture]) -> Floats:
        """Positive, neutral and negative scores (n, 3)."""
        return _fused(_members(self.landmarks, self.face, self.scene, pictures), pictures, self.weights)


def fit(
    pictures: Sequence[Picture],
    labels: Ids,
    held_out: Sequence[Picture],
    held_labels: Ids,
    *,
    trees: int = 300,
    seed: int = 0,
) -> Forests:
    """Members from one split, their weights from another; score it on a third."""
    try:
        from sklearn.ensemble import RandomForestClassifier
    except ImportError:
        raise MissingExtra("scikit-learn", "train") from None
    crowd = [i for i, p in enumerate(pictures) if len(p.faces)]
    for held, which in ((labels, "labels"), (labels[crowd], "labels of pictures with faces")):
        if set(held.tolist()) != set(range(len(VGAF))):
            each = "must hold each of 0 (positive), 1 (neutral), 2 (negative)"
            raise InputError(f"{which} {each}, got {np.unique(held)}")
    own = np.concatenate([np.full(len(pictures[i].faces), labels[i]) for i in crowd])

    def forest(rows: Floats, truth: Ids) -> RandomForestClassifier:
        return RandomForestClassifier(trees, random_state=seed, class_weight="balanced").fit(rows, truth)

    landmarks = forest(np.concatenate([distances(pictures[i].points) for i in crowd]), own)
    face = forest(np.stack([median(pictures[i].faces) for i in crowd]), labels[crowd])
    scene = forest(np.stack([p.scene for p in pictures]), labels)
    members = _members(landmarks, face, scene, held_out)

    def hits(weights: tuple[float, float, float]) -> int:
        return int((_fused(members, held_out, weights).argmax(1) == held_labels).sum())

    best = max(((a, b, c) for a, b, c in product(STEPS, repeat=3) if a + b + c > 0), key=hits)
    return Forests(best, landmarks, face, scene)


def median(faces: Floats) -> Floats:
    """The median over faces of their unit vectors."""
    return np.median(unit(faces), axis=0).astype(np.float32)


def distances(points: Floats) -> Floats:
    """All distances between a face's points, over the longest: (n, 10) of five points."""
    first, second = np.triu_indices(points.shape[1], 1)
    lengths = np.linalg.norm(points[:, first] - points[:, second], axis=2)
    return np.nan_to_num(lengths / np.maximum(lengths.max(1, keepdims=True), 1e-9)).astype(np.float32)


def _members(
    landmarks: RandomForestClassifier,
    face: RandomForestClassifier,
    scene: RandomForestClassifier,
    pictures: Sequence[Picture],
) -> Floats:
    """Each member's scores (3 members, n, 3); zero for faces where there is none."""
    out = np.zeros((3, len(pictures), len(VGAF)), np.float32)
    out[2] = scene.predict_proba(np.stack([p.scene for p in pictures]))
    crowd = [i for i, p in enumerate(pictures) if len(p.faces)]
    if crowd:
        counts = [len(pictures[i].faces) for i in crowd]
        each = landmarks.predict_proba(np.concatenate([distances(pictures[i].points) for i in crowd]))
        out[0, crowd] = [part.sum(0) for part in np.split(each, np.cumsum(counts)[:-1])]
        out[1, crowd] = face.predict_proba(np.stack([median(pictures[i].faces) for i in crowd]))
    top = out[0].max(1, keepdims=True)
    out[0] = np.where(top < LOUD, out[0], out[0] / np.maximum(top, LOUD))
    return out


def _fused(members: Floats, pictures: Sequence[Picture], weights: tuple[float, float, float]) -> Floats:
    alone = np.array([len(p.faces) == 0 for p in pictures])
    fused = np.tensordot(np.asarray(weights, np.float32), members, 1)
    fused[alone] = members[2][alone]
    return fused.astype(np.float32)
