"""`mien models …`: which networks there are, and how to get or add one."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from mien.card import Card
from mien.errors import MienError


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        help="List, fetch and add networks.\n\nExample:  mien models list", no_args_is_help=True, add_completion=False
    )
    group.command("list")(show)
    group.command()(fetch)
    group.command()(add)
    app.add_typer(group, name="models")


def show(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Every known network: what it answers, its size, its licence, and where it lies.

    Example:  mien models list --json
    """
    from mien import store

    for card in store.cards().values():
        row = _Row.of(card)
        print(json.dumps(asdict(row)) if as_json else row)


def fetch(
    names: Annotated[
        list[str], typer.Argument(help="Names or old names of networks, as `mien models list` shows them.")
    ],
) -> None:
    """Download networks into the cache, going on where an earlier try broke off.

    Example:  mien models fetch emotieffnet_b0.vgaf
    """
    from mien import store

    failed = False
    for name in names:
        try:
            card = store.card(name)
            place = store.find(card)
            if place is None or place.parent == store.cache():  # a cached file is checked, and mended if need be
                place = store.fetch(card, progress=_progress(card.name))
            print(place)
        except MienError as error:
            failed = True
            print(f"mien: {error}", file=sys.stderr)
    if failed:
        raise typer.Exit(2)


def add(
    file: Annotated[Path, typer.Argument(help="The ONNX file.")],
    card: Annotated[Path, typer.Option("--card", help="Its card, as JSON: input, outputs, licence.")],
) -> None:
    """Take your own network into the cache, once its inputs and outputs fit its card.

    Example:  mien models add mine.onnx --card mine.json
    """
    from mien.models.load import add as take

    added = take(file, card)
    print(added.name)


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    aliases: tuple[str, ...]
    questions: tuple[str, ...]
    size: int  # 0 where the card does not say
    license: str
    place: str  # empty where it is not on this machine
    url: str

    @classmethod
    def of(cls, card: Card) -> _Row:
        from mien import store

        place = store.find(card)
        questions = (*dict.fromkeys(o.head for o in card.outputs), *(["embedding"] if card.embedding else []))
        size = place.stat().st_size if place else card.size
        return cls(card.name, card.aliases, questions, size, card.license, str(place or ""), card.url)

    def __str__(self) -> str:
        size = f"{self.size / 1e6:.1f} MB" if self.size else "size unknown"
        where = self.place or f"not here; get it with: mien models fetch {self.name}"
        answers = ", ".join(self.questions)
        return f"{self.name}  ({size})\n  answers  {answers}\n  licence  {self.license}\n  place    {where}"


def _progress(name: str) -> Callable[[int, int], None]:
    """Shows how far a download is, where a person is looking."""

    def show(have: int, total: int) -> None:
        share = f"{have / total:4.0%}" if total else ""
        print(f"\r{name} {share} {have / 1e6:.1f} MB", end="" if have != total else "\n", file=sys.stderr, flush=True)

    return show if sys.stderr.isatty() else lambda have, total: None
