"""Cards as data: what comes back from JSON, and what is refused with words."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.card import Card, Input, Output
from mien.errors import InputError

CARD = Card(
    "net.tag",
    "net.onnx",
    "CC0",
    Input(112, "aligned", 0.1, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "bicubic"),
    (Output("gender", "output", 0, 2, ("male", "female"), 1.5), Output("age", "output", 2, 23)),
    ("old_net",),
    "https://example.org/net.onnx",
    "sha256:" + "0" * 64,
    123,
    "image",
    "classifier",
    {"threshold": 0.5},
    "a note",
)


def changed(**fields: object) -> str:
    return json.dumps({**json.loads(CARD.to_json()), **fields})


def test_every_field_comes_back_from_json() -> None:
    assert Card.from_json(CARD.to_json()) == CARD


def test_the_least_card_needs_four_fields() -> None:
    least = {"name": "a.b", "file": "a.onnx", "license": "CC0", "input": {"size": 64}}
    assert Card.from_json(json.dumps(least)) == Card("a.b", "a.onnx", "CC0", Input(64))
    for field in least:
        with pytest.raises(InputError, match="is not complete and right"):
            Card.from_json(json.dumps({k: v for k, v in least.items() if k != field}))


@pytest.mark.parametrize("file", ["", "../net.onnx", "/etc/passwd", "a\\b", ".hidden", "C:net", "a\0b", "a b", "nét"])
def test_a_file_or_name_that_is_no_plain_name_is_refused(file: str) -> None:
    for field in ("file", "name"):
        with pytest.raises(InputError, match=f"a card's {field} must be letters"):
            replace(CARD, **{field: file})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"hash": "md5:0"}, "sha256"),
        ({"hash": "sha256:12"}, "64 hex digits"),
        ({"embedding": "pool"}, "embedding must be empty or 'classifier'"),
        ({"url": 7}, "must be text"),
        ({"aliases": [None]}, "must be text"),
        ({"size": -1}, "size must be a number of bytes"),
        ({"post": {"threshold": "low"}}, "post must be numbers by name"),
        ({"classes": 8}, "no field 'classes'; known: aliases"),
        ({"input": {"size": 64, "colour": "BGR"}}, "Input has no field 'colour'"),
        ({"input": {"size": 0}}, "size must be a whole number"),
        ({"input": {"size": 10**6}}, "size must be a whole number"),
        ({"input": {"size": "big"}}, "size must be a whole number"),
        ({"input": {"size": 64, "crop": "centre"}}, "crop one of"),
        ({"input": {"size": 64, "resize": "nearest"}}, "resize one of"),
        ({"input": {"size": 64, "std": [0, 1, 1]}}, "std above 0"),
        ({"input": {"size": 64, "mean": [0.5]}}, "three numbers"),
        ({"input": {"size": 64, "mean": [0.5, 0.5], "std": [0.5, 0.5]}}, "or one"),
        ({"input": {"size": 64, "std": 3}}, "not complete and right"),
        ({"input": [64]}, "Input must be a JSON object"),
        ({"outputs": {"head": "age"}}, "list of outputs"),
        ({"outputs": [7]}, "Output must be a JSON object"),
        ({"outputs": [{"head": 3, "tensor": "a", "start": 0, "stop": 1}]}, "must be text"),
        ({"outputs": [{"head": "age", "tensor": "o", "start": 3, "stop": 3}]}, "start < stop"),
        ({"outputs": [{"head": "age", "tensor": "o", "start": "0", "stop": 3}]}, "not complete and right"),
        ({"outputs": [{"head": "age", "tensor": "o", "start": 0, "stop": 2, "labels": ["a"]}]}, "as many labels"),
        ({"outputs": [{"head": "age", "tensor": "o", "start": 0, "stop": 2, "temperature": 0}]}, "above 0"),
    ],
)
def test_a_card_that_makes_no_sense_is_refused_with_words(fields: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Card.from_json(changed(**fields))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", "[" * 100_000])
def test_text_that_is_no_card_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="a card must be"):
        Card.from_json(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=4), x, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(json.loads(CARD.to_json()))), json_values)
def test_any_value_in_any_field_gives_a_card_or_an_input_error(field: str, value: object) -> None:
    with contextlib.suppress(InputError):
        card = Card.from_json(changed(**{field: value}))
        assert Card.from_json(card.to_json()) == card
        assert isinstance(card.url, str) and card.size >= 0
