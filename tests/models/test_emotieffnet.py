"""The published facts of the seven files, and the whole path from a server to an answer."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from mien import store
from mien.card import Card
from mien.errors import StoreError
from mien.geometry import crop, normalise
from mien.heads import EXPRESSION, VALENCE_AROUSAL, embedding
from mien.link import softmax
from mien.models.emotieffnet import CARDS
from mien.models.load import load
from mien.types import Faces, Floats, Frame

FACTS = {  # old name: side of the input, mean of red, number of classes, whether valence and arousal follow, git blob
    "enet_b0_8_best_vgaf": (224, 0.485, 8, False, "49772db4e87ee6df57087fba131832a959e5c64d"),
    "enet_b0_8_best_afew": (224, 0.485, 8, False, "d87faf71e8756d68c701ffd88b4cde4be460f57d"),
    "enet_b0_8_va_mtl": (224, 0.485, 8, True, "7ce9d6dd5b82b260bc19bfe7822a6ffa1abb6011"),
    "enet_b2_7": (260, 0.485, 7, False, "cdd6a6070b72ed2e59e15e810ae0ecdbcb0f7626"),
    "enet_b2_8": (260, 0.485, 8, False, "a7cb612cbab1ce3d50dd52e57285fb2c7ea6d0d9"),
    "mbf_va_mtl": (112, 0.5, 8, True, "194db927ec135679e5cd0a267c5605e2e9d68e7e"),
    "mobilevit_va_mtl": (224, 0.485, 8, True, "bed5781a1af9924536638ac3786603e124ee900e"),
}
Network = Callable[..., bytes]


@pytest.mark.parametrize("old", FACTS)
def test_a_card_states_the_published_facts_under_its_old_name_too(old: str) -> None:
    card = store.card(old)
    size, red, classes, affect, blob = FACTS[old]
    assert (card.input.size, card.input.mean[0], card.input.crop, card.input.margin) == (size, red, "stretch", 0)
    assert [(o.head, o.start, o.stop) for o in card.outputs] == [
        ("expression", 0, classes),
        *([("valence_arousal", classes, classes + 2)] if affect else []),
    ]
    assert card.hash == f"git:{blob}"
    assert card.url.endswith(f"/{old}.onnx")


def test_the_cards_are_the_seven_and_name_the_alphabetical_classes() -> None:
    assert sorted(c.aliases[0] for c in CARDS) == sorted(FACTS)
    for card in CARDS:
        classes = card.outputs[0].labels
        assert list(classes) == sorted(classes)
        assert ("contempt" in classes) == (len(classes) == 8)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    """A server on this machine over an empty folder, and an empty cache."""
    folder = tmp_path / "served"
    folder.mkdir()
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MIEN_OFFLINE", raising=False)
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", folder
        server.shutdown()


def published(card: Card, content: bytes, served: tuple[str, Path]) -> Card:
    """The card with its file on the server in place of the real one."""
    address, folder = served
    (folder / card.file).write_bytes(content)
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    return replace(card, url=f"{address}/{card.file}", hash=f"git:{blob}")


def faces() -> Faces:
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 255, (300, 400, 3)).astype(np.uint8)
    boxes = np.array([[10, 20, 90, 110], [200, 100, 64, 64], [350, 250, 90, 90]], np.float32)
    return Faces(Frame(pixels), boxes, np.full((3, 5, 2), np.nan, np.float32), np.ones(3, np.float32))


def by_hand(content: bytes, batch: Floats) -> tuple[Floats, Floats]:
    """The random network's features and logits in plain numpy."""
    w = {i.name: numpy_helper.to_array(i) for i in onnx.load_from_string(content).graph.initializer}
    cell = w["kernel"].shape[-1]
    cells = batch.reshape(len(batch), 3, 4, cell, 4, cell)
    features = np.maximum(np.einsum("ncyaxb,fcab->nfyx", cells, w["kernel"]), 0).mean((2, 3))
    return features, features @ w["output.w"] + w["output.b"]


@pytest.mark.parametrize("card", CARDS, ids=lambda c: c.name)
def test_from_the_server_to_the_answer_every_step_is_the_one_described(
    card: Card, network: Network, served: tuple[str, Path]
) -> None:
    content = network(card, features=11)
    answered = load(published(card, content, served), threads=1)(faces())
    crops = [crop(faces().frame.pixels, b, p, card.input) for b, p in zip(faces().boxes, faces().points, strict=True)]
    features, logits = by_hand(content, normalise(crops, card.input))

    np.testing.assert_allclose(answered[embedding(11)].values, features, atol=1e-3)
    classes = card.outputs[0].labels
    wanted = softmax(logits[:, : len(classes)])
    for i, name in enumerate(classes):
        np.testing.assert_allclose(answered[EXPRESSION][name], wanted[:, i], atol=1e-3)
    if len(classes) == 7:
        assert not answered[EXPRESSION]["contempt"].any()
    if len(card.outputs) == 2:
        np.testing.assert_allclose(answered[VALENCE_AROUSAL].values, np.clip(logits[:, -2:], -1, 1), atol=1e-3)


def test_a_published_file_that_changed_is_not_loaded(network: Network, served: tuple[str, Path]) -> None:
    card = published(CARDS[0], network(CARDS[0]), served)
    (served[1] / card.file).write_bytes(network(CARDS[0], features=7))
    with pytest.raises(StoreError, match="another file than the card names"):
        load(card)
