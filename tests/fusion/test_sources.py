"""Sound and words without a network."""

from __future__ import annotations

import numpy as np
import pytest

from mien.fusion import sound, words


def tone(hertz: float, seconds: float = 1.0, rate: int = 16_000) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate).astype(np.float32)


def test_a_higher_tone_is_louder_in_a_higher_band() -> None:
    low, high = (sound.frames(tone(h), 16_000).mean(0).argmax() for h in (300, 3000))
    assert low < high
    assert sound.frames(tone(300), 16_000).shape[1] == sound.BANDS


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.5, 3.0])
def test_a_clip_of_any_length_is_one_row(seconds: float) -> None:
    row = sound.clip(tone(500, seconds), 16_000)
    assert row.shape == (512,) and np.isfinite(row).all()


def test_a_steady_tone_changes_less_than_a_broken_one() -> None:
    steady = sound.clip(tone(500), 16_000)
    broken = sound.clip(tone(500) * (np.arange(16_000) // 2000 % 2), 16_000)
    half, width = 256, sound.BANDS
    assert steady[half + width : half + 2 * width].mean() < broken[half + width : half + 2 * width].mean()


def test_texts_that_share_words_are_nearer() -> None:
    a, b, c = (words.clip(t) for t in ("I am not sure about that", "I'm really not sure", "Lovely weather in May"))
    assert a @ b > a @ c
    assert np.linalg.norm(a) == pytest.approx(1, abs=1e-6)
    assert not words.clip("… 123 !").any()


def test_a_text_is_the_same_row_on_every_run() -> None:
    assert words.clip("well, I think", 8).round(4).tolist() == words.clip("WELL I think", 8).round(4).tolist()
    assert list(words.grams("so so")) == ["so", "so", "so so", "<so>", "<so>"]
