"""Numbers that can be rerun: a result file holds the figures, the commit, the seed, the data's hash and the machine."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

FEW = 8  # files listed one by one; more get one hash together
Figure = float | int | str | bool | None | Mapping[str, "Figure"] | Sequence["Figure"]


def digest(paths: Sequence[Path]) -> str:
    """One sha256 over the names and contents of files, in the order given."""
    total = hashlib.sha256()
    for path in paths:
        total.update(path.name.encode() + b"\0")
        with path.open("rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                total.update(block)
    return total.hexdigest()


def commit() -> str:
    """The commit this package's checkout is at, with a plus where it has changes; empty outside a checkout."""
    try:
        run = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--abbrev=12", "--dirty=+"]
        return subprocess.run(run, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def machine() -> str:
    """Processor model and how many of its cores there are."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        models = [line.split(":", 1)[1] for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = models[0].strip() if models else model
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def write(path: Path, figures: Mapping[str, Figure], *, seed: int, data: Sequence[Path], seconds: float) -> None:
    """A result file, written whole or not at all."""
    record = {
        "figures": figures,
        "commit": commit(),
        "seed": seed,
        "data": {p.name: digest([p]) for p in data} if len(data) <= FEW else {f"{len(data)} files": digest(data)},
        "seconds": round(seconds, 1),
        "machine": machine(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(record, indent=2, default=float) + "\n")
    part.replace(path)
