"""What a look keeps of the finds of one picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest

from mien import store
from mien.detectors.finder import CELLS, STRIDES, Finder
from mien.detectors.load import FINDER
from mien.types import Floats, Frame

SIDE = 256


@dataclass
class Shows:
    """A network that sees these faces: (middle x, middle y, side, logit), each at the stride given first."""

    faces: list[tuple[int, float, float, float, float]]

    def run(self, batch: Floats) -> Mapping[str, Floats]:
        maps = {f"maps{s}": np.zeros((1, 15, SIDE // s, SIDE // s), np.float32) for s in STRIDES}
        for raw in maps.values():
            raw[:, 0] = -20
        for stride, x, y, side, logit in self.faces:
            column, row = int(x / stride), int(y / stride)
            off = x / stride - column - 0.5, y / stride - row - 0.5
            size = np.log(side / (CELLS * stride))
            maps[f"maps{stride}"][0, :5, row, column] = [logit, *off, size, size]
        return maps


def found(*faces: tuple[int, float, float, float, float]) -> list[float]:
    """The sides of what is found, surest first."""
    finder = Finder(store.card(FINDER), Shows(list(faces)), threshold=0.5)
    frame = Frame(np.zeros((SIDE, SIDE, 3), np.uint8))
    seen = finder.look(frame, frame.pixels[..., 0], 0.5)
    return seen.boxes[:, 2].round().tolist()


def test_a_part_of_a_surer_face_is_not_another_face() -> None:
    assert found((32, 120, 120, 110, 4), (16, 124, 122, 60, 1)) == [110]
    assert found((32, 120, 120, 110, 1), (16, 124, 122, 60, 4)) == [60]


@pytest.mark.parametrize("apart", [62, 90])
def test_a_face_beside_another_stays_though_their_boxes_meet(apart: float) -> None:
    assert found((32, 100, 100, 110, 4), (16, 100 + apart, 100, 60, 1)) == [110, 60]
