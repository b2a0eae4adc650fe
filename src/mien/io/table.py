"""Faces as rows: one per face and frame, with columns that keep their names and order (docs/tables.md).

A frame with nobody has one row with an empty `face`; so has a person who is waited for but not seen in a frame.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import IO, TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from mien.errors import InputError, MissingExtra, unknown
from mien.io.whole import whole
from mien.types import Faces, Floats, Head

if TYPE_CHECKING:
    import pandas
    import pyarrow

Cell: TypeAlias = str | int | float | None
Row: TypeAlias = Mapping[str, Cell]
Format = Literal["csv", "jsonl", "parquet", "openface", "fex"]

PLACE = ("source", "frame", "time", "face", "person")
BOX = ("x", "y", "w", "h", "score", *(f"p{i}{axis}" for i in range(5) for axis in "xy"))
ORDER = ("quality", "expression", "valence_arousal", "action_units", "pose", "age", "gender", "ethnicity")
WHOLE_NUMBERS = ("frame", "face", "person", "face_id", "success")
BATCH = 10_000  # rows of a Parquet row group


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns the answers to some heads take; vectors such as identities are features, not columns."""

    heads: tuple[Head, ...] = ()

    @classmethod
    def of(cls, heads: Iterable[Head]) -> Layout:
        """Heads in the order of the documentation, unknown ones by name at the end."""
        kept = (h for h in heads if h.labels.names[:1] != ("0",))
        return cls(tuple(sorted(kept, key=lambda h: (ORDER.index(h.name) if h.name in ORDER else 99, h.name))))

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns that hold measured numbers, in the order of `measured`."""
        return (*BOX, *(name for head in self.heads for name in _names(head)))

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column; a question with classes has one more, of its own name, for the top class."""
        answers = ((*((h.name,) if h.is_class else ()), *_names(h)) for h in self.heads)
        return (*PLACE, *BOX, *(name for names in answers for name in names))

    def measured(self, faces: Faces) -> Floats:
        """The numbers of each face, (n, columns); NaN where these faces were not asked."""
        parts = [faces.boxes, faces.scores[:, None], faces.points.reshape(len(faces), 10)]
        answers = (
            faces[h].values if h in faces.readings else np.full((len(faces), len(h.labels)), np.nan) for h in self.heads
        )
        return np.hstack([*parts, *answers]).astype(np.float32)

    def row(self, place: Mapping[str, Cell], numbers: Floats | None) -> dict[str, Cell]:
        """One row; without numbers all but its place is empty."""
        out: dict[str, Cell] = dict.fromkeys(self.columns)
        out.update(place)
        if numbers is None:
            return out
        out.update(zip(self.numbers, map(_number, numbers.tolist()), strict=True))
        at = len(BOX)
        for head in self.heads:
            answer = numbers[at : at + len(head.labels)]
            if head.is_class and np.isfinite(answer).all():
                out[head.name] = head.labels.names[int(answer.argmax())]
            at += len(head.labels)
        return out

    def rows(self, faces: Faces, absent: Iterable[int] = ()) -> Iterator[dict[str, Cell]]:
        """The rows of one frame, those of absent persons last."""
        frame = faces.frame
        here: dict[str, Cell] = {"source": frame.source, "frame": frame.index, "time": round(frame.time, 6)}
        for i, numbers in enumerate(self.measured(faces) if len(faces) else ()):  # a frame may not have been looked at
            person = None if faces.track is None else int(faces.track[i])
            yield self.row({**here, "face": i, "person": person}, numbers)
        missing = list(absent)
        for person in missing or ([None] if not len(faces) else []):
            yield self.row({**here, "person": person}, None)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that can be gone through any number of times; nothing is held in memory until it is asked for."""

    columns: tuple[str, ...]
    source: Callable[[], Iterable[Row]]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.source())

    def write(self, path: Path | str, form: Format = "csv") -> None:
        """The table as a file, there whole or not at all."""
        ending = Path(path).suffix.lower()
        if ending in (".jsonl", ".parquet") and ending != suffix(form):
            raise InputError(f"{path} is named {ending}, but its format is {form}; say write(path, {ending[1:]!r})")
        with whole(Path(path)) as part, opened(part, form, self.columns) as write:
            for row in self:
                write(row)

    def arrow(self) -> pyarrow.Table:
        """The table for pyarrow."""
        arrow = _extra("pyarrow")
        schema = _schema(self.columns)
        batches = (arrow.RecordBatch.from_pylist(b, schema) for b in _batches(map(_escaped, self)))
        return arrow.Table.from_batches(batches, schema)

    def pandas(self) -> pandas.DataFrame:
        """The table for pandas; empty cells are NaN or NA, frame, face and person are whole numbers."""
        frame = _extra("pandas").DataFrame(list(map(_escaped, self)), columns=list(self.columns))
        types = {c: "Int64" if c in WHOLE_NUMBERS else "float64" for c in self.columns if not _text(c, self.columns)}
        return frame.astype(types)


def of(faces: Iterable[Faces]) -> Table:
    """The table of some frames' faces, say of a few photos; the columns are those of all their answers."""
    if isinstance(faces, Faces):
        raise InputError("table wants a list of Faces, one for each photo, got one; wrap it: mien.table([faces])")
    seen = list(faces)
    layout = Layout.of({h: None for f in seen for h in f.readings})
    return Table(layout.columns, lambda: (row for f in seen for row in layout.rows(f)))


def renamed(columns: Sequence[str], form: Format) -> tuple[tuple[str, ...], Callable[[Row], Row]]:
    """The columns that a format writes, and how a row of ours becomes one of its."""
    if form == "openface":
        return _openface(columns)
    if form == "fex":
        return _fex(columns)
    return tuple(columns), lambda row: row


@contextmanager
def opened(to: Path | IO[str], form: Format, columns: Sequence[str]) -> Iterator[Callable[[Row], None]]:
    """A function that writes rows to a file or an open text stream, one by one."""
    if form not in ("csv", "jsonl", "parquet", "openface", "fex"):
        raise unknown("table format", form, ("csv", "jsonl", "parquet", "openface", "fex"))
    names, convert = renamed(columns, form)
    if form == "parquet":
        with _parquet(Path(str(to)), names) as write:
            yield write
        return
    # Names of files may hold bytes that are no text; escaped, they leave the table readable for everyone.
    stream = to.open("w", encoding="utf-8", errors="backslashreplace", newline="") if isinstance(to, Path) else to
    try:
        if form == "jsonl":
            yield lambda row: void(stream.write(json.dumps(dict(convert(row)), allow_nan=False) + "\n"))
        else:
            writer = csv.DictWriter(stream, names, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            yield lambda row: void(writer.writerow({name: _inert(cell) for name, cell in convert(row).items()}))
    finally:
        if isinstance(to, Path):
            stream.close()


def ready(form: Format | None) -> None:
    """Refuse a format whose package is missing; asked before the work, which would be lost."""
    if form == "parquet":
        _extra("pyarrow.parquet")


def suffix(form: Format) -> str:
    """The file ending of a format."""
    return {"jsonl": ".jsonl", "parquet": ".parquet"}.get(form, ".csv")


def void(_: object) -> None:
    """Nothing, whatever was given."""


def _inert(cell: Cell) -> Cell:
    """A file's name that no reader breaks at and no spreadsheet runs as a formula; ./=1.jpg is the same file."""
    if not isinstance(cell, str):
        return cell
    return ("./" if cell.startswith(("=", "+", "-", "@")) else "") + cell.replace("\r", "\\r")


def _escaped(row: Row) -> Row:
    """The row as text that Arrow and pandas take: bytes of a file's name that are none become escapes."""
    return {k: c.encode("utf-8", "backslashreplace").decode() if isinstance(c, str) else c for k, c in row.items()}


@contextmanager
def _parquet(path: Path, columns: Sequence[str]) -> Iterator[Callable[[Row], None]]:
    arrow, parquet = _extra("pyarrow"), _extra("pyarrow.parquet")
    schema, held = _schema(columns), []

    def flush() -> None:
        if held:
            writer.write_batch(arrow.RecordBatch.from_pylist(held, schema))
            held.clear()

    def write(row: Row) -> None:
        held.append(_escaped(row))
        if len(held) >= BATCH:
            flush()

    with parquet.ParquetWriter(path, schema) as writer:
        yield write
        flush()


def _schema(columns: Sequence[str]) -> pyarrow.Schema:
    arrow = _extra("pyarrow")

    def kind(name: str) -> pyarrow.DataType:
        if _text(name, columns):
            return arrow.string()
        return arrow.int64() if name in WHOLE_NUMBERS else arrow.float64()

    return arrow.schema([(c, kind(c)) for c in columns])


def _text(name: str, columns: Sequence[str]) -> bool:
    """Sources and top classes; a top class stands before its classes' probabilities."""
    return name in ("source", "input", "Identity") or any(c.startswith(f"{name}_") for c in columns)


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    left = iter(rows)
    while batch := list(islice(left, BATCH)):
        yield batch


def _extra(package: str) -> ModuleType:
    import importlib

    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise MissingExtra(package.split(".")[0], "tables") from error


def _names(head: Head) -> tuple[str, ...]:
    return tuple(f"{head.name}_{n}" if head.is_class else n for n in head.labels)


def _number(value: float) -> float | None:
    """Six significant digits, which is what single precision holds; empty where nothing was measured."""
    return float(f"{value:.6g}") if np.isfinite(value) else None


# OpenFace 2.2 knows these action units; it marks presence with _c and intensity with _r. We tell presence only.
_OPENFACE_UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 28, 45)
_FEX_EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")


def _openface(columns: Sequence[str]) -> tuple[tuple[str, ...], Callable[[Row], Row]]:
    units = [unit for u in _OPENFACE_UNITS if (unit := f"AU{u:02}") in columns]
    names = ("frame", "face_id", "timestamp", "confidence", "success", *(f"{u}_c" for u in units))

    def convert(row: Row) -> Row:
        face = row["face"] if row["person"] is None else row["person"]
        frame, score = row["frame"], row["score"]
        first = {
            "frame": frame + 1 if isinstance(frame, int) else None,  # OpenFace counts from 1
            "face_id": 0 if face is None else face,
            "timestamp": row["time"],
            "confidence": 0.0 if score is None else score,
            "success": int(score is not None),
        }
        return {**first, **{f"{u}_c": _present(row[u]) for u in units}}

    return names, convert


def _present(probability: Cell) -> Cell:
    return int(probability > 0.5) if isinstance(probability, (int, float)) else None


def _fex(columns: Sequence[str]) -> tuple[tuple[str, ...], Callable[[Row], Row]]:
    ours = {"FaceRectX": "x", "FaceRectY": "y", "FaceRectWidth": "w", "FaceRectHeight": "h", "FaceScore": "score"}
    ours |= {c: c for c in columns if c.startswith("AU") and c[2:].isdigit()}
    ours |= {e: f"expression_{e}" for e in _FEX_EMOTIONS if f"expression_{e}" in columns}
    ours |= {c: c for c in ("valence", "arousal") if c in columns}
    ours |= {"input": "source", "frame": "frame", "approx_time": "time"}

    def convert(row: Row) -> Row:
        person = row["person"]
        named = {"Identity": None if person is None else f"Person_{person}"}
        return {**{theirs: row[name] for theirs, name in ours.items()}, **named}

    return (*ours, "Identity"), convert
