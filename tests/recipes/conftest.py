"""Small twins, made once."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mien import recipes
from mien.train import twins

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def twin(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every kind of twin at its smallest, by the name of its reader."""
    made: dict[str, Path] = {}
    for kind in twins.KINDS:
        folder = tmp_path_factory.mktemp(kind)
        twins.write(kind, folder, seed=3, scale=1e-4)
        made[kind] = folder
    return {recipes.named(name).data: made[twins.kind_of(recipes.named(name).data)] for name in recipes.names()}
