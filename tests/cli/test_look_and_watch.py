"""The two commands as a user meets them: a process, files in, rows and files out."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import runpy
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from mien.io import camera, photo
from mien.types import Frame

STAND_IN = Path(__file__).with_name("stand_in.py")
MAIN = runpy.run_path(str(STAND_IN))["main"]
RED, GREEN, BLUE = (250, 60, 40), (60, 250, 40), (60, 40, 250)


@dataclass(frozen=True)
class Run:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


def mien(*arguments: object, cwd: Path) -> Run:
    """The command line in this process, which is quicker than another one."""
    out, err, before, code = io.StringIO(), io.StringIO(), Path.cwd(), 0
    os.chdir(cwd)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            MAIN([str(a) for a in arguments])
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        os.chdir(before)
    return Run(code, out.getvalue(), err.getvalue())


def process(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), cwd=cwd, capture_output=True, text=True, timeout=100)


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-W", "error", str(STAND_IN), *map(str, arguments)]


def picture(colour: tuple[int, int, int] | None, left: int = 40) -> np.ndarray:
    pixels = np.full((96, 128, 3), 20, np.uint8)
    if colour:
        pixels[20:60, left : left + 40] = colour
    return pixels


def photos(folder: Path, count: int) -> Path:
    folder.mkdir(exist_ok=True)
    for i in range(count):
        Image.fromarray(picture((RED, GREEN, BLUE)[i % 3])).save(folder / f"p{i}.png")
    return folder


def clip(path: Path, frames: int = 40) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("h264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for i in range(frames):
            image = picture(None if 20 <= i < 23 else GREEN, 20 + i // 4)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def inputs(out: Path) -> list[str]:
    return [Path(json.loads(line)["input"]).name for line in (out / "journal.jsonl").read_text().splitlines()[1:]]


def test_a_folder_of_photos_gives_table_pictures_and_report(tmp_path: Path) -> None:
    photos(tmp_path / "in", 3)
    run = mien("look", "in", "--out", "out", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert [Path(r["source"]).name for r in rows(tmp_path / "out/faces.csv")] == ["p0.png", "p1.png", "p2.png"]
    assert len(list((tmp_path / "out/annotated").glob("*.jpg"))) == 3
    assert (tmp_path / "out/report.html").read_text().count("data:image/jpeg") == 3
    assert len(run.stdout.splitlines()) == 3
    assert run.stderr == "mien: 3 done; see out\n"


def test_json_on_standard_output_is_one_object_a_row(tmp_path: Path) -> None:
    photos(tmp_path, 1)
    Image.fromarray(picture(None)).save(tmp_path / "none.png")
    run = mien("look", "p0.png", "none.png", "--json", "--demographics", cwd=tmp_path)
    first, second = map(json.loads, run.stdout.splitlines())
    assert (first["face"], first["age"], second["face"]) == (0, 40, None)
    assert list(first) == list(second)
    assert run.stderr == ""


@pytest.mark.parametrize(("form", "column"), [("csv", "valence"), ("openface", "AU12_c"), ("fex", "FaceRectX")])
def test_a_table_on_standard_output(tmp_path: Path, form: str, column: str) -> None:
    photos(tmp_path, 2)
    run = mien("look", "p0.png", "p1.png", "--format", form, cwd=tmp_path)
    table = list(csv.DictReader(run.stdout.splitlines()))
    assert len(table) == 2
    assert table[0][column]


def test_bad_inputs_are_named_and_the_others_are_done(tmp_path: Path) -> None:
    photos(tmp_path, 2)
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("hello")
    run = mien("look", "empty.jpg", "p0.png", "text.jpg", "gone.jpg", "p1.png", "--out", "out", cwd=tmp_path)
    assert run.returncode == 2
    complaints = run.stderr.splitlines()
    for name, line in zip(("empty.jpg", "text.jpg", "gone.jpg"), complaints, strict=False):
        assert line.startswith("mien: ")
        assert name in line
    assert complaints[3] == "mien: 2 done, 3 failed; see out"
    assert len(rows(tmp_path / "out/faces.csv")) == 2


def test_a_picture_over_the_limit_names_the_flag(tmp_path: Path) -> None:
    photos(tmp_path, 1)
    run = mien("look", "p0.png", "--max-pixels", 1000, cwd=tmp_path)
    assert run.returncode == 2
    assert "--max-pixels" in run.stderr


def test_hostile_file_names_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    names = [
        "<img src=x onerror=alert(1)>.png",
        'a"b&c.png',
        "new\nline.png",
        os.fsdecode(b"\xff.png"),
        "A.png",
        "a.png",
    ]
    for name in names:
        Image.fromarray(picture(RED)).save(tmp_path / "in" / name)
    run = mien("look", "in", "--out", "out", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    kept = list((tmp_path / "out/annotated").iterdir())
    assert len(rows(tmp_path / "out/faces.csv")) == len(kept) == len({p.name.casefold() for p in kept}) == 6
    assert all(p.name.isprintable() and not set('<>"&\n') & set(p.name) for p in kept)
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert len(run.stdout.splitlines()) == 6


def test_a_killed_run_continues_with_nothing_lost_or_done_twice(tmp_path: Path) -> None:
    photos(tmp_path / "in", 12)
    out = tmp_path / "out"
    with subprocess.Popen(
        command("--slow", 0.15, "look", "in", "--out", "out"), cwd=tmp_path, stdout=subprocess.DEVNULL
    ) as run:
        journal = out / "journal.jsonl"
        while not journal.exists() or len(journal.read_bytes().splitlines()) < 5:
            time.sleep(0.02)
        run.send_signal(signal.SIGKILL)
    before = inputs(out)
    assert 4 <= len(before) < 12
    with journal.open("ab") as file:
        file.write(b'{"input": "half a li')  # what a kill in the middle of a write leaves
    again = mien("look", "in", "--out", "out", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert f"{12 - len(before)} done, {len(before)} were done before" in again.stderr
    assert sorted(inputs(out)) == sorted(f"p{i}.png" for i in range(12))
    whole = mien("look", "in", "--out", "fresh", cwd=tmp_path)
    assert whole.returncode == 0
    assert (out / "faces.csv").read_text() == (tmp_path / "fresh/faces.csv").read_text()
    assert not list(out.rglob("*.part"))


def test_a_changed_photo_is_done_again_and_only_it(tmp_path: Path) -> None:
    photos(tmp_path / "in", 3)
    mien("look", "in", "--out", "out", cwd=tmp_path)
    Image.fromarray(picture(BLUE, 10)).save(tmp_path / "in/p1.png")
    run = mien("look", "in", "--out", "out", cwd=tmp_path)
    assert "1 done, 2 were done before" in run.stderr
    assert [r["x"] for r in rows(tmp_path / "out/faces.csv")] == ["40.0", "10.0", "40.0"]


def test_a_photo_that_changed_and_cannot_be_read_has_no_row_any_more(tmp_path: Path) -> None:
    photos(tmp_path / "in", 2)
    mien("look", "in", "--out", "out", cwd=tmp_path)
    (tmp_path / "in/p0.png").write_text("no photo")
    run = mien("look", "in", "--out", "out", cwd=tmp_path)
    assert "1 was done before, 1 failed" in run.stderr
    assert [r["source"] for r in rows(tmp_path / "out/faces.csv")] == ["in/p1.png"]


def test_pictures_that_a_run_wrote_are_no_photos_of_the_next(tmp_path: Path) -> None:
    photos(tmp_path, 2)
    for said in ("mien: 2 done;", "mien: 0 done, 2 were done before;"):
        assert said in mien("look", ".", "--out", "out", cwd=tmp_path).stderr


def test_a_photo_longer_than_a_jpeg_can_be_is_done_like_any(tmp_path: Path) -> None:
    Image.fromarray(np.vstack([picture(RED), np.zeros((65_500, 128, 3), np.uint8)])).save(tmp_path / "scroll.png")
    run = mien("look", "scroll.png", "--out", "out", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    with Image.open(tmp_path / "out/annotated/scroll.jpg") as drawn:
        assert drawn.height == 65_500


def test_long_names_of_many_bytes_are_kept_apart(tmp_path: Path) -> None:
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        Image.fromarray(picture(RED)).save(tmp_path / place / f"{'漢' * 80}.png")
    run = mien("look", "a", "b", "--out", "out", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert len(list((tmp_path / "out/annotated").iterdir())) == 2


def test_another_format_is_not_taken_for_done(tmp_path: Path) -> None:
    clip(tmp_path / "clip.mp4", 5)
    mien("watch", "clip.mp4", "--out", "out", cwd=tmp_path)
    run = mien("watch", "clip.mp4", "--out", "out", "--format", "jsonl", cwd=tmp_path)
    assert run.returncode == 2
    assert "was made with format=csv, now it is jsonl" in run.stderr


@pytest.mark.parametrize("words", [("look", "p0.png"), ("watch", "clip.mp4")])
def test_a_missing_package_is_said_before_the_work(
    tmp_path: Path, words: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    photos(tmp_path, 1)
    clip(tmp_path / "clip.mp4", 5)
    for module in ("pyarrow", "pyarrow.parquet"):  # which other tests may have imported
        monkeypatch.setitem(sys.modules, module, None)
    run = mien(*words, "--format", "parquet", "--out", "out", cwd=tmp_path)
    assert run.returncode == 2
    assert "pip install 'mien[tables]'" in run.stderr
    assert not (tmp_path / "out").exists()


def test_other_settings_are_not_mixed_into_one_folder(tmp_path: Path) -> None:
    photos(tmp_path, 1)
    mien("look", "p0.png", "--out", "out", cwd=tmp_path)
    run = mien("look", "p0.png", "--out", "out", "--demographics", cwd=tmp_path)
    assert run.returncode == 2
    assert "out was made with demographics=False, now it is True; choose another folder" in run.stderr


def test_a_journal_that_is_none_says_what_to_do(tmp_path: Path) -> None:
    photos(tmp_path, 1)
    (tmp_path / "journal.jsonl").write_text("[1]\n")
    run = mien("look", "p0.png", "--out", ".", cwd=tmp_path)
    assert run.returncode == 2
    assert "journal.jsonl is no journal of ours" in run.stderr
    assert "delete it to start over" in run.stderr


def test_ctrl_c_leaves_complete_rows(tmp_path: Path) -> None:
    photos(tmp_path / "in", 30)
    with subprocess.Popen(
        command("--slow", 0.1, "look", "in", "--out", "out"),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as run:
        assert run.stdout and run.stderr
        for _ in range(1):
            run.stdout.readline()
        journal = tmp_path / "out/journal.jsonl"
        while len(journal.read_bytes().splitlines()) < 4:
            time.sleep(0.02)
        run.send_signal(signal.SIGINT)
        said = run.stderr.read().decode()
    assert run.returncode == 130
    assert "stopped; the same command goes on from here" in said
    table = rows(tmp_path / "out/faces.csv")
    assert 3 <= len(table) < 30
    assert all(r["AU26"] for r in table)


@pytest.mark.parametrize(
    ("first", "second"),
    [(("look", "p0.png"), ("look", "p0.png")), (("watch", "long.mp4"), ("look", "p0.png"))],
)
def test_a_second_run_into_one_folder_is_refused_until_the_first_is_gone(
    tmp_path: Path, first: tuple[str, str], second: tuple[str, str]
) -> None:
    photos(tmp_path, 1)
    clip(tmp_path / "long.mp4", 200)
    (tmp_path / "out").mkdir()
    slow = command("--slow", 30 if first[0] == "look" else 0.2, *first, "--out", "out")
    with subprocess.Popen(slow, cwd=tmp_path, stderr=subprocess.DEVNULL) as run:
        while not (tmp_path / "out/journal.jsonl").exists():
            time.sleep(0.02)
        refused = mien(*second, "--out", "out", cwd=tmp_path)
        elsewhere = mien("look", "p0.png", "--out", "other", cwd=tmp_path)
        run.send_signal(signal.SIGKILL)
    assert (refused.returncode, elsewhere.returncode) == (2, 0)
    assert "another run is writing there; wait until it has ended, or choose another folder" in refused.stderr
    assert len(list((tmp_path / "out").iterdir())) == 2, "the journal and the lock of the first"
    assert mien(*first, "--out", "out", cwd=tmp_path).returncode == 0  # the killed one is in nobody's way


def test_one_photo_is_not_called_photos(tmp_path: Path) -> None:
    photos(tmp_path, 1)
    clip(tmp_path / "clip.mp4", 1)
    mien("look", "p0.png", "--out", "out", cwd=tmp_path)
    assert "<p>1 photo, 1 face</p>" in (tmp_path / "out/report.html").read_text()
    assert "clip.mp4  1 frame, 1 person\n" in mien("watch", "clip.mp4", cwd=tmp_path).stdout
    assert "1 face" in mien("group", "p0.png", cwd=tmp_path).stdout.split("  ")[1].split(", ")


def test_an_output_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    photos(tmp_path, 1)
    (tmp_path / "file").touch()
    run = mien("look", "p0.png", "--out", "file/out", cwd=tmp_path)
    assert run.returncode == 2
    assert "Not a directory" in run.stderr
    assert "choose another folder with --out" in run.stderr


def test_a_full_disk_stops_the_run_and_keeps_what_is_whole(tmp_path: Path) -> None:
    photos(tmp_path / "in", 12)
    run = process("--files", 5000, "look", "in", "--out", "out", "--no-pictures", cwd=tmp_path)
    assert run.returncode == 2
    assert "writing out/journal.jsonl failed" in run.stderr
    assert "free some space" in run.stderr
    again = mien("look", "in", "--out", "out", "--no-pictures", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert len(rows(tmp_path / "out/faces.csv")) == 12
    assert "were done before" in again.stderr


def test_a_reader_that_leaves_ends_the_run_quietly(tmp_path: Path) -> None:
    photos(tmp_path / "in", 9)
    with subprocess.Popen(
        command("look", "in", "--json"), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        assert run.stdout and run.stderr
        run.stdout.close()
        assert run.stderr.read() == b""


def test_a_video_gives_table_timeline_and_report(tmp_path: Path) -> None:
    clip(tmp_path / "clip.mp4")
    run = mien("watch", "clip.mp4", "--out", "out", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    table = rows(tmp_path / "out/clip/faces.csv")
    assert [r["frame"] for r in table] == [str(i) for i in range(40)]
    assert [r["frame"] for r in table if not r["face"]] == ["20", "21", "22"]
    assert {r["person"] for r in table} == {"0"}
    with Image.open(tmp_path / "out/clip/timeline.png") as picture:
        assert picture.size[0] > 1000
    page = (tmp_path / "out/clip/report.html").read_text()
    assert page.count("<svg") == 2
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
    assert "40 frames, 1 person" in run.stdout


def test_a_video_named_like_the_journal_takes_another_place(tmp_path: Path) -> None:
    clip(tmp_path / "journal.jsonl.mp4", 5)
    run = mien("watch", "journal.jsonl.mp4", "--out", "out", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert len(list((tmp_path / "out").glob("journal.jsonl-*/faces.csv"))) == 1


def test_video_rows_as_json_and_an_adaptive_rate(tmp_path: Path) -> None:
    clip(tmp_path / "clip.mp4", 20)
    full = mien("watch", "clip.mp4", "--json", "--smooth", "none", cwd=tmp_path)
    few = mien("watch", "clip.mp4", "--json", "--adaptive", 0.01, cwd=tmp_path)
    seen = [[r["face"] is not None for r in map(json.loads, run.stdout.splitlines())] for run in (full, few)]
    assert seen[0] == [True] * 20
    assert seen[1] == [i % 10 == 0 for i in range(20)]


def test_a_truncated_video_keeps_its_frames_and_is_not_done_twice(tmp_path: Path) -> None:
    whole = clip(tmp_path / "whole.mkv", 200).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    run = mien("watch", "cut.mkv", "whole.mkv", "--out", "out", cwd=tmp_path)
    assert run.returncode == 2
    kept = len(rows(tmp_path / "out/cut/faces.csv"))
    assert 0 < kept < 200
    assert f"{kept} frames were kept" in run.stderr
    assert len(rows(tmp_path / "out/whole/faces.csv")) == 200
    again = mien("watch", "cut.mkv", "whole.mkv", "--out", "out", cwd=tmp_path)
    assert again.returncode == 2
    assert "frames were kept" in again.stderr
    assert again.stderr.count("failed:") == 1, "the reason, once"
    assert "0 done, 1 was done before, 1 failed" in again.stderr


def test_what_the_user_can_mend_beside_the_file_is_tried_again(tmp_path: Path) -> None:
    small, large = (tmp_path / f"{size}.ts" for size in (96, 960))
    for path in (small, large):
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg2video", rate=25)
            stream.width = stream.height = int(path.stem)
            stream.pix_fmt = "yuv420p"
            image = av.VideoFrame.from_ndarray(np.full((stream.height, stream.width, 3), 20, np.uint8), format="rgb24")
            for _ in range(5):
                container.mux(stream.encode(image))
            container.mux(stream.encode())
    (tmp_path / "both.ts").write_bytes(small.read_bytes() + large.read_bytes())
    refused = mien("watch", "both.ts", "--out", "out", "--max-pixels", 100_000, cwd=tmp_path)
    assert "raise the limit with --max-pixels 921600" in refused.stderr
    before = len(rows(tmp_path / "out/both/faces.csv"))
    helped = mien("watch", "both.ts", "--out", "out", "--max-pixels", 921_600, cwd=tmp_path)
    assert (helped.returncode, helped.stderr) == (0, "mien: 1 done; see out\n")
    assert 0 < before < len(rows(tmp_path / "out/both/faces.csv"))


def test_a_photo_above_the_usual_limit_is_in_the_report_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos(tmp_path, 1)
    monkeypatch.setitem(photo.read.__kwdefaults__, "limit", 1000)
    run = mien("look", "p0.png", "--out", "out", "--max-pixels", 20_000, cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "mien: 1 done; see out\n")
    assert (tmp_path / "out/report.html").read_text().count("data:image/jpeg") == 1


def test_ctrl_c_in_a_video_keeps_its_rows_and_leaves_it_to_be_done(tmp_path: Path) -> None:
    clip(tmp_path / "clip.mp4", 200)
    with subprocess.Popen(
        command("--slow", 0.05, "watch", "clip.mp4", "--out", "out"), cwd=tmp_path, stderr=subprocess.PIPE
    ) as run:
        assert run.stderr
        while not (tmp_path / "out/journal.jsonl").exists():
            time.sleep(0.02)
        time.sleep(2)
        run.send_signal(signal.SIGINT)
        said = run.stderr.read().decode()
    assert run.returncode == 130, said
    table = rows(tmp_path / "out/clip/faces.csv")
    assert 0 < len(table) < 200
    assert inputs(tmp_path / "out") == []


def test_a_camera_s_second_take_leaves_the_first_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shot = Frame(np.full((120, 160, 3), RED, np.uint8), 0.0, 0, "camera 0")
    monkeypatch.setattr(camera, "Camera", lambda index: [shot])
    for _ in range(3):
        assert mien("watch", "0", "--out", "out", cwd=tmp_path).returncode == 0
    assert sorted(p.parent.name for p in tmp_path.glob("out/*/faces.csv")) == ["camera0", "camera0-2", "camera0-3"]


def test_a_name_that_the_output_cannot_spell_is_escaped(tmp_path: Path) -> None:
    Image.new("RGB", (160, 120), RED).save(tmp_path / "Zoë.jpg")
    shown = subprocess.run(
        [sys.executable, "-c", "from mien.cli import main; main()", "look", "Zoë.jpg"],
        cwd=tmp_path,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        timeout=100,
    )
    assert shown.returncode == 0 and b"Zo\\xeb.jpg" in shown.stdout, shown.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("watch", "no.mp4", "--smooth", "much"), "half-window in seconds"),
        (("look", "no.jpg", "--format", "parquet"), "add --out"),
        (("look", "no.jpg", "--json", "--format", "fex"), "JSON or fex, not both"),
        (("look", "."), "holds no photo"),
        (("look", "a" * 300), "File name too long"),
        (("watch", "no.mp4", "--every", "0"), "--every"),
        (("watch", "0", "--fps", "5"), "a camera is live: --every, --fps and --start are for files; leave them out"),
    ],
)
def test_wrong_options_are_explained(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    run = mien(*arguments, cwd=tmp_path)
    assert run.returncode == 2
    assert said in " ".join(re.sub("[│╭╮╰╯─]", " ", run.stderr).split())


def test_the_version_is_the_package_s(tmp_path: Path) -> None:
    assert mien("--version", cwd=tmp_path).stdout == f"mien {version('mien')}\n"


@pytest.mark.parametrize("name", ["look", "watch"])
def test_help_shows_an_example(tmp_path: Path, name: str) -> None:
    shown = mien(name, "--help", cwd=tmp_path).stdout
    assert f"mien {name} " in shown.split("Example:")[1]
    lines = [line.strip() for line in shown.split("Usage:")[1].split("╭")[0].splitlines()]
    told = lines[next(i for i, line in enumerate(lines) if line.startswith("With --out")) :]
    assert all(len(line) > 60 for line in told[: told.index("") - 1]), "lines are broken where the terminal ends"
