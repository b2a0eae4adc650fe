"""Rows as lines for people at a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from mien.count import counted
from mien.heads import EXPRESSION, VALENCE_AROUSAL
from mien.io.table import Cell, Row
from mien.report.chart import plain
from mien.types import Head, Signal


def line(row: Row) -> str:
    """A row: where it is from, and what was read."""
    start = plain(str(row["source"]))
    if row["person"] is not None:
        start += f"  {_number(row['time']):.2f} s"
    return f"{start}  {answers(row)}"


def answers(row: Row) -> str:
    """One face: its expression, valence and arousal, and the action units that are present."""
    who = f"face {row['face']}" if row["person"] is None else f"person {row['person']}"
    if row["face"] is None:
        return "no face" if row["person"] is None else f"{who}  not seen"
    parts = [who]
    if name := row.get("expression"):
        parts.append(f"{name} {_number(row[f'expression_{name}']):.0%}")
    if "valence" in row:
        parts.append(f"valence {_number(row['valence']):+.2f}  arousal {_number(row['arousal']):+.2f}")
    parts.append(" ".join(k for k, v in row.items() if k[:2] == "AU" and k[2:].isdigit() and _number(v) > 0.5))
    if "age" in row:
        parts.append(f"{row.get('gender') or ''} {_number(row['age']):.0f}")
    return "  ".join(p for p in parts if p)


def person(number: int, signals: Mapping[Head, Signal], name: str = "") -> str:
    """One person of a video: for how many frames they were seen, and what they showed most."""
    frames = max((int(s.seen.sum()) for s in signals.values()), default=0)
    parts = [plain(called(number, name)), f"seen in {counted(frames, 'frame')}"]
    for head in (EXPRESSION, VALENCE_AROUSAL):
        if head not in signals or not signals[head].seen.any():
            continue
        mean = signals[head].values[signals[head].seen].mean(0)
        if head is EXPRESSION:
            parts.append(f"mostly {head.labels.names[int(mean.argmax())]} (mean {mean.max():.0%})")
        else:
            parts.append(f"valence {mean[0]:+.2f}  arousal {mean[1]:+.2f}")
    return "  ".join(parts)


def called(number: int, name: str = "") -> str:
    """How a person is meant: always by number, as in the table, and by name where there is one."""
    return f"person {number} ({name})" if name else f"person {number}"


def _number(cell: Cell) -> float:
    return float(cell) if isinstance(cell, (int, float)) else float("nan")
