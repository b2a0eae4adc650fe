"""A teacher for boxes and points of real photos: facenet-pytorch's MTCNN, whose weights lie in its wheel.

Needs facenet-pytorch (install it with --no-deps) at training time only. Its two uses of torchvision, which does not
load beside a CPU build of torch, are answered by stand-ins.
"""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from mien.errors import MissingExtra
from mien.geometry import nms
from mien.types import Faces, Floats, Frame


def _to_tensor(picture: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255


def _batched_nms(boxes: Tensor, scores: Tensor, groups: Tensor, overlap: float) -> Tensor:
    if not len(boxes):
        return torch.zeros(0, dtype=torch.long)
    apart = groups.to(boxes)[:, None] * (boxes.max() + 1)
    corners = (boxes + apart).numpy()
    sized = np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]])
    return torch.from_numpy(nms(sized, scores.numpy(), overlap))


def _stand_in() -> None:
    """Modules of torchvision's names that hold just what MTCNN calls."""
    names = ("", ".transforms", ".transforms.functional", ".ops", ".ops.boxes", ".datasets")
    made = {f"torchvision{n}": ModuleType(f"torchvision{n}") for n in names}
    functional, boxes = made["torchvision.transforms.functional"], made["torchvision.ops.boxes"]
    functional.__dict__["to_tensor"] = _to_tensor
    boxes.__dict__["batched_nms"] = made["torchvision.ops"].__dict__["batched_nms"] = _batched_nms
    made["torchvision.transforms"].__dict__["functional"] = functional
    for name in ("transforms", "ops", "datasets"):
        made["torchvision"].__dict__[name] = made[f"torchvision.{name}"]
    requests = {n: ModuleType(n) for n in ("requests", "requests.adapters")}
    requests["requests.adapters"].__dict__["HTTPAdapter"] = object
    for name, module in (made | requests).items():
        sys.modules.setdefault(name, module)


class Mtcnn:
    """Frame → Faces by MTCNN: the detector that ours learns real photos from, and is compared with."""

    def __init__(self, smallest: int = 20, sure: float = 0.7) -> None:
        _stand_in()
        try:
            from facenet_pytorch.models.mtcnn import MTCNN
        except ImportError:
            raise MissingExtra("facenet-pytorch", "train") from None
        self._net = MTCNN(keep_all=True, min_face_size=smallest, thresholds=[0.6, 0.7, sure], device="cpu")

    def __call__(self, frame: Frame) -> Faces:
        """All faces of the frame, surest first."""
        corners, scores, points = self._net.detect(frame.pixels, landmarks=True)
        if corners is None or not len(corners):
            return Faces.none(frame)
        low_high = np.array(corners, np.float32)
        boxes: Floats = np.hstack([low_high[:, :2], low_high[:, 2:] - low_high[:, :2]])
        faces = Faces(frame, boxes, np.array(points, np.float32), np.array(scores, np.float32))
        return faces.pick(np.argsort(-faces.scores))
