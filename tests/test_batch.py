"""The journal of finished inputs: what is no journal of ours is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mien.batch import Journal
from mien.errors import InputError

HEAD = json.dumps({"settings": {"every": 1}}).encode() + b"\n"
ENTRY = {"input": "/a.jpg", "name": "a", "size": 1, "changed": 2, "rows": [], "error": ""}


def entry(**changed: object) -> bytes:
    return HEAD + json.dumps(ENTRY | changed).encode() + b"\n"


@pytest.mark.parametrize(
    "content",
    [
        b"\0\0\0\0\n",
        HEAD + b"\xff\n",
        b"[" * 100_000 + b"\n",
        entry(more=1),
        entry(name=3),
        entry(name="../a"),
    ],
    ids=["zeros", "bytes", "depth", "another version's", "a number as name", "another folder's"],
)
def test_a_damaged_or_strange_journal_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "journal.jsonl").write_bytes(content)
    with pytest.raises(InputError, match="is no journal of ours"):
        Journal(tmp_path, {"every": 1})


@pytest.mark.parametrize("space", [10, 60], ids=["at the head", "at an entry"])
def test_a_full_disk_is_said_in_one_line(tmp_path: Path, space: int) -> None:
    code = (
        "import resource, sys\nfrom pathlib import Path\n"
        "from mien.batch import Journal\nfrom mien.errors import MienError\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({space}, {space}))\n"
        "try: Journal(Path(), {'every': 1}).add(Path('a.jpg'))\n"
        "except MienError as error: sys.exit(str(error))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert run.returncode == 1
    assert run.stderr.startswith("writing journal.jsonl failed: ") and run.stderr.count("\n") == 1
    assert "free some space" in run.stderr


def test_other_settings_are_named(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_bytes(entry())
    with pytest.raises(InputError, match="was made with every=1, now it is 2"):
        Journal(tmp_path, {"every": 2})
