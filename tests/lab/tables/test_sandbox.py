"""Scripts that misbehave are stopped, and said to be."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mien.lab.tables import sandbox
from mien.lab.tables.sandbox import Limits, Outcome, execute, usage

UNSHARE = ["unshare", "-rnpf", "--kill-child", "--mount-proc", "true"]
WALLED = pytest.mark.skipif(
    shutil.which("unshare") is None or subprocess.run(UNSHARE, capture_output=True, check=False).returncode != 0,
    reason="this system allows no namespaces",
)


def run(folder: Path, text: str, limits: Limits | None = None) -> Outcome:
    (folder / "script.py").write_text(text)
    return execute(folder / "script.py", (), limits or Limits(seconds=20))


def test_a_good_script_ends_with_what_it_printed(tmp_path: Path) -> None:
    outcome = run(tmp_path, "import sys; print('fine', len(sys.argv))")
    assert (outcome.fate, outcome.code, outcome.output, outcome.fault) == ("done", 0, "fine 1\n", "")


def test_a_script_that_fails_gives_its_last_line(tmp_path: Path) -> None:
    outcome = run(tmp_path, "raise ValueError('no such thing')")
    assert outcome.fate == "failed"
    assert "no such thing" in outcome.fault


@pytest.mark.parametrize(
    "text",
    ["while True: pass", "import time; time.sleep(60)", "import os, time; os.close(1); os.close(2); time.sleep(60)"],
)
def test_a_script_that_does_not_end_is_stopped_in_time(tmp_path: Path, text: str) -> None:
    start = time.monotonic()
    assert run(tmp_path, text, Limits(seconds=1)).fate == "time"
    assert time.monotonic() - start < 5


def test_a_script_that_prints_for_ever_is_stopped(tmp_path: Path) -> None:
    outcome = run(tmp_path, "while True: print('x' * 10000)")
    assert outcome.fate == "output"
    assert len(outcome.output) <= 4000


def test_one_large_file_and_many_small_ones_are_stopped(tmp_path: Path) -> None:
    limits = Limits(seconds=20, file=2**20)
    one = run(tmp_path, "open('big', 'wb').write(b'x' * 2**22)", limits)
    assert one.fate in ("failed", "disk")
    assert (tmp_path / "big").stat().st_size <= 2**20
    many = "import time\nfor i in range(99): open(f'f{i}', 'wb').write(b'x' * 2**19); time.sleep(.02)"
    assert run(tmp_path, many, limits).fate == "disk"
    assert len(list(tmp_path.glob("f*"))) < 99


def test_a_script_that_closes_its_output_is_still_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "walls", lambda: ())  # the wall's own process would keep the output open
    text = "import os, time\nos.close(1); os.close(2)\n"
    many = "for i in range(40): open(f'f{i}', 'wb').write(b'x' * 2**19); time.sleep(.02)"
    assert run(tmp_path, text + many, Limits(seconds=20, file=2**20)).fate == "disk"
    assert run(tmp_path, text).fate == "done"
    assert run(tmp_path, text + "time.sleep(60)", Limits(seconds=1)).fate == "time"


def test_a_script_that_takes_too_much_memory_fails(tmp_path: Path) -> None:
    outcome = run(tmp_path, "x = bytearray(2**30)", Limits(seconds=20, memory=2**29))
    assert "MemoryError" in outcome.fault


def test_a_script_that_forks_is_stopped_with_all_its_children(tmp_path: Path) -> None:
    text = "import os, time\nwhile True:\n    if os.fork() == 0:\n        time.sleep(61.7)\n    time.sleep(.005)"
    assert run(tmp_path, text, Limits(seconds=20, processes=12)).fate == "processes"
    assert ended(b"script.py", tmp_path)


@WALLED
def test_a_child_that_runs_away_ends_with_the_script(tmp_path: Path) -> None:
    text = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(61.7)\nprint('gone')"
    assert run(tmp_path, text).fate == "done"
    assert ended(b"script.py", tmp_path)


def ended(name: bytes, folder: Path) -> bool:
    """Whether none is left soon; the system takes its time to bury the dead."""
    deadline = time.monotonic() + 5
    while alive(name, folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(name, folder)


def alive(name: bytes, folder: Path) -> list[Path]:
    """Processes of a script of that folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if name in (path / "cmdline").read_bytes() and (path / "cwd").resolve() == folder.resolve():
                found.append(path)
        except OSError:
            continue
    return found


def test_a_key_in_the_environment_is_not_there_for_a_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sesame-1234")
    outcome = run(tmp_path, "import os; print(sorted(os.environ), os.environ['OPENAI_API_KEY'])")
    assert "KeyError" in outcome.fault
    assert "sesame" not in outcome.output


@WALLED
def test_neither_the_network_nor_another_process_can_be_reached(tmp_path: Path, network_door: int) -> None:
    text = f"import socket\nsocket.create_connection(('127.0.0.1', {network_door}), 2)"
    assert "Error" in run(tmp_path, text).fault
    seen = run(tmp_path, "import os; print(len([p for p in os.listdir('/proc') if p.isdigit()]))")
    assert int(seen.output) <= 3


@pytest.fixture
def network_door() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_the_report_names_limits_that_hold_for_every_script_alone() -> None:
    told = usage(Limits(seconds=17, processes=64, output=2**20))
    assert "processes 64, output 1,048,576" in told
    assert "17" not in told
