"""The page of all results tells every step that moves the other way than the paper's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from mien import recipes
from mien.errors import InputError
from mien.recipes import table

PAPER = [row.paper for row in recipes.named("abaw8_expr").rows]  # each step helps


def told(folder: Path, name: str, ours: list[list[float]]) -> list[str]:
    """The lines on reversals under a recipe's table, for these figures of its rows by seed."""
    rows = [
        {"name": row.name, "honest": sum(seeds) / len(seeds), "low": 0.0, "high": 1.0, "optimistic": 1.0,
         "gain": 0.1, "chance": 0.5, "crossed": None, "paper": row.paper, "seeds": seeds, "frames": None}
        for row, seeds in zip(recipes.named(name).rows, ours, strict=True)
    ]  # fmt: skip
    record = {"figures": {"title": "t", "claim": 0.5, "source": "s", "rows": rows}, "data": {"note": "planted"}}
    path = folder / f"{name}.json"
    path.write_text(json.dumps(record | {"seeds": [0], "commit": "c"}))
    return table.section(name, path).splitlines()[9 + len(rows) - 1 :]


def test_the_papers_own_figures_move_as_the_papers_do(tmp_path: Path) -> None:
    assert (
        told(tmp_path, "abaw8_expr", [[p or 0.0] for p in PAPER])[0] == "Every step moves the way it does in the paper."
    )


def test_a_step_that_helps_in_the_paper_and_hurts_here_is_told_though_the_row_still_beats_the_first(
    tmp_path: Path,
) -> None:
    lines = told(tmp_path, "abaw8_expr", [[0.30, 0.30], [0.40, 0.40], [0.33, 0.41], [0.45, 0.45]])
    gate = "- + gate: +0.0147 in the paper, -0.0300 here, against “+ smoothing”; the paper's way in 1 of 2 seed(s)."
    assert lines == [gate]


def test_a_step_that_changes_nothing_here_does_not_help(tmp_path: Path) -> None:
    lines = told(tmp_path, "abaw8_expr", [[0.3], [0.4], [0.4], [0.5]])
    assert lines[0].startswith("- + gate: +0.0147 in the paper, +0.0000 here")


def test_a_step_that_hurts_in_the_paper_and_helps_here_is_told(tmp_path: Path) -> None:
    """In ABAW-6 smoothing over 50 rows ruins the units' thresholds: against them, and against no step at all."""
    lines = told(tmp_path, "abaw6_au", [[0.50], [0.52], [0.60], [0.61]])
    fifty = [line for line in lines if line.startswith("- + smoothing, d = 50: -0.0")]
    assert ["+0.1000 here, against “plain”" in fifty[0], "+0.0800 here, against “+ thresholds”" in fifty[1]] == [
        True
    ] * 2


def test_a_row_is_held_against_the_rows_it_adds_steps_to_wherever_they_stand(tmp_path: Path) -> None:
    """ABAW-7's last row adds a blend to the third and smoothing to the fourth: worse than either is told of both."""
    lines = told(tmp_path, "abaw7_mtl", [[1.30], [1.33], [1.50], [1.45], [1.40]])
    last = [line.split("against ")[1].split(";")[0] for line in lines if line.startswith("- + smoothing + thresholds")]
    assert last == ["“+ smoothing”", "“blend, not smoothed”"]


@pytest.mark.parametrize("name", ["abaw6_ce", "afew"])
def test_where_the_paper_has_no_two_rows_nothing_is_claimed(tmp_path: Path, name: str) -> None:
    rows = recipes.named(name).rows
    assert told(tmp_path, name, [[0.5]] * len(rows)) == []


def write(folder: Path, name: str, figures: Mapping[str, object]) -> None:
    (folder / f"{name}.json").write_text(json.dumps({"figures": {"network": "n", **figures}, "commit": "c"}))


def test_what_real_data_shows_stands_on_the_page(tmp_path: Path) -> None:
    each = {"a.mp4": {"frames": 9, "people": 2}, "none.mp4": {"frames": 5, "people": 0}}
    rate = {"every 2": {"all persons": {"frames looked at": 0.5, "shown": 1.0}, "a.mp4": {"frames looked at": 0.25}}}
    write(tmp_path, "real_clips", {"clips": each, "rate": rate, "fill": {"1 s: line": {"x": 0.1}}, "smoothing": {}})
    plain = {"name": "network", "mean_f1": 0.5, "low": 0.4, "high": 0.6, "f1": {"neutral": 0.3, "happiness": 0.7}}
    counts, home = {"neutral": 8, "happiness": 7, "fear": 1}, {"faces": 5, "network": 0.25}
    rows = [plain, {**plain, "name": "network + bias", "against": "network", "gain": -0.01, "chance": 0.5}]
    write(tmp_path, "real_shift", {"people": 6, "labels of the scored LFW faces": counts, "rows": rows,
                                   "without the shift, macro-F1 of eight": home})  # fmt: skip
    page = table.markdown(tmp_path)
    for line in (
        "on 1 clips, 2 persons", "| every 2 | 0.5000 | 1.0000 |", "| every 2 | 0.2500 |", "| 1 s: line | 0.1000 |",
        "neutral 8, happiness 7; too\nfew to score: fear 1", "5 FER+ faces", "network 0.2500",
        "| network | 0.5000 | 0.4000–0.6000 | 0.3000 | 0.7000 |  |  |",
        "| network + bias | 0.5000 | 0.4000–0.6000 | 0.3000 | 0.7000 | -0.0100 | 0.500 |",
    ):  # fmt: skip
        assert line in page


@pytest.mark.parametrize("name", ["real_clips", "real_shift"])
@pytest.mark.parametrize("content", ["{}", "not JSON", '{"figures": {"clips": 3, "rows": []}, "commit": ""}'])
def test_a_file_that_is_no_result_is_named(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / f"{name}.json").write_text(content)
    with pytest.raises(InputError, match=f"{name}.json is no such result"):
        table.markdown(tmp_path)
