"""The page of the folder quotes the files of results, and nothing else."""

import json
from pathlib import Path

import pytest

import mien.lab.games


@pytest.fixture(scope="module")
def page() -> str:
    return Path(mien.lab.games.__file__).with_name("README.md").read_text("utf-8")


def figures(root: Path, name: str) -> dict:
    return json.loads((root / "results" / f"{name}.json").read_text("utf-8"))["figures"]


def percent(row: dict) -> str:
    return f"{100 * row['share']:.0f} %"


def test_the_page_quotes_the_measured_coverage(root, page) -> None:
    found = figures(root, "games_recovery")
    held = found["intervals_that_hold_the_truth"]
    rows = held["parameters"]
    assert " / ".join(percent(rows[name]) for name in ("envy", "guilt", "reciprocity", "noise")) in page
    assert " / ".join(percent(held["changes"][name]) for name in ("offered", "accepted")) in page
    alarms = found["false_alarms_at_5_percent"]
    assert f"{100 * alarms['single_tests']['share']:.1f} % of {alarms['single_tests']['of']:,} single tests" in page
    for name in ("Holm", "Benjamini-Hochberg"):
        share = f"runs_with_any_after_{name.lower().replace('-', '_')}"
        assert (
            f"after {name}: {round(alarms[share]['share'] * alarms[share]['of'])} of {alarms[share]['of']} runs" in page
        )


def test_the_page_quotes_the_measured_grid(root, page) -> None:
    found = figures(root, "games_grid")
    assert f"{found['matches']:,} matches, {found['rounds']:,} rounds" in page
    assert f"{found['processor_seconds_of_the_grid']:.1f} s of processor time" in page
    assert found["same_bytes_with_4_workers"] is found["same_bytes_through_prompts"] is True
