"""Events by a network that the user brings: its card's labels name them, known events teach where they end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mien.album import borders, scene
from mien.album.events import Borders
from mien.album.store import Store
from mien.card import Card, Input, Output
from mien.errors import InputError
from mien.heads import embedding
from mien.models import Model
from mien.types import Floats, Frame

KINDS = ("wedding", "hike", "museum")
CARD = Card(
    "events.own", "e.onnx", "MIT", Input(32, mean=(0, 0, 0), std=(1, 1, 1)),
    (Output("embedding3", "scores", 0, 3, labels=KINDS),),
)  # fmt: skip


class Bright:
    """Scores by how bright a picture is: dark is a wedding, then comes a hike, then a museum."""

    def run(self, batch: Floats) -> Mapping[str, Floats]:
        light = np.median(batch.reshape(len(batch), -1), axis=1)[:, None] * 255
        return {"scores": (-np.abs(light - np.array([20, 90, 140])) / 10).astype(np.float32)}


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Callable[[Card], None]:
    """Makes a card's network the one that is found."""

    def use(card: Card) -> None:
        monkeypatch.setattr(borders, "load", lambda name, **_: Model(card, Bright(), frozenset({embedding(3)})))

    use(CARD)
    return use


@pytest.fixture
def known(tmp_path: Path, made: SimpleNamespace) -> Path:
    """Three events to learn from; 8 photos each."""
    for event, shade in (("a", 20), ("b", 90), ("c", 140)):
        for i in range(8):
            made.paint(tmp_path / f"known/{event}/{i}.png", [], shade + i % 3)
    return tmp_path / "known"


@pytest.fixture
def gallery(tmp_path: Path, made: SimpleNamespace) -> Path:
    """A wedding, a hike and a wedding again, none of them dated."""
    for i in range(24):
        made.paint(tmp_path / f"photos/p{i}.png", [], (20, 90, 20)[i // 8])
    return tmp_path / "photos"


def photos(first: int, last: int) -> list[str]:
    return [f"p{i}.png" for i in range(first, last)]


@pytest.mark.usefixtures("own")
def test_a_users_classifier_finds_and_names_events(mien: Callable, gallery: Path, known: Path) -> None:
    run = mien("album", gallery, "--features", "events.own", "--learn", known, "--json")
    assert (run.code, run.err) == (0, "")
    wanted = [("wedding, undated", 0), ("hike, undated", 8), ("wedding, undated", 16)]
    assert [(e["label"], e["photos"]) for e in run.album["events"]] == [(n, photos(i, i + 8)) for n, i in wanted]


@pytest.mark.usefixtures("own")
def test_what_was_learnt_is_remembered(mien: Callable, gallery: Path, known: Path) -> None:
    first = mien("album", gallery, "--features", "events.own", "--learn", known, "--json")
    assert mien("album", gallery, "--json").album["events"] == first.album["events"]
    assert mien("album", gallery, "--again", "--features", "events.own", "--json").album == first.album


@pytest.mark.usefixtures("own")
def test_without_a_border_the_error_says_how_to_learn_one_before_any_photo_is_looked_at(
    mien: Callable, gallery: Path
) -> None:
    run = mien("album", gallery, "--features", "events.own")
    assert run.code == 2
    assert "--features events.own --learn EVENTS" in run.err
    with Store(gallery / "mien-album/album.sqlite") as store:
        assert store.photos() == []


def test_a_border_on_the_card_needs_no_learning(mien: Callable, gallery: Path, own: Callable) -> None:
    own(replace(CARD, post={"border": 0.5}))
    assert len(mien("album", gallery, "--features", "events.own", "--json").album["events"]) == 3


@pytest.mark.parametrize("words", [("--features", "clpi"), ("--captions",)])
def test_what_cannot_be_had_does_not_bind_the_album(mien: Callable, gallery: Path, words: tuple[str, ...]) -> None:
    assert mien("album", gallery, *words).code == 2
    assert mien("album", gallery).code == 0


@pytest.mark.usefixtures("own")
def test_descriptions_of_two_networks_are_not_mixed_in_one_album(mien: Callable, gallery: Path) -> None:
    mien("album", gallery)
    run = mien("album", gallery, "--features", "events.own")
    assert run.code == 2
    assert "features=colours and edges, now it is events.own" in run.err


def test_a_border_can_be_learnt_for_colours_too(tmp_path: Path, known: Path) -> None:
    with Store(tmp_path / "album.sqlite") as store:
        assert borders.rule(store).borders == Borders()
        learnt = borders.learn(store, known, scene.plain)
        assert borders.rule(store).borders == learnt != Borders()


def test_one_event_teaches_no_border(tmp_path: Path, made: SimpleNamespace) -> None:
    made.paint(tmp_path / "known/a/1.png", [])
    (tmp_path / "known/empty").mkdir()
    with Store(tmp_path / "album.sqlite") as store:
        for place in (tmp_path / "known", tmp_path / "none"):
            with pytest.raises(InputError, match="two or more events"):
                borders.learn(store, place, scene.plain)


def test_a_classifiers_description_is_its_probabilities() -> None:
    model = Model(CARD, Bright(), frozenset({embedding(3)}))
    scores = scene.of_model(model)(Frame(np.full((40, 50, 3), 20, np.uint8)))
    assert scores.sum() == pytest.approx(1, abs=1e-5)
    assert scores.argmax() == 0
    assert scene.classes(CARD) == KINDS


def test_any_onnx_file_with_an_embedding_describes_an_albums_pictures(
    mien: Callable, gallery: Path, known: Path, tmp_path: Path, network: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the user's file to the events: the network is one of random weights, which see shades well enough."""
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "cache"))
    card = Card("clip.own", "clip.onnx", "MIT", Input(16), (Output("embedding12", "vector", 0, 12),))
    (tmp_path / "mine.onnx").write_bytes(network(card))
    (tmp_path / "mine.json").write_text(card.to_json())
    assert mien("models", "add", tmp_path / "mine.onnx", "--card", tmp_path / "mine.json").out == "clip.own\n"
    run = mien("album", gallery, "--features", "clip.own", "--learn", known, "--json")
    assert (run.code, run.err) == (0, "")
    assert [e["photos"] for e in run.album["events"]] == [photos(i, i + 8) for i in (0, 8, 16)]
    with Store(gallery / "mien-album/album.sqlite") as store:
        assert {p.scene.shape for p in store.photos() if p.scene is not None} == {(12,)}
