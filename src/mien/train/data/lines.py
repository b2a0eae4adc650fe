"""Lines and tables of text, read strictly: every fault is named by its line."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.train.data import Faults
from mien.types import Floats

LONGEST = 1 << 20  # characters of a line; longer ones are no annotation


def text(path: Path, faults: Faults) -> list[str]:
    """The lines of a text file, less empty ones at the end; none, and a fault, where it cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        faults.add(path, 0, f"cannot be read ({error.strerror or error})")
        return []
    except UnicodeDecodeError as error:
        faults.add(path, 0, f"wanted UTF-8 text, got byte {error.object[error.start]:#04x} at {error.start}")
        return []
    if any(len(line) > LONGEST for line in lines):
        faults.add(path, 0, f"a line of more than {LONGEST} characters")
        return []
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        faults.add(path, 0, "empty")
    return lines


def body(path: Path, header: str, faults: Faults) -> list[str]:
    """The lines below the header, which must be the wanted one but for blanks."""
    lines = text(path, faults)
    if not lines:
        return []
    if lines[0].replace(" ", "").rstrip(",") != header.replace(" ", "").rstrip(","):
        faults.add(path, 1, f"wanted the header {header!r}, got {lines[0][:80]!r}")
        return []
    return lines[1:]


def numbers(path: Path, lines: Sequence[str], columns: int, faults: Faults, first: int = 2) -> Floats:
    """A row of numbers per line (n, columns); a line that is none becomes NaN and a fault. `first` is its number."""
    try:
        flat = np.array(",".join(lines).split(","), np.float32) if lines else np.zeros(0, np.float32)
        even = all(line.count(",") == columns - 1 for line in lines)
        if even and np.isfinite(flat).all():
            return flat.reshape(-1, columns)
    except ValueError:
        pass
    rows = np.full((len(lines), columns), np.nan, np.float32)
    for i, line in enumerate(lines):
        rows[i] = _row(path, i + first, line.split(","), columns, faults)
    return rows


def _row(path: Path, line: int, cells: Sequence[str], columns: int, faults: Faults) -> Floats:
    blank = np.full(columns, np.nan, np.float32)
    if len(cells) != columns:
        faults.add(path, line, f"wanted {columns} columns, got {len(cells)}")
        return blank
    values = [_number(cell) for cell in cells]
    wrong = [cell for cell, value in zip(cells, values, strict=True) if not np.isfinite(value)]
    if wrong:
        faults.add(path, line, f"wanted a number, got {wrong[0].strip()[:40]!r}")
        return blank
    return np.array(values, np.float32)


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def table(path: Path, wanted: Sequence[str], faults: Faults) -> list[tuple[int, dict[str, str]]]:
    """The rows of a CSV with quotes, each with its line; columns that nobody wants are left out."""
    lines = text(path, faults)
    if not lines:
        return []
    reader = csv.DictReader(lines, strict=True)
    names = [n.strip() for n in reader.fieldnames or ()]
    missing = [n for n in wanted if n not in names]
    if missing:
        faults.add(path, 1, f"wanted the columns {', '.join(wanted)}; missing: {', '.join(missing)}")
        return []
    reader.fieldnames = names
    out: list[tuple[int, dict[str, str]]] = []
    try:
        for row in reader:
            if None in row or None in row.values():
                faults.add(path, reader.line_num, f"wanted {len(names)} columns, got another number")
                continue
            out.append((reader.line_num, {n: row[n].strip() for n in wanted}))
    except csv.Error as error:
        faults.add(path, reader.line_num + 1, f"no table from here on: {error}")
    return out


def value(path: Path, line: int, cell: str, low: float, high: float, faults: Faults) -> float:
    """A number within limits; NaN and a fault where it is none."""
    number = _number(cell)
    if not np.isfinite(number):
        faults.add(path, line, f"wanted a number, got {cell[:40]!r}")
    elif not low <= number <= high:
        faults.add(path, line, f"wanted a number in {low:g}..{high:g}, got {number:g}")
    else:
        return number
    return float("nan")


def picture(name: str) -> tuple[str, int]:
    """Video and frame of `video/00012.jpg`; an error says what came instead."""
    video, slash, file = name.strip().replace("\\", "/").rpartition("/")
    stem = file.rpartition(".")[0]
    if not slash or not video or not stem.isascii() or not stem.isdigit() or len(stem) > 9 or unsafe(video):
        raise InputError(f"wanted an image like video/00001.jpg, got {name.strip()[:80]!r}")
    return video, int(stem)


def unsafe(name: str) -> bool:
    """Whether a name of a list leads out of its folder."""
    return name.startswith("/") or ".." in name.split("/") or ":" in name or "\0" in name


def matched(path: Path, got: int, wanted: int) -> None:
    """Refuse to write predictions of another number than the organisers' list has rows."""
    if got != wanted:
        raise InputError(f"{path} must hold {wanted} rows, one per row of the organisers' list, got {got}")
