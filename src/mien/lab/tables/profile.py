"""What the columns of a table are: numbers, categories, dates, text, ids, leaks, and those that say nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from mien.lab.tables.learner import moment, numeric

Kind = Literal["number", "category", "date", "text", "id", "leak", "empty", "constant"]
USED: tuple[Kind, ...] = ("number", "category", "date", "text")
SAMPLE = 20_000  # rows that decide what is a date
MOST = 1000  # categories; a column with more is text or says too little
_DAY_FIRST = ("%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M")
_MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%Y %H:%M")
_PLAIN = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d",
    "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%Y%m%d",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column and why it is taken for what it is."""

    name: str
    kind: Kind
    missing: float
    distinct: int
    why: str = ""
    formats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """The columns beside the target, and what to know of rows and target."""

    rows: int
    columns: tuple[Column, ...]
    notes: tuple[str, ...] = ()

    def names(self, kind: Kind) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns if c.kind == kind)

    @property
    def used(self) -> tuple[Column, ...]:
        """Columns a model may learn from."""
        return tuple(c for c in self.columns if c.kind in USED)


def profile(frame: pd.DataFrame, target: str) -> Profile:
    """What the columns of a table without gaps in its target are."""
    truth = frame[target]
    columns = tuple(_column(frame[name], truth) for name in frame.columns if name != target)
    return Profile(len(frame), columns, tuple(_notes(frame, truth)))


def _column(column: pd.Series, truth: pd.Series) -> Column:
    name, known = str(column.name), column.dropna()
    missing, distinct = 1 - len(known) / len(column), known.nunique()

    def found(kind: Kind, why: str = "", formats: Sequence[str] = ()) -> Column:
        return Column(name, kind, round(missing, 4), distinct, why, tuple(formats))

    if distinct == 0:
        return found("empty", "no value at all")
    if distinct == 1 and missing == 0:
        return found("constant", "one value alone")
    numbers = numeric(known)
    countable = bool(numbers.notna().mean() > 0.98)
    if why := _leak(column, numbers if countable else None, truth):
        return found("leak", why)
    if countable and not _compact_dates(known):
        return found("id", "a running number") if _running(name, numbers, len(column)) else found("number")
    if formats := _formats(known):
        return found("date", f"dates in {len(formats)} format{'s' * (len(formats) > 1)}", formats)
    words = known.str.contains(r"\s", regex=True).mean()
    if distinct == len(column) and words < 0.5:
        return found("id", "another value in each row")
    if distinct > max(20, 0.5 * len(known)) or distinct > MOST:
        return found("text", f"{distinct} different values")
    return found("category")


def _leak(column: pd.Series, numbers: pd.Series | None, truth: pd.Series) -> str:
    """Why a column gives the target away; empty if it does not."""
    groups = truth.groupby(column.fillna("(missing)")).nunique()
    if truth.nunique() > 1 and len(groups) <= len(column) / 5 and (groups == 1).all():
        return "each of its values goes with one value of the target"
    target = numeric(truth)
    if numbers is not None and target.notna().all() and target.nunique() > 20 and numbers.nunique() > 20:
        match = abs(numbers.corr(target.loc[numbers.index]))
        if match > 0.9999:
            return "it follows the target"
    return ""


def _running(name: str, numbers: pd.Series, rows: int) -> bool:
    """Whether numbers only count rows: whole, all different, and in order or called an id."""
    whole = len(numbers) == rows and numbers.is_unique and bool((numbers % 1 == 0).all())
    steps = numbers.diff().dropna()
    called = name.lower() == "id" or name.lower().endswith(("_id", " id")) or name.endswith("Id")
    return whole and rows > 20 and (called or bool((steps == 1).all()))


def _compact_dates(known: pd.Series) -> bool:
    """20240131 is a date, although a number too."""
    return bool(known.str.fullmatch(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])").all())


def _formats(known: pd.Series) -> list[str]:
    """The formats that read nearly all values, the most telling first; none if they are no dates."""
    sample = known.iloc[:SAMPLE]
    if sample.str.contains(r"\d").mean() < 0.95 or sample.str.len().max() > 40:
        return []
    counts = {form: moment(sample, (form,)).notna().sum() for form in (*_PLAIN, *_DAY_FIRST, *_MONTH_FIRST)}
    day, month = (sum(counts[form] for form in forms) for forms in (_DAY_FIRST, _MONTH_FIRST))
    order = (*_PLAIN, *_DAY_FIRST, *_MONTH_FIRST) if day >= month else (*_PLAIN, *_MONTH_FIRST, *_DAY_FIRST)
    kept: list[str] = []
    read = 0
    for form in order:
        if counts[form] and (now := int(moment(sample, (*kept, form)).notna().sum())) > read:
            kept, read = [*kept, form], now
    return kept if read > 0.9 * len(sample) else []


def _notes(frame: pd.DataFrame, truth: pd.Series) -> list[str]:
    notes = []
    counts = truth.value_counts()
    if len(counts) <= 20 and counts.iloc[-1] < 0.1 * len(truth):
        notes.append(f"classes are unequal: {counts.index[-1]!r} has {counts.iloc[-1]} of {len(truth)} rows")
    copies = int(frame.duplicated().sum())
    if copies:
        notes.append(f"{copies} rows stand more than once, so that a held-out row may have a twin in training")
    if len(frame) < 100:
        notes.append(f"{len(frame)} rows are few; every score here is uncertain")
    return notes
