"""Sound and words as features of the rows that are annotated."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mien.cli import build
from mien.errors import InputError
from mien.fusion import sound, words
from mien.fusion.pool import STAT, between, stat
from mien.io import audio
from mien.train import features

RATE = 16_000


def run(*told: str) -> BaseException | None:
    return CliRunner().invoke(build(), ["features", *told]).exception


def hum(path: Path, seconds: float) -> None:
    """A tone that rises."""
    t = np.arange(int(RATE * seconds)) / RATE
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((8000 * np.sin(2000 * t * (1 + t))).astype("<i2").tobytes())


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Two clips that are judged as a whole; only the first was recorded."""
    head = "Filename,Admiration,Amusement,Determination,Empathic Pain,Excitement,Joy"
    for name, clip in (("train_split.csv", "a"), ("valid_split.csv", "b")):
        (tmp_path / name).write_text(f"{head}\n{clip},0,0,0,0,0,1\n")
    (tmp_path / "clips").mkdir()
    hum(tmp_path / "clips" / "a.wav", 0.5)
    (tmp_path / "clips" / "a.txt").write_text("what a day")
    return tmp_path


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """A film of two persons, judged frame by frame."""
    for split, names in (("Train_Set", ["x_left", "x_right"]), ("Validation_Set", ["y"])):
        (tmp_path / "VA_Challenge" / split).mkdir(parents=True)
        for name in names:
            (tmp_path / "VA_Challenge" / split / f"{name}.txt").write_text("valence,arousal\n" + "0,0\n" * 9)
    hum(tmp_path / "x.wav", 0.3)
    return tmp_path


def test_a_clip_is_one_row_of_its_sounds_statistics_and_one_without_a_file_is_unseen(clips: Path) -> None:
    assert run("emi", str(clips), "--sound", str(clips / "clips"), "--pool", "stat", "--name", "wav2vec2-stat") is None
    store = features.opened(clips / "features" / "wav2vec2-stat")
    bands = sound.frames(*audio.read(clips / "clips" / "a.wav"))
    np.testing.assert_allclose(store.embedding[0], stat(bands, STAT), rtol=2e-3, atol=1e-3)  # kept in 16 bits
    assert store.seen.tolist() == [True, False] and not store.embedding[1].any()


def test_words_are_a_row_of_the_clip(clips: Path) -> None:
    assert run("emi", str(clips), "--words", str(clips / "clips")) is None
    store = features.opened(clips / "features" / "words")
    np.testing.assert_allclose(store.embedding[0], words.clip("what a day"), atol=1e-3)


def test_a_films_sound_is_drawn_over_the_frames_of_both_its_persons(films: Path) -> None:
    assert run("affwild2-va", str(films), "--sound", str(films), "--name", "wav2vec2") is None
    store = features.opened(films / "features" / "wav2vec2")
    wanted = between(sound.frames(*audio.read(films / "x.wav")), 9)
    for video in range(2):
        np.testing.assert_allclose(store.embedding[store.video == video], wanted, rtol=2e-3, atol=0.05)
    assert store.seen.sum() == 18 and len(store) == 27


def test_a_folder_without_any_of_the_files_leaves_no_features_behind(clips: Path) -> None:
    error = run("emi", str(clips), "--sound", str(clips), "--name", "sound")
    assert isinstance(error, InputError) and "wanted a.mp4" in str(error)
    assert not (clips / "features").exists()


def test_a_text_that_is_none_and_a_choice_that_is_none_are_told(clips: Path) -> None:
    (clips / "clips" / "a.txt").write_bytes(b"\xff\xfe\x00")
    for error in (
        run("emi", str(clips), "--words", str(clips / "clips")),
        run("emi", str(clips), "--sound", str(clips), "--words", str(clips)),
        run("emi", str(clips), "--sound", str(clips / "clips"), "--pool", "sum"),
    ):
        assert isinstance(error, InputError)
