"""Every card of every family keeps the contract of cards."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from mien import store
from mien.card import Card
from mien.heads import named

CARDS = store.cards()


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS.keys())
class TestCard:
    def test_the_same_card_comes_back_from_json(self, card: Card) -> None:
        assert Card.from_json(card.to_json()) == card
        assert json.loads(card.to_json())["name"] == card.name

    def test_it_says_under_which_licence_and_which_very_file(self, card: Card) -> None:
        assert card.license
        assert card.hash
        assert card.file.endswith(".onnx")

    def test_its_heads_exist_and_take_the_columns_they_get(self, card: Card) -> None:
        for output in card.outputs:
            width = len(output.labels) or named(output.head).width
            assert output.stop - output.start == width
            assert set(output.labels) <= set(named(output.head).labels)

    def test_its_heads_share_no_column_and_leave_none_out(self, card: Card) -> None:
        for tensor in {o.tensor for o in card.outputs}:
            spans = sorted((o.start, o.stop) for o in card.outputs if o.tensor == tensor)
            assert spans[0][0] == 0
            assert all(a[1] == b[0] for a, b in pairwise(spans))

    def test_its_name_is_an_arch_and_a_tag_and_its_names_are_its_own(self, card: Card) -> None:
        assert len(card.name.split(".")) >= 2
        others = [c for c in CARDS.values() if c is not card]
        taken = {n for c in others for n in (c.name, *c.aliases)} | {c.file for c in others}
        assert not taken & {card.name, *card.aliases, card.file}

    def test_what_can_be_fetched_comes_over_https(self, card: Card) -> None:
        assert card.url.startswith("https://") if card.url else store.find(card)

    def test_weights_that_are_here_are_the_ones_it_names(self, card: Card) -> None:
        if store.find(card) is None:
            pytest.skip(f"the weights of {card.name} are not on this machine")
        assert len(store.read(card)) == (card.size or len(store.read(card)))
