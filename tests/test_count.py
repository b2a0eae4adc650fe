"""Numbers of things in words."""

from __future__ import annotations

import pytest

from mien.count import counted


@pytest.mark.parametrize(
    ("number", "words", "said"),
    [
        (0, ("photo",), "0 photos"),
        (1, ("photo",), "1 photo"),
        (2, ("photo",), "2 photos"),
        (1, ("person", "people"), "1 person"),
        (0, ("person", "people"), "0 people"),
    ],
)
def test_one_thing_is_one_and_all_else_is_many(number: int, words: tuple[str, ...], said: str) -> None:
    assert counted(number, *words) == said
