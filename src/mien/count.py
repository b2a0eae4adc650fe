"""Numbers of things in words for people: 1 photo, 2 photos."""

from __future__ import annotations


def counted(number: int, thing: str, things: str = "") -> str:
    """The number with its thing, in the plural where it is not one; `things` where an s at the end is not enough."""
    return f"{number} {thing if number == 1 else things or thing + 's'}"
