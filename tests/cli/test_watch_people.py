"""`mien watch` with people who leave and come back: the table, people.json and the report agree on who they are."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import av
import numpy as np
import pytest

import mien
from mien.cli import main
from mien.heads import AGE, EXPRESSION, GENDER, IDENTITY
from mien.tracks import Rules
from mien.types import Faces, Frame, Head, Reading

SIZE, FRAMES = 48, 40
COLOURS = [(250, 60, 40), (60, 250, 40)]
LOOKS = np.eye(128, dtype=np.float32)


def picture(*who: int) -> np.ndarray:
    """A striped square per person, each in their own half."""
    pixels = np.full((96, 192, 3), 20, np.uint8)
    for person in who:
        square = np.full((SIZE, SIZE, 3), COLOURS[person], np.float32)
        square[np.indices((SIZE, SIZE)).sum(0) // 6 % 2 == 0] *= 0.8
        pixels[20 : 20 + SIZE, 96 * person + 20 : 96 * person + 20 + SIZE] = square
    return pixels


def see(frame: Frame, demographics: bool = False) -> Faces:
    """The squares that are there; who it is, and how old, is told by the side."""
    who = [p for p in (0, 1) if frame.pixels[20 : 20 + SIZE, 96 * p + 20 : 96 * p + 68].max() > 150]
    n = len(who)
    boxes = np.array([[96 * p + 20, 20, SIZE, SIZE] for p in who], np.float32).reshape(n, 4)
    faces = Faces(frame, boxes, np.full((n, 5, 2), np.nan, np.float32), np.ones(n, np.float32))
    answers: dict[Head, np.ndarray] = {IDENTITY: LOOKS[who], EXPRESSION: np.eye(8)[[1] * n].reshape(n, 8)}
    if demographics:
        answers |= {AGE: np.array([[30 + 20 * p] for p in who]), GENDER: np.array([[0.8, 0.2]] * n)}
    for head, values in answers.items():
        values = values.astype(np.float32).reshape(n, len(head.labels))
        faces = faces.with_reading(head, Reading(values, head.labels))
    return faces


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """The command on a film where person 0 is away in the middle, with a tracker that knows nobody again."""
    with av.open(str(tmp_path / "clip.mp4"), "w") as container:
        stream = container.add_stream("h264", rate=10, options={"crf": "8"})
        stream.width, stream.height, stream.pix_fmt = 192, 96, "yuv444p"
        for i in range(FRAMES):
            image = picture(*([] if 10 <= i < 25 else [0]), 1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    monkeypatch.setattr(mien, "perceiver", lambda demographics, **_: lambda f: see(f, demographics), raising=False)
    monkeypatch.setattr("mien.stream.Rules", lambda: Rules(alike=2.0))

    def run(*arguments: object) -> tuple[int, str, str]:
        out, err, code = io.StringIO(), io.StringIO(), 0
        monkeypatch.setattr(sys, "argv", ["mien", "watch", str(tmp_path / "clip.mp4"), *map(str, arguments)])
        try:
            with redirect_stdout(out), redirect_stderr(err):
                main()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, out.getvalue(), err.getvalue()

    return run


def test_table_people_and_report_know_who_came_back(run: Callable, tmp_path: Path) -> None:
    code, out, err = run("--out", tmp_path / "out", "--demographics")
    assert code == 0, err
    assert "2 persons from 3 tracks" in out
    with (tmp_path / "out/clip/faces.csv").open(newline="") as file:
        seen = [(int(r["frame"]), r["person"], float(r["x"])) for r in csv.DictReader(file) if r["face"]]
    left = [f for f, person, x in seen if person == "0" and x == 20]
    assert left == [*range(10), *range(25, FRAMES)]
    assert {person for _, person, _ in seen} == {"0", "1"}
    first, second = json.loads((tmp_path / "out/clip/people.json").read_text())
    assert first == {
        "person": 0, "name": None, "tracks": [0, 2], "frames": 25, "first": 0.0, "last": 3.9, "age": 30.0,
        "gender": "female",
    }  # fmt: skip
    assert (second["tracks"], second["frames"], second["age"]) == ([1], FRAMES, 50.0)
    page = (tmp_path / "out/clip/report.html").read_text()
    assert page.count("<h2>person") == 2
    assert "tracks joined by their looks</th><td>0, 2" in page
    assert page.count("age, median") == 2
    assert page.count("happiness 100 %<br>") == 2  # the surest moment of a person, from whichever track


def test_without_demographics_nobody_has_an_age(run: Callable, tmp_path: Path) -> None:
    run("--out", tmp_path / "out")
    members = json.loads((tmp_path / "out/clip/people.json").read_text())
    assert [(m["age"], m["gender"]) for m in members] == [(None, None)] * 2
    assert "age, median" not in (tmp_path / "out/clip/report.html").read_text()


def test_a_gallery_names_people_everywhere_and_never_as_markup(run: Callable, tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "friends").mkdir()
    Image.fromarray(picture(1)).save(tmp_path / "friends/<b>Ben.png")
    code, out, _ = run("--gallery", tmp_path / "friends", "--out", tmp_path / "out")
    assert code == 0
    assert "person 1 (<b>Ben)" in out
    assert "person 1 (&lt;b&gt;Ben)" in (tmp_path / "out/clip/report.html").read_text()
    assert [m["name"] for m in json.loads((tmp_path / "out/clip/people.json").read_text())] == [None, "<b>Ben"]


def test_a_name_that_is_no_text_is_written_and_read_back(run: Callable, tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "friends").mkdir()
    Image.fromarray(picture(1)).save(tmp_path / "friends" / os.fsdecode(b"Ren\xe9.png"))
    code, _, err = run("--gallery", tmp_path / "friends", "--out", tmp_path / "out")
    assert code == 0, err
    names = [m["name"] for m in json.loads((tmp_path / "out/clip/people.json").read_text())]
    assert names == [None, os.fsdecode(b"Ren\xe9")]


def test_a_gallery_that_changed_is_not_taken_for_the_old_one(run: Callable, tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "friends").mkdir()
    Image.fromarray(picture(1)).save(tmp_path / "friends/Ben.png")
    asked = ("--gallery", tmp_path / "friends", "--out", tmp_path / "out")
    assert [run(*asked)[0] for _ in range(2)] == [0, 0]
    (tmp_path / "friends/Ben.png").rename(tmp_path / "friends/Bea.png")
    code, _, err = run(*asked)
    assert code == 2
    assert "was made with gallery=" in err


def test_a_gallery_that_is_no_folder_says_what_it_should_be(run: Callable, tmp_path: Path) -> None:
    code, _, err = run("--gallery", tmp_path / "nobody", "--out", tmp_path / "out")
    assert code == 2
    assert "folder of photos such as Anna.jpg" in " ".join(err.replace("│", " ").split())
