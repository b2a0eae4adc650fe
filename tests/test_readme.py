"""What the documents show works, and the figures they state were measured."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

import mien
from mien import cli

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHOWN = [
    (page, kind, text)
    for page in ("README.md", "docs/migration.md")
    for kind, text in BLOCK.findall((ROOT / page).read_text("utf-8"))
]
PYTHON = [(page, text) for page, kind, text in SHOWN if kind == "python"]
BLOCKS = [
    [line.removeprefix("$ ") for line in text.splitlines() if kind != "console" or line.startswith("$ ")]
    for _, kind, text in SHOWN
    if kind in ("console", "bash", "sh")
]
COMMANDS = [line for lines in BLOCKS for line in lines]


@pytest.fixture
def beside_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own that holds the example files, and no way to fetch anything."""
    for file in (ROOT / "examples").iterdir():
        shutil.copy(file, tmp_path)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIEN_OFFLINE", "1")
    return tmp_path


@pytest.mark.parametrize(("page", "text"), PYTHON, ids=[f"{page}-{i}" for i, (page, _) in enumerate(PYTHON)])
def test_a_python_example_runs_as_printed(
    page: str, text: str, beside_examples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(compile(text, page, "exec"), {"__name__": "__main__"})
    assert "nan" not in capsys.readouterr().out.split()


@pytest.mark.parametrize("lines", [b for b in BLOCKS if any(line.startswith("mien ") for line in b)], ids="; ".join)
def test_commands_run_as_printed_one_after_the_other(
    lines: list[str], beside_examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for line in (line for line in lines if line.startswith("mien ")):
        monkeypatch.setattr(sys, "argv", shlex.split(line, comments=True))
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert not end.value.code, line


@pytest.mark.parametrize("line", [c for c in COMMANDS if c.startswith("make ")])
def test_a_make_target_is_there(line: str) -> None:
    for target in shlex.split(line, comments=True)[1:]:
        assert re.search(rf"^{re.escape(target)}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_readme_has_examples_in_python_and_in_the_shell() -> None:
    assert [page for page, _ in PYTHON].count("README.md") >= 3
    assert any(c.startswith("mien look") for c in COMMANDS) and any(c.startswith("mien watch") for c in COMMANDS)


def test_every_link_to_a_file_leads_somewhere() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def measured(value: object) -> Iterator[float]:
    """Every number below a value of a result file."""
    if isinstance(value, dict):
        for part in value.values():
            yield from measured(part)
    elif isinstance(value, list):
        for part in value:
            yield from measured(part)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield float(value)


def unmeasured(text: str, known: list[float]) -> list[str]:
    """Numbers with a decimal point that are no measured number, rounded as they are, nor its percentage."""
    return [
        shown
        for shown in re.findall(r"(?<![\w.])\d+\.\d+(?![\w.]*\.\d)", text)
        if not any(round(v * scale, len(shown.split(".")[1])) == float(shown) for v in known for scale in (1, 100))
    ]


def test_a_made_up_figure_is_found() -> None:
    known = list(measured({"a": [0.61234], "b": {"c": 3.5}}))
    assert unmeasured("accuracy 0.612 or 61.2 %, 3.5 ms", known) == []
    assert unmeasured("accuracy 0.613", known) == ["0.613"]


def test_every_figure_of_the_readme_is_in_a_result_file() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    figures = re.search(r"<!-- figures -->(.*)<!-- /figures -->", text, re.DOTALL)
    assert figures
    known = [v for file in (ROOT / "results").rglob("*.json") for v in measured(json.loads(file.read_text("utf-8")))]
    assert unmeasured(figures[1], known) == []


def deepest(call: object, *arguments: object) -> list[str]:
    """The longest chain of the package's files that a call goes through, each calling the next."""
    assert callable(call)
    source, longest = str(ROOT / "src" / "mien"), list[str]()

    def watch(frame: FrameType, event: str, _: object) -> None:
        nonlocal longest
        if event != "call" or not frame.f_code.co_filename.startswith(source):
            return
        chain, at = list[str](), frame
        while at is not None:
            name = at.f_code.co_filename
            if name.startswith(source) and (not chain or chain[-1] != name):
                chain.append(name)
            at = at.f_back
        if len(chain) > len(longest):
            longest = chain[::-1]

    sys.setprofile(watch)
    try:
        call(*arguments)
    finally:
        sys.setprofile(None)
    return [Path(name).relative_to(source).as_posix() for name in longest]


def test_a_photo_goes_through_at_most_six_files_of_the_package() -> None:
    photo = str(ROOT / "examples" / "group.jpg")
    mien.look(photo)  # loads the networks, which is another matter
    chain = deepest(mien.look, photo)
    assert 3 <= len(chain) <= 6, chain
