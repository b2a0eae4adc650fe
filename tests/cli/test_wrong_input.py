"""Everything that goes wrong, through the real command line with the networks that ship.

Each time: exit code 2, a line that names the file, says what is wrong with it and what to do, and the rest is done.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import signal
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from mien.card import Card, Input, Output
from mien.cli import main

COMMAND = [sys.executable, "-W", "error", "-c", "from mien.cli import main; main()"]
CARD = Card("mine.v1", "mine.onnx", "CC0", Input(16), (Output("expression", "output", 0, 8),))


@dataclass(frozen=True)
class Run:
    """What a command left behind."""

    code: int
    out: str
    said: str

    def line(self, name: str) -> str:
        """The one complaint that names a file."""
        (line,) = (line for line in self.said.splitlines() if line.startswith("mien: ") and name in line)
        return line


@pytest.fixture
def mien(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """The command line, in an empty folder with an empty cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "cache"))

    def run(*arguments: object) -> Run:
        out, said, code = io.StringIO(), io.StringIO(), 0
        monkeypatch.setattr(sys, "argv", ["mien", *map(str, arguments)])
        with redirect_stdout(out), redirect_stderr(said):
            try:
                main()
            except SystemExit as end:
                code = int(end.code or 0)
        return Run(code, out.getvalue(), said.getvalue())

    return run


def portrait(root: Path) -> bytes:
    return (root / "examples" / "portrait_happiness.jpg").read_bytes()


def film(path: Path, frames: int, **options: str) -> Path:
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream("mpeg4", rate=20)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()  # so that a film without a frame is a file too
        rng = np.random.default_rng(0)
        for _ in range(frames):
            noise = rng.integers(0, 255, (48, 64, 3)).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(noise, format="rgb24")))
        container.mux(stream.encode())
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


PHOTOS = {  # file: what is wrong, what to do
    "empty.jpg": ("the file is empty", "copy it again"),
    "cut.jpg": ("damaged or truncated", "copy it again"),
    "text.jpg": ("not a picture of a known format", "save it as JPEG or PNG"),
    "giant.png": ("30000 x 30000 is 900,000,000 pixels", "--max-pixels 900000000"),
    "missing.jpg": ("no such file", "check its name"),
}
VIDEOS = {
    "empty.mp4": ("the file is empty", "copy it again"),
    "text.mp4": ("not a video", "convert it again"),
    "nothing.avi": ("no", "again"),
    "sound.wav": ("sound but no picture", "name a video"),
    "missing.mp4": ("no such file", "check its name"),
    "cut.mkv": ("truncated file", "frames were kept"),
}


def test_bad_photos_are_named_with_what_to_do_and_the_good_one_is_done(
    mien: Callable[..., Run], root: Path, tmp_path: Path
) -> None:
    whole = portrait(root)
    Path("good.jpg").write_bytes(whole)
    Path("empty.jpg").touch()
    Path("cut.jpg").write_bytes(whole[: len(whole) // 2])
    Path("text.jpg").write_text("hello")
    Image.new("1", (30_000, 30_000)).save("giant.png", compress_level=1)
    run = mien("look", *PHOTOS, "good.jpg", "--out", "out")
    assert run.code == 2
    for name, (wrong, remedy) in PHOTOS.items():
        assert wrong in run.line(name) and remedy in run.line(name)
    assert {Path(r["source"]).name for r in rows(tmp_path / "out/faces.csv")} == {"good.jpg"}
    assert "1 done, 5 failed" in run.said


def test_bad_videos_are_named_with_what_to_do_and_the_good_one_is_done(
    mien: Callable[..., Run], tmp_path: Path
) -> None:
    film(tmp_path / "good.mp4", 5)
    whole = film(tmp_path / "whole.mkv", 60).read_bytes()
    Path("cut.mkv").write_bytes(whole[: len(whole) // 2])
    Path("empty.mp4").touch()
    Path("text.mp4").write_text("hello")
    film(tmp_path / "nothing.avi", 0)
    with wave.open("sound.wav", "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(bytes(32_000))
    run = mien("watch", *VIDEOS, "good.mp4", "--out", "out")
    assert run.code == 2
    for name, (wrong, remedy) in VIDEOS.items():
        assert wrong in run.line(name) and remedy in run.line(name)
    assert len(rows(tmp_path / "out/good/faces.csv")) == 5
    kept = len(rows(tmp_path / "out/cut/faces.csv"))
    assert 0 < kept < 60
    assert f"{kept} frames were kept" in run.line("cut.mkv")


def test_a_truncated_mp4_keeps_the_frames_before_the_damage(mien: Callable[..., Run], tmp_path: Path) -> None:
    whole = film(tmp_path / "whole.mp4", 60, movflags="faststart").read_bytes()
    Path("cut.mp4").write_bytes(whole[: len(whole) // 2])
    run = mien("watch", "cut.mp4", "--out", "out")
    assert run.code == 2
    assert f"{len(rows(tmp_path / 'out/cut/faces.csv'))} frames were kept" in run.line("cut.mp4")
    assert 10 < len(rows(tmp_path / "out/cut/faces.csv")) < 60


def test_no_face_is_not_an_error(mien: Callable[..., Run]) -> None:
    Image.new("RGB", (90, 70), "green").save("green.png")
    run = mien("look", "green.png", "--json")
    assert (run.code, run.said) == (0, "")
    (row,) = map(json.loads, run.out.splitlines())
    assert row["face"] is None


def test_an_output_that_cannot_be_written_is_named(mien: Callable[..., Run], root: Path) -> None:
    Path("good.jpg").write_bytes(portrait(root))
    Path("file").touch()
    run = mien("look", "good.jpg", "--out", "file/out")
    assert run.code == 2
    assert "file/out" in run.said and "choose another folder with --out" in run.said


def test_a_full_disk_is_said_and_nothing_half_is_left(root: Path, tmp_path: Path) -> None:
    (tmp_path / "good.jpg").write_bytes(portrait(root))
    code = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (900, 900)); from mien.cli import main; main()"
    words = ["look", "good.jpg", "--out", "out"]
    run = subprocess.run([sys.executable, "-c", code, *words], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert run.returncode == 2
    assert "failed" in run.stderr and "free some space" in run.stderr
    assert not list((tmp_path / "out").rglob("*.part"))
    again = subprocess.run([*COMMAND, *words], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert again.returncode == 0, again.stderr
    assert rows(tmp_path / "out/faces.csv")


def test_an_onnx_file_that_does_not_fit_its_card_is_refused(
    mien: Callable[..., Run], network: Callable[..., bytes]
) -> None:
    Path("mine.onnx").write_bytes(network(CARD))
    wrong = replace(CARD, outputs=(Output("action_units", "output", 0, 12),))
    Path("mine.json").write_text(wrong.to_json())
    run = mien("models", "add", "mine.onnx", "--card", "mine.json")
    assert run.code == 2
    assert "the card reads columns 0:12 of 'output', the file gives 8 columns" in run.line("mine.v1")
    assert not Path("cache/mine.onnx").exists()


@pytest.fixture
def server() -> Iterator[Callable[[bytes, int], str]]:
    """Serves one file, its connection cut after so many bytes; gives its address."""
    content, most = b"", 0

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:most])

        def log_message(self, *_: object) -> None:
            pass

    def serve(what: bytes, limit: int) -> str:
        nonlocal content, most
        content, most = what, limit
        return f"http://127.0.0.1:{running.server_address[1]}/mine.onnx"

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield serve
        running.shutdown()


def add_card(url: str, content: bytes) -> None:
    Path("cache").mkdir()
    card = replace(CARD, url=url, hash=f"sha256:{hashlib.sha256(content).hexdigest()}", size=len(content))
    Path("cache/mine.v1.json").write_text(card.to_json())


def test_a_download_cut_in_the_middle_is_said_and_its_file_is_not_used(
    mien: Callable[..., Run], server: Callable[[bytes, int], str], network: Callable[..., bytes]
) -> None:
    content = network(CARD)
    add_card(server(content, len(content) // 2), content)
    run = mien("models", "fetch", "mine.v1")
    assert run.code == 2
    assert "broke off" in run.line("mine.onnx") and "run it again" in run.line("mine.onnx")
    assert not Path("cache/mine.onnx").exists()
    server(content, len(content))
    assert mien("models", "fetch", "mine.v1").code == 0
    assert Path("cache/mine.onnx").read_bytes() == content


def test_a_file_of_another_hash_is_refused(
    mien: Callable[..., Run], server: Callable[[bytes, int], str], network: Callable[..., bytes]
) -> None:
    content = network(CARD)
    other = content[:-1] + bytes([content[-1] ^ 1])
    add_card(server(other, len(other)), content)
    run = mien("models", "fetch", "mine.v1")
    assert run.code == 2
    assert "gave another file than the card names" in run.line("mine.onnx")
    assert not Path("cache/mine.onnx").exists()


def test_ctrl_c_in_a_film_leaves_complete_rows(tmp_path: Path) -> None:
    film(tmp_path / "long.mp4", 3000)
    words = [*COMMAND, "watch", "long.mp4", "--out", "out"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
        assert run.stderr
        while not (tmp_path / "out/journal.jsonl").exists():
            time.sleep(0.02)
        time.sleep(1)
        run.send_signal(signal.SIGINT)
        said = run.stderr.read().decode()
    assert run.returncode == 130, said
    table = rows(tmp_path / "out/long/faces.csv")
    assert 0 < len(table) < 3000
    assert [int(r["frame"]) for r in table] == list(range(len(table)))
    assert all(None not in r and None not in r.values() for r in table)
