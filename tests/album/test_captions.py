"""Captions beside photos: what their words tell of events, by themselves and beside a network's answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.naive_bayes import BernoulliNB

from mien.album import captions, scene
from mien.album.captions import Kinds, beside, told
from mien.types import Frame

SAYS = {
    "wedding": ("a bride and a cake", "the bride dances", "a cake with candles", "guests and a bride"),
    "hike": ("a mountain and a lake", "the trail by a lake", "snow on a mountain", "a dog on the trail"),
}


def captioned(photo: Path, words: str) -> None:
    photo.with_suffix(".txt").write_text(words, encoding="utf-8")


@pytest.fixture
def known(tmp_path: Path, made: SimpleNamespace) -> Path:
    """An event of each kind, four captioned photos in it, all of one grey."""
    for kind, words in SAYS.items():
        for i in range(4):
            captioned(made.paint(tmp_path / f"known/{kind}/in may/{i}.png", [], 90), words[i])
    return tmp_path / "known"


@pytest.fixture
def gallery(tmp_path: Path, made: SimpleNamespace) -> Path:
    """A hike and then a wedding that look the same."""
    for i in range(8):
        photo = made.paint(tmp_path / f"photos/p{i}.png", [], 90)
        captioned(photo, SAYS["hike" if i < 4 else "wedding"][i % 4])
    return tmp_path / "photos"


def test_words_tell_kinds_as_the_textbooks_naive_bayes_does() -> None:
    rng = np.random.default_rng(3)
    texts = [" ".join(f"w{w}" for w in rng.integers(0, 20, 6)) for _ in range(60)]
    kinds = [("a", "b", "c")[int(i)] for i in rng.integers(0, 3, 60)]
    own = Kinds.of(texts, kinds)
    other = BernoulliNB().fit(own.words(texts), kinds)
    assert own.names == tuple(other.classes_)
    np.testing.assert_allclose(own(texts), other.predict_proba(own.words(texts)), atol=1e-5)


def test_a_photo_without_a_caption_is_of_no_kind_more_than_of_another() -> None:
    kinds = Kinds.of([*SAYS["wedding"], *SAYS["hike"], "a dog"], ["wedding"] * 4 + ["hike"] * 5)
    np.testing.assert_allclose(kinds(["", " ... "]), 0.5)
    assert beside(Path("nowhere.jpg")) == ""


def test_kinds_are_the_same_when_read_again() -> None:
    kinds = Kinds.of([*SAYS["wedding"], *SAYS["hike"]], ["wedding"] * 4 + ["hike"] * 4)
    np.testing.assert_allclose(Kinds.read(str(kinds))(["a bride by a lake"]), kinds(["a bride by a lake"]), atol=1e-6)


def test_of_a_caption_only_so_much_is_read_and_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_bytes(b"\xff bride " * captions.LONGEST)
    assert len(beside(tmp_path / "p.jpg")) <= captions.LONGEST
    assert "bride" in captions.split(beside(tmp_path / "p.jpg"))


def test_a_classifier_of_the_same_kinds_and_the_caption_have_half_a_say_each(tmp_path: Path) -> None:
    kinds = Kinds.of([*SAYS["wedding"], *SAYS["hike"]], ["wedding"] * 4 + ["hike"] * 4, ("wedding", "hike"))
    captioned(tmp_path / "p.png", "a bride and a cake")
    frame = Frame(np.zeros((8, 8, 3), np.uint8), source=str(tmp_path / "p.png"))
    seen = np.array([0.2, 0.8], np.float32)
    both = told(lambda _: seen, kinds, ("wedding", "hike"))(frame)
    np.testing.assert_allclose(both, (seen + kinds(["a bride and a cake"])[0]) / 2, atol=1e-6)
    beside_it = told(scene.plain, kinds, ())(frame)
    assert beside_it.shape == (len(scene.plain(frame)) + 2,)
    assert np.linalg.norm(beside_it) == pytest.approx(1, abs=1e-5)


def test_captions_part_and_name_events_that_look_the_same(mien: Callable, gallery: Path, known: Path) -> None:
    run = mien("album", gallery, "--captions", "--learn", known, "--json")
    assert (run.code, run.err) == (0, "")
    assert [(e["label"], len(e["photos"])) for e in run.album["events"]] == [
        ("hike, undated", 4),
        ("wedding, undated", 4),
    ]
    assert mien("album", gallery, "--json").album["events"] == run.album["events"]  # remembered


def test_without_captions_those_events_are_one(mien: Callable, gallery: Path) -> None:
    assert len(mien("album", gallery, "--json").album["events"]) == 1


def test_captions_that_nothing_was_learnt_of_say_how_to_learn(
    mien: Callable, gallery: Path, tmp_path: Path, made: SimpleNamespace
) -> None:
    run = mien("album", gallery, "--captions")
    assert run.code == 2
    assert "--captions --learn EVENTS" in run.err
    for event in "ab":
        made.paint(tmp_path / f"mute/{event}/1.png", [])
    mute = mien("album", gallery, "--captions", "--learn", tmp_path / "mute")
    assert mute.code == 2
    assert "has a caption; write it beside the photo: p1.txt for p1.jpg" in mute.err


def test_an_album_made_without_captions_stays_so(mien: Callable, gallery: Path, known: Path) -> None:
    mien("album", gallery)
    run = mien("album", gallery, "--captions", "--learn", known)
    assert run.code == 2
    assert "features=colours and edges, now it is colours and edges with captions" in run.err
