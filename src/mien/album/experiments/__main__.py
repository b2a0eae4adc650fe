"""Runs measurements and writes `results/people_<name>.json`, or the page that is made from all of them."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path

from mien.record import write

NAMES = ("identity", "tracks", "rules", "clips", "events", "simulated", "still", "ages", "groups", "scale", "kills")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m mien.album.experiments", description=__doc__)
    parser.add_argument("names", nargs="+", choices=[*NAMES, "papers"])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("results"))
    parser.add_argument("--page", type=Path, default=Path("docs/papers.md"))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--size", type=int, default=0, help="photos of `scale`; its own default otherwise")
    asked = parser.parse_args()
    for name in asked.names:
        if name == "papers":
            from mien.album.experiments.papers import page

            asked.page.write_text(page(asked.out), encoding="utf-8")
        else:
            _measured(name, asked)


def _measured(name: str, asked: argparse.Namespace) -> None:
    module = importlib.import_module(f"mien.album.experiments.{name}")
    start = time.monotonic()
    more = (asked.size,) if name == "scale" else ()
    figures = module.run(asked.data, asked.seed, *more)
    path = asked.out / f"people_{name}.json"
    write(path, figures, seed=asked.seed, data=module.files(asked.data), seconds=time.monotonic() - start)
    sys.stderr.write(f"{path}: {time.monotonic() - start:.0f} s\n")


if __name__ == "__main__":
    main()
