"""`mien models`: what it prints, where it puts things, how it fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from mien import store
from mien.card import Card, Input, Output
from mien.cli import models
from mien.errors import MienError

CARD = Card("mine.v1", "mine.onnx", "CC0", Input(16), (Output("expression", "output", 0, 8),))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MIEN_OFFLINE", "1")
    return tmp_path / "cache"


@pytest.fixture
def call() -> Callable[..., tuple[int, str, str]]:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    models.register(app)

    def run(*words: object) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, ["models", *map(str, words)])
        if isinstance(result.exception, MienError):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    return run


def test_the_list_names_every_network_its_questions_licence_and_place(call: Callable) -> None:
    code, out, _ = call("list")
    assert code == 0
    for card in store.cards().values():
        assert card.name in out and card.license in out
    assert "not here; get it with: mien models fetch emotieffnet_b0.vgaf" in out


def test_the_list_for_machines_is_one_object_a_line(call: Callable) -> None:
    rows = [json.loads(line) for line in call("list", "--json")[1].splitlines()]
    assert [r["name"] for r in rows] == list(store.cards())
    b0 = next(r for r in rows if r["name"] == "emotieffnet_b0.va_mtl")
    assert b0["questions"] == ["expression", "valence_arousal", "embedding"]
    assert b0["aliases"] == ["enet_b0_8_va_mtl"] and b0["place"] == ""


def test_an_added_network_is_listed_where_it_lies(
    call: Callable, network: Callable[..., bytes], tmp_path: Path, cache: Path
) -> None:
    (tmp_path / "a.onnx").write_bytes(network(CARD))
    (tmp_path / "a.json").write_text(CARD.to_json())
    assert call("add", tmp_path / "a.onnx", "--card", tmp_path / "a.json")[:2] == (0, "mine.v1\n")
    assert f"place    {cache / 'mine.onnx'}" in call("list")[1]
    assert call("fetch", "mine.v1")[:2] == (0, f"{cache / 'mine.onnx'}\n")


def test_one_failing_fetch_does_not_stop_the_next_and_the_exit_code_is_two(
    call: Callable, network: Callable[..., bytes], cache: Path
) -> None:
    store.keep(CARD, network(CARD))
    code, out, err = call("fetch", "enet_b2_7", "mine.v1", "nonsense")
    assert code == 2
    assert out == f"{cache / 'mine.onnx'}\n"
    assert "MIEN_OFFLINE forbids" in err and "no model named 'nonsense'" in err


@pytest.mark.parametrize("words", [[], ["list"], ["fetch"], ["add"]])
def test_every_help_shows_an_example(words: list[str], call: Callable) -> None:
    code, out, _ = call(*words, "--help")
    assert code == 0
    assert "Example:  mien models" in out
