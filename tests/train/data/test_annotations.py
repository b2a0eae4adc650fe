"""Aff-Wild2's and s-Aff-Wild2's files: every mark, every fault by its line, and back again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.train import data
from mien.train.data import Rows, affwild2, mtl

AUS = ",".join(["0"] * 12)


def tree(folder: Path, task: affwild2.Task, **videos: str) -> Path:
    """A challenge's folders; the same videos in both splits."""
    for split in affwild2.FOLDERS.values():
        place = folder / f"{task.prefix}_Challenge" / split
        place.mkdir(parents=True, exist_ok=True)
        for name, lines in videos.items():
            (place / f"{name}.txt").write_text(f"{task.header}\n{lines}")
    return folder


def sheets(folder: Path, train: str, validation: str = "v/00001.jpg,0,0,0," + AUS + "\n") -> Path:
    (folder / "training_set_annotations.txt").write_text(f"{mtl.HEADER}\n{train}")
    (folder / "validation_set_annotations.txt").write_text(f"{mtl.HEADER}\n{validation}")
    return folder


def test_marks_become_unknown_and_frames_count_from_one(tmp_path: Path) -> None:
    rows = data.read("affwild2-expr", tree(tmp_path, affwild2.EXPR, film_left="3\n-1\n7\n", b="0\n"))["train"]
    assert rows.videos == ("b", "film_left")
    assert rows.image(1) == "film_left/00001.jpg"
    assert affwild2.people("film_left") == ("film", "left") and affwild2.people("b") == ("b", "")
    truth = rows.targets["expression"]
    assert truth.known.tolist() == [True, True, False, True]
    assert truth.values[truth.known].argmax(1).tolist() == [0, 3, 7]


def test_each_task_has_its_own_mark(tmp_path: Path) -> None:
    va = data.read("affwild2-va", tree(tmp_path / "va", affwild2.VA, a="0.5,-1\n-5,-5\n-5,0.2\n"))["validation"]
    assert va.targets["valence_arousal"].known.tolist() == [True, False, False]
    lines = "1" + ",0" * 11 + "\n" + "1,-1" + ",0" * 10 + "\n"
    units = data.read("affwild2-au", tree(tmp_path / "au", affwild2.AU, a=lines))["train"].targets["action_units"]
    assert units.known.tolist() == [True, False]
    assert units.values[0].tolist() == [1] + [0] * 11


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("0\nhappy\n", "a.txt:3: wanted a number, got 'happy'"),
        ("0\n1,2\n", "a.txt:3: wanted 1 columns, got 2"),
        ("0\n8\n", "a.txt:3: wanted -1 or 0..7, got 8"),
        ("0\n0.5\n", "a.txt:3: wanted -1 or 0..7, got 0.5"),
        ("0\nnan\n", "a.txt:3: wanted a number, got 'nan'"),
        ("", "a.txt: a video without annotations"),
    ],
)
def test_a_fault_is_named_by_its_line(tmp_path: Path, lines: str, fault: str) -> None:
    with pytest.raises(InputError) as error:
        data.read("affwild2-expr", tree(tmp_path, affwild2.EXPR, a=lines, b="1\n"))
    assert fault in str(error.value)


def test_all_faults_come_in_one_go(tmp_path: Path) -> None:
    folder = tree(tmp_path, affwild2.EXPR, a="0\nx\n9\n", b="y\n")
    found = [str(f) for f in data.check("affwild2-expr", folder)]
    assert len(found) == 6  # three in each split
    (folder / "EXPR_Challenge" / "Train_Set" / "c.txt").write_text("wrong header\n1\n")
    (folder / "EXPR_Challenge" / "Train_Set" / "d.txt").write_bytes(b"\xff\xfe\x00")
    found = [str(f) for f in data.check("affwild2-expr", folder)]
    assert any("c.txt:1: wanted the header" in f for f in found) and any("d.txt: wanted UTF-8" in f for f in found)


def test_one_picture_more_than_annotations_is_noted_and_two_are_wrong(tmp_path: Path) -> None:
    folder = tree(tmp_path, affwild2.EXPR, a="0\n1\n")
    pictures = folder / "cropped" / "a"
    pictures.mkdir(parents=True)
    (pictures / "00003.jpg").touch()
    assert {f.note for f in data.check("affwild2-expr", folder)} == {True}
    (pictures / "00004.jpg").touch()
    assert {f.note for f in data.check("affwild2-expr", folder)} == {False}


def test_a_tree_written_is_read_back(tmp_path: Path) -> None:
    rows = data.read("affwild2-va", tree(tmp_path, affwild2.VA, a="0.5,-1\n-5,-5\n", b="0.125,0.25\n"))["train"]
    affwild2.write_tree(affwild2.VA, rows, tmp_path / "again" / "VA_Challenge" / "Train_Set")
    affwild2.write_tree(affwild2.VA, rows, tmp_path / "again" / "VA_Challenge" / "Validation_Set")
    again = data.read("affwild2-va", tmp_path / "again")["validation"]
    np.testing.assert_array_equal(again.targets["valence_arousal"].values, rows.targets["valence_arousal"].values)
    np.testing.assert_array_equal(again.targets["valence_arousal"].known, rows.targets["valence_arousal"].known)


def test_multi_task_rows_know_each_question_on_its_own(tmp_path: Path) -> None:
    train = f"b/00007.jpg,-5,0.1,4,{AUS}\na/00002.jpg,.5,.25,-1,{AUS}\nb/00003.jpg,-1,1,7,{AUS[:-1]}-1\n"
    rows = data.read("mtl", sheets(tmp_path, train))["train"]
    assert [rows.image(i) for i in range(3)] == ["b/00003.jpg", "b/00007.jpg", "a/00002.jpg"]
    known = {k: t.known.tolist() for k, t in rows.targets.items()}
    assert known == {
        "valence_arousal": [True, False, True],
        "expression": [True, True, False],
        "action_units": [False, True, True],
    }


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (f"b/7x.jpg,0,0,0,{AUS}", "wanted an image like video/00001.jpg"),
        (f"../b/7.jpg,0,0,0,{AUS}", "wanted an image like video/00001.jpg"),
        (f"b/00007.jpg,0,0,0,{AUS},1", "wanted 15 columns, got 16"),
        (f"b/00007.jpg,0,0,0.5,{AUS}", "wanted -1 or 0..7, got 0.5"),
        (f"b/00007.jpg,0,2,0,{AUS}", "wanted -5 or -1..1, got 0,2"),
        ("b/00007.jpg,0,0,0," + AUS.replace("0", "2", 1), "wanted -1, 0 or 1"),
    ],
)
def test_a_faulty_multi_task_line_is_named(tmp_path: Path, line: str, fault: str) -> None:
    with pytest.raises(InputError) as error:
        data.read("mtl", sheets(tmp_path, f"a/00001.jpg,0,0,0,{AUS}\n{line}\n"))
    assert "training_set_annotations.txt:3: " + fault in str(error.value)


def test_repeated_rows_are_kept_and_noted(tmp_path: Path) -> None:
    folder = sheets(tmp_path, f"a/00001.jpg,0,0,0,{AUS}\na/00001.jpg,0,0,1,{AUS}\n")
    assert len(data.read("mtl", folder)["train"]) == 2
    assert [f.note for f in data.check("mtl", folder)] == [True]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="training_set_annotations"):
        data.read("mtl", tmp_path)


def test_a_data_set_nobody_knows_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'affwild2-expr'"):
        data.read("affwild2-exp", tmp_path)


def test_a_multi_task_submission_keeps_count_and_order(tmp_path: Path) -> None:
    listing = tmp_path / mtl.TEST
    listing.write_text("image\nb/00002.jpg\na/00001.jpg\nb/00002.jpg\n")
    images = mtl.test_list(listing)
    assert images == ["b/00002.jpg", "a/00001.jpg", "b/00002.jpg"]
    draw = np.random.default_rng(0)
    sizes = {"valence_arousal": 2, "expression": 8, "action_units": 12}
    answers = {q: draw.random((3, k)).astype(np.float32) for q, k in sizes.items()}
    path = tmp_path / "predictions.txt"
    assert mtl.submit(path, images, answers) == 3
    got = [line.split(",") for line in path.read_text().splitlines()]
    assert got[0] == mtl.HEADER.split(",")
    assert [row[0] for row in got[1:]] == images
    assert [int(row[3]) for row in got[1:]] == answers["expression"].argmax(1).tolist()  # the highest, not the lowest
    with pytest.raises(InputError, match="must hold 3 rows"):
        mtl.submit(path, images, {q: v[:2] for q, v in answers.items()})


def test_a_uni_task_submission_lists_every_frame(tmp_path: Path) -> None:
    scores = np.eye(8, dtype=np.float32)[[4, 0, 7]]
    path = tmp_path / "expr.txt"
    assert affwild2.submit(affwild2.EXPR, path, {"b": 2, "a": 1}, {"a": scores[:1], "b": scores[1:]}) == 3
    assert path.read_text().splitlines()[1:] == ["b/00001.jpg,0", "b/00002.jpg,7", "a/00001.jpg,4"]
    with pytest.raises(InputError, match="3 rows"):
        affwild2.submit(affwild2.EXPR, tmp_path / "none.txt", {"b": 2, "a": 1}, {"b": scores[1:]})
    assert not (tmp_path / "none.txt").exists()


def test_rows_out_of_order_are_refused_and_sorted_on_demand() -> None:
    with pytest.raises(InputError, match="must be sorted"):
        Rows(("a",), np.zeros(2, np.int64), np.array([2, 1]))
    rows = Rows.sorted(["b", "a", "b"], np.array([2, 1, 1]), {})
    assert (rows.videos, rows.video.tolist(), rows.frame.tolist()) == (("b", "a"), [0, 0, 1], [1, 2, 1])
    assert rows.pick(np.array([1])).videos == ("a",)
