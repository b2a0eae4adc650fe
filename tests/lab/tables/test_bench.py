"""The benchmark goes on where it was ended, says what failed, and counts wins and gaps right."""

from __future__ import annotations

from pathlib import Path

import pytest

from mien.lab.tables import bench
from mien.lab.tables.bench import Done, Effort, Job, Workers, figures, jobs, read_log, summary


def test_a_run_that_was_ended_goes_on_and_tries_again_only_what_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "ways", lambda: ["dummy", "boosting", "agent"])
    ran: list[tuple[int, str]] = []

    def run(_: Workers, job: Job) -> Done:
        ran.append((job.fold, job.way))
        fault = "boom" if len(ran) == 2 else ""
        return Done(job.table, job.fold, job.way, bench._key(job), None if fault else len(ran) / 10, 1.0, fault)

    monkeypatch.setattr(Workers, "__init__", lambda *_: None)
    monkeypatch.setattr(Workers, "__enter__", lambda self: self)
    monkeypatch.setattr(Workers, "__exit__", lambda *_: None)
    monkeypatch.setattr(Workers, "run", run)
    log, effort = tmp_path / "log.jsonl", Effort(10.0, 2, 1)
    first = bench.bench(["iris"], None, effort, log)
    assert first["failed"] == {"dummy": [], "boosting": ["iris"], "agent": []}
    assert len(ran) == 6
    whole = log.read_text()
    log.write_text(whole[: len(whole) - 30])  # a kill cut the last line
    log.write_text(log.read_text() + "\n")
    second = bench.bench(["iris"], None, effort, log)
    assert ran[6:] == [(0, "boosting"), (1, "agent")]
    assert second["failed"] == {"dummy": [], "boosting": [], "agent": []}
    bench.bench(["iris"], None, Effort(20.0, 2, 1), log)
    assert len(ran) == 8 + 6  # another budget is another run


def test_folds_hold_out_each_row_once_and_a_large_table_has_one_part() -> None:
    table, _, places = bench._parts("wine", None, 5)
    assert sorted(i for part in places for i in part) == list(range(len(table.frame)))
    assert len(bench._parts("wine", None, 1)[2]) == 1


def test_each_fit_has_a_key_that_changes_with_what_a_score_depends_on() -> None:
    keys = {bench._key(next(jobs(["iris"], None, effort))) for effort in (Effort(9), Effort(8), Effort(9, 3))}
    assert len(keys) == 3


def test_a_way_that_failed_once_has_no_value_and_says_why() -> None:
    row = [Done("t", 0, "flaml", "", 0.5, 1.0), Done("t", 1, "flaml", "", None, 2.0, "no model")]
    found = figures(row)
    assert isinstance(found, dict)
    assert (found["value"], found["folds"], found["failed"]) == (None, [0.5, None], ["no model"])


def test_wins_ties_and_gaps_are_counted_against_the_best_of_the_others() -> None:
    shares = {
        "won": {"dummy": 0.1, "boosting": 0.5, "flaml": 0.8, "agent": 0.9},
        "tied": {"dummy": 0.1, "boosting": 0.5, "flaml": None, "agent": 0.5},
        "lost": {"dummy": 0.1, "boosting": 0.5, "flaml": 0.6, "agent": None},
    }
    found = summary(shares)
    assert (found["agent_beats_boosting"], found["agent_ties_boosting"], found["of"]) == (1, 1, 3)
    assert found["gaps"] == {"won": -0.125, "tied": 0.0, "lost": round(0.5 / 0.6, 5)}
    assert found["failed"] == {"dummy": [], "boosting": [], "flaml": ["tied"], "agent": ["lost"]}
    assert found["within_one_percent"] is False


def test_a_log_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert read_log(tmp_path / "none") == []
