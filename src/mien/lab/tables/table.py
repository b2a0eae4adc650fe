"""Tables as people have them: any delimiter, encoding and spelling of "missing", read as text with the doubts noted."""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mien.errors import InputError, Unreadable

LARGEST = 2**30  # bytes; a table is held in memory as text, about ten times that
_MISSING = ["", "?", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "null", "NULL", "<NA>"]
_COMMA = re.compile(r"[-+]?\d+(?:,\d+)?")
_LOOKED = 30  # lines that decide on the delimiter


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of text, absent where missing, and what was noticed on the way."""

    frame: pd.DataFrame
    notes: tuple[str, ...] = ()


def read(path: Path, header: bool = True) -> Table:
    """A table from a file; without a header its columns are called column1, column2, …"""
    text, encoding = _decoded(path)
    if not text.strip():
        raise Unreadable(str(path), "it is empty; a header line and rows are wanted")
    delimiter = _delimiter(text)
    names = _names(text, delimiter, header, path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # values beyond the last name would be dropped
            frame = pd.read_csv(
                io.StringIO(text),
                sep=delimiter,
                header=0 if header else None,
                names=_unique(names),
                dtype=str,
                keep_default_na=False,
                na_values=_MISSING,
                skipinitialspace=True,
                index_col=False,
            )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, pd.errors.ParserWarning) as error:
        raise Unreadable(str(path), f"it is no table with {names!r:.80} as columns ({error})") from error
    if frame.empty:
        raise Unreadable(str(path), "it has a header and no rows")
    notes = [f"read as {encoding}, because it is not UTF-8"] if encoding != "utf-8-sig" else []
    notes += [f"columns are separated by {delimiter!r}"] if delimiter != "," else []
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    notes += [f"column {name!r} stands more than once; the later ones are numbered" for name in twice]
    stripped = {name: frame[name].str.strip() for name in frame.columns}
    frame = pd.DataFrame({name: column.mask(column.isin(_MISSING)) for name, column in stripped.items()})
    if delimiter != ",":
        frame, pointed = _pointed(frame)
        notes += [f"decimal commas in {name!r} became points" for name in pointed]
    return Table(frame, tuple(notes))


def _decoded(path: Path) -> tuple[str, str]:
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"a table may have {LARGEST} bytes, {path} has {path.stat().st_size}; take a sample of it")
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(str(path), error.strerror or "it cannot be opened") from error
    marked = ["utf-16"] if data[:2] in (b"\xff\xfe", b"\xfe\xff") else []
    for encoding in (*marked, "utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            raise Unreadable(str(path), "it holds zero bytes and is no text")
        return _lines(text), encoding
    return _lines(data.decode("latin-1")), "latin-1"


def _lines(text: str) -> str:
    """The same text with one kind of line end; pandas cannot read the cells that it writes with a lone return."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _delimiter(text: str) -> str:
    """The mark that cuts most lines into the same number of columns, the more columns the better."""
    lines = [line for line in text[:100_000].splitlines()[: _LOOKED + 1] if line.strip()][:_LOOKED]

    def fits(mark: str) -> tuple[bool, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=mark))
        width, count = widths.most_common(1)[0]
        return width > 1 and count >= 0.9 * sum(widths.values()), width

    return max(",;\t|", key=fits)


def _names(text: str, delimiter: str, header: bool, path: Path) -> list[str]:
    try:
        first = next(csv.reader(io.StringIO(text.lstrip(" \n")), delimiter=delimiter, skipinitialspace=True))
    except csv.Error as error:
        raise Unreadable(str(path), f"its first line is no header; is a quote left open? ({error})") from error
    return [name.strip() if header and name.strip() else f"column{i}" for i, name in enumerate(first, 1)]


def _unique(names: list[str]) -> list[str]:
    """The same names, later copies as name.1, name.2, …"""
    made: list[str] = []
    for name in names:
        tries = (name if i == 0 else f"{name}.{i}" for i in range(len(names) + 1))
        made.append(next(t for t in tries if t not in made))
    return made


def _pointed(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Numbers with a decimal comma, written with a point; a comma is no decimal mark where commas part the columns."""
    changed = []
    for name in frame.columns:
        values = frame[name].dropna()
        if values.str.contains(",", regex=False).any() and values.str.fullmatch(_COMMA.pattern).all():
            frame[name] = frame[name].str.replace(",", ".", regex=False)
            changed.append(str(name))
    return frame, changed
