"""Runs a script apart: limits on time, memory, files, processes and output; no secrets, if possible no network."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Literal, Protocol

Fate = Literal["done", "failed", "time", "output", "disk", "processes"]
_TICK = 0.1  # seconds between two looks at a running script
_LAUNCH = """
import json, os, resource, sys
for name, limit in json.loads(sys.argv[1]).items():
    kind = getattr(resource, "RLIMIT_" + name)
    hard = resource.getrlimit(kind)[1]
    limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(kind, (limit, limit))
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a script may use up."""

    seconds: float = 60.0  # wall clock
    memory: int = 6 * 2**30  # bytes of address space of each process
    file: int = 2**30  # bytes of one file, and of all that it adds to its folder
    processes: int = 64
    output: int = 2**20  # bytes of what it prints
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a script ended, and the end of what it printed."""

    fate: Fate
    code: int | None
    seconds: float
    output: str

    @property
    def fault(self) -> str:
        """Why it did not end well; empty if it did."""
        last = self.output.strip().splitlines()[-1:] or ["it printed nothing"]
        return {
            "done": "",
            "failed": f"the script ended with code {self.code}: {last[0]:.300}",
            "time": f"the script was stopped after {self.seconds:.1f} s",
            "output": "the script was stopped: it printed too much",
            "disk": "the script was stopped: it wrote too much",
            "processes": "the script was stopped: it started too many processes",
        }[self.fate]


class Executor(Protocol):
    """Runs `python script arguments` in a folder."""

    def __call__(self, script: Path, arguments: tuple[str, ...], limits: Limits) -> Outcome: ...


@cache
def walls() -> tuple[str, ...]:
    """The command that cuts network and processes off, empty where this system refuses it."""
    unshare = shutil.which("unshare")
    for flags in ("-rnpf --kill-child --mount-proc", "-rn"):
        if unshare:
            command = (unshare, *flags.split(), "--")
            tried = subprocess.run([*command, "true"], capture_output=True, check=False)
            if tried.returncode == 0:
                return command
    return ()


def execute(script: Path, arguments: tuple[str, ...] = (), limits: Limits = Limits()) -> Outcome:
    """Run a script in its own folder, and end it with all it started when it breaks a limit."""
    caps = {
        "CPU": int(limits.seconds * limits.threads) + 2,
        "AS": limits.memory,
        "FSIZE": limits.file,
        "NPROC": 4096,  # per user, so it must leave room for what else runs; the count per script is watched
        "CORE": 0,
    }
    python = [sys.executable, "-I", "-B"]
    command = [*walls(), *python, "-S", "-c", _LAUNCH, json.dumps(caps), *python, script.name, *arguments]
    start = time.monotonic()
    before = _weight(script.parent)
    with subprocess.Popen(
        command,
        cwd=script.parent,
        env=_environment(script.parent, limits.threads),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            fate, text = _watch(process, script.parent, limits, before)
        finally:
            _kill(process.pid)
    code = process.returncode
    if fate == "done" and code != 0:
        fate = "time" if code in (-signal.SIGXCPU, 128 + signal.SIGXCPU) else "failed"
    return Outcome(fate, code, time.monotonic() - start, text[-4000:].decode("utf-8", "replace"))


def _environment(folder: Path, threads: int) -> dict[str, str]:
    counts = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    return {"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8", **counts}


def _watch(process: subprocess.Popen[bytes], folder: Path, limits: Limits, before: int) -> tuple[Fate, bytes]:
    """Read what it prints until it ends or breaks a limit."""
    deadline, looked, text = time.monotonic() + limits.seconds, 0.0, bytearray()
    assert process.stdout is not None
    pipe = process.stdout.fileno()
    while True:
        if select.select([pipe], [], [], _TICK)[0]:
            block = os.read(pipe, 1 << 16)
            text += block
            if not block:  # it has closed its output, and may go on
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_TICK)
        if len(text) > limits.output:
            return "output", bytes(text)
        now = time.monotonic()
        if now > deadline:
            return "time", bytes(text)
        if process.poll() is not None:  # a child may hold the pipe open after the script has ended
            return "done", bytes(text)
        if now - looked >= _TICK:
            looked = now
            if _members(process.pid) > limits.processes:
                return "processes", bytes(text)
            if _weight(folder) - before > limits.file:
                return "disk", bytes(text)


def _members(leader: int) -> int:
    """How many processes a process has started, with all theirs; 0 where the system does not tell."""
    parents: dict[int, tuple[int, int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
            parents[int(path.parent.name)] = int(fields[1]), int(fields[3])
        except (OSError, IndexError, ValueError):
            continue
    family = {leader} | {pid for pid, (_, session) in parents.items() if session == leader}
    while more := {pid for pid, (parent, _) in parents.items() if parent in family} - family:
        family |= more
    return len(family)


def _weight(folder: Path) -> int:
    """Bytes of all files below a folder, links not followed."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(where, name)).st_blocks * 512  # noqa: PTH118
            except OSError:
                continue
    return total


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def usage(limits: Limits) -> str:
    """The limits in one line, for the report; how long a script may run depends on the time that is left."""
    cut = "network cut" if walls() else "network NOT cut (this system allows no namespaces)"
    return f"{cut}; " + ", ".join(f"{n} {v:,}" for n, v in asdict(limits).items() if n != "seconds")
