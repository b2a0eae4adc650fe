"""The constants that were fitted are those that the committed results say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mien.album.events import Borders
from mien.album.experiments.papers import page
from mien.errors import InputError
from mien.identity.compare import SAME


def figures(root: Path, name: str) -> dict:
    return json.loads((root / "results" / f"people_{name}.json").read_text())["figures"]


def test_the_threshold_of_a_person_is_the_fitted_one(root: Path) -> None:
    fitted = figures(root, "identity")["threshold for use"]
    assert pytest.approx(fitted, abs=0.005) == SAME


def test_the_threshold_of_a_border_is_the_fitted_one(root: Path) -> None:
    assert Borders().unlike == pytest.approx(
        figures(root, "events")["threshold fitted on all eight, for use"], abs=0.005
    )


def test_the_page_is_the_one_made_from_the_results(root: Path) -> None:
    assert (root / "docs/papers.md").read_text() == page(root / "results")


def test_a_missing_result_says_which_command_makes_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"python -m mien\.album.experiments tracks"):
        page(tmp_path)
