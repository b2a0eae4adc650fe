"""The journal of finished inputs: what is no journal of ours is told."""

from __future__ import annotations

import json
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


def test_other_settings_are_named(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_bytes(entry())
    with pytest.raises(InputError, match="was made with every=1, now it is 2"):
        Journal(tmp_path, {"every": 2})
