"""A camera is played by FFmpeg's own test picture; its thread by a generator that never waits."""

from __future__ import annotations

import threading
import time

import pytest

from mien.errors import InputError, Unreadable
from mien.io import camera
from mien.io.camera import Camera, newest


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "_device", lambda index: ("lavfi", "testsrc=size=640x480:rate=50"))
    real = camera.av.open
    monkeypatch.setattr(camera.av, "open", lambda device, **asked: real(device, format=asked["format"]))


@pytest.mark.usefixtures("played")
def test_a_camera_gives_frames_with_rising_times_until_it_is_left() -> None:
    taken = []
    for frame in Camera(0):
        taken.append(frame)
        if len(taken) == 3:
            break
    assert [f.pixels.shape for f in taken] == [(480, 640, 3)] * 3
    assert taken[0].time <= taken[1].time <= taken[2].time
    assert taken[0].index < taken[1].index < taken[2].index
    assert taken[0].source == "camera 0"
    assert not [t for t in threading.enumerate() if t.name == "mien-camera"]


def test_a_missing_camera_is_named_with_what_to_check() -> None:
    with pytest.raises(Unreadable, match=r"camera 97 failed: no such camera.*plugged in"):
        next(iter(Camera(97)))


def test_a_negative_index_is_refused() -> None:
    with pytest.raises(InputError, match="0 or more"):
        Camera(-1)


def test_a_slow_reader_gets_the_newest_and_the_last_is_not_lost() -> None:
    def fast():
        for i in range(200):
            yield i
            time.sleep(0.001)

    got = []
    for i in newest(fast()):
        got.append(i)
        time.sleep(0.02)
    assert got == sorted(set(got))
    assert len(got) < 100
    assert got[-1] == 199


def test_an_error_of_the_camera_is_raised_where_it_is_read() -> None:
    def broken():
        yield 1
        raise Unreadable("camera 0", "it stopped")

    with pytest.raises(Unreadable, match="stopped"):
        list(newest(broken()))


def test_leaving_early_stops_the_thread() -> None:
    def endless():
        while True:
            yield 1
            time.sleep(0.001)

    for _ in newest(endless()):
        break
    assert not [t for t in threading.enumerate() if t.name == "mien-camera"]
