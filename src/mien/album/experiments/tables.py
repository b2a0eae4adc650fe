"""Figures as the words and tables of a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

Row = Sequence[str]


def table(head: Row, rows: Iterable[Row]) -> Iterator[str]:
    """A table with an empty line after it."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def items(figures: object) -> Iterable[tuple[str, dict]]:
    """The named parts of figures."""
    return figures.items() if isinstance(figures, dict) else ()


def at(figures: object, *names: str) -> dict:
    """The part of figures under names, one within the other."""
    for name in names:
        assert isinstance(figures, dict), "a table of figures"
        figures = figures[name]
    assert isinstance(figures, dict), "a table of figures"
    return figures


def number(value: object) -> str:
    """Three places."""
    return f"{float(str(value)):.3f}"


def percent(value: object) -> str:
    """A share."""
    return f"{100 * float(str(value)):.1f} %"


def reach(values: object) -> str:
    """The least and the most of some numbers."""
    assert isinstance(values, list), "a list of distances"
    return f"{min(values):.2f} to {max(values):.2f}"


def span(figure: object, unit: str = " %") -> str:
    """A mean with its interval, as percent unless told otherwise."""
    assert isinstance(figure, dict), "a mean with an interval"
    scale = 100 if unit else 1
    mean, low, high = (round(scale * figure[k], 9) + 0.0 for k in ("mean", "low", "high"))  # no zero with a sign
    return f"{mean:.1f}{unit} [{low:.1f}, {high:.1f}]"
