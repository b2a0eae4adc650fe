"""Identity vectors of a teacher for training photos: dlib's face recognition network, put in the public domain.

Needs the packages dlib-bin and face_recognition_models, at training time only:
python -m mien.train.teacher --data DIR --set lfw_crops --out DIR/lfw.npz
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien.errors import MissingExtra
from mien.types import Floats

BATCH = 32


class Teacher:
    """Aligned 150-px chips → 128 numbers each."""

    def __init__(self) -> None:
        try:
            import dlib
            import face_recognition_models
        except ImportError:
            raise MissingExtra("dlib-bin and face_recognition_models", "train") from None
        folder = Path(face_recognition_models.__path__[0]) / "models"
        self._rectangle, self._chip = dlib.rectangle, dlib.get_face_chip
        self._points = dlib.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat"))
        self._net = dlib.face_recognition_model_v1(str(folder / "dlib_face_recognition_resnet_model_v1.dat"))

    def chip(self, data: bytes) -> NDArray[np.uint8]:
        """One tight face photo as the teacher wants it: the five points are looked for within a grey border."""
        with Image.open(io.BytesIO(data)) as image:
            face = np.asarray(image.convert("RGB").resize((200, 200), Image.Resampling.BILINEAR))
        canvas = np.full((300, 300, 3), 127, np.uint8)
        canvas[50:250, 50:250] = face
        return self._chip(canvas, self._points(canvas, self._rectangle(65, 75, 235, 245)), size=150, padding=0.25)

    def vectors(self, photos: list[bytes]) -> Floats:
        """The vectors of many photos."""
        rows: list[Floats] = []
        for start in range(0, len(photos), BATCH):
            chips = [self.chip(p) for p in photos[start : start + BATCH]]
            rows.append(np.array(self._net.compute_face_descriptor(chips, 0), np.float32))
            sys.stderr.write(f"{start + len(chips)}/{len(photos)}\r")
        return np.concatenate(rows)


def main() -> None:
    """Write the vectors of one data set."""
    import pyarrow.parquet as pq

    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--data", type=Path, required=True)
    parse.add_argument("--set", required=True, choices=["lfw_crops", "utkface", "ferplus"])
    parse.add_argument("--out", type=Path, required=True)
    given = parse.parse_args()
    rows = pq.read_table(given.data / f"{given.set}.parquet", columns=["name", "image"])
    raw = Teacher().vectors([image.as_py() for image in rows["image"]])
    given.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez(given.out, names=np.array(rows["name"].to_pylist()), vectors=raw)


if __name__ == "__main__":
    main()
