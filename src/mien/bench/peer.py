"""Another package at work in its own environment and process, asked by lines of JSON."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from mien.errors import InputError
from mien.record import Figure

_INSTALL = {
    "emotiefflib": "emotiefflib",
    "fer": "--no-deps fer, then tensorflow-cpu 'opencv-python-headless<5' 'moviepy<2' ffmpeg-python pandas "
    "requests tqdm 'setuptools<80'",
}


class Peer:
    """A running worker, `peer_<name>.py` beside this file; use it in a `with`."""

    def __init__(self, name: str, environments: Path, settings: Mapping[str, str]) -> None:
        folder = environments / name
        python = folder / "bin" / "python"
        if not python.exists():
            raise InputError(
                f"{name} is not at {folder}; make it with: python -m venv {folder} and "
                f"{folder}/bin/pip install {_INSTALL[name]}"
            )
        worker = Path(__file__).with_name(f"peer_{name}.py")
        self._process = subprocess.Popen(
            [str(python), str(worker)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **settings},
        )

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, **asked: Figure) -> dict[str, float]:
        """One task, and the numbers that the worker says of it."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("{"):  # other packages print this and that
                return json.loads(line)
        raise InputError(f"the worker {self._process.args} ended with code {self._process.wait()}")
