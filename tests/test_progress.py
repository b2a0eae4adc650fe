from __future__ import annotations

import io

from mien.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_time_left_follows_the_pace() -> None:
    progress = Progress(100, "photos", io.StringIO())
    progress.done = 25
    assert progress.line(10.0) == "[######..................] 25/100 photos, 30 s left"
    progress.done = 50
    assert progress.line(100.0).endswith("50/100 photos, 1:40 left")


def test_work_of_unknown_length_shows_its_pace() -> None:
    progress = Progress(0, "frames", io.StringIO())
    progress.done = 50
    assert progress.line(10.0) == "50 frames, 5.0 a second"
    progress.done = 1
    assert progress.line(10.0) == "1 frame, 0.1 a second"


def test_a_file_or_pipe_gets_nothing() -> None:
    stream = io.StringIO()
    with Progress(2, "photos", stream) as progress:
        progress.step()
    assert stream.getvalue() == ""


def test_a_terminal_is_left_clean() -> None:
    stream = Terminal()
    with Progress(2, "photos", stream) as progress:
        progress.step()
    assert "1/2 photos" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[2K")


def test_it_can_be_told_to_be_silent() -> None:
    stream = Terminal()
    with Progress(2, "photos", stream, silent=True) as progress:
        progress.step()
    assert stream.getvalue() == ""
