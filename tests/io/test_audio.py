"""Sound against closed forms and against a slow, obvious log-mel."""

from __future__ import annotations

import wave
from pathlib import Path

import av
import numpy as np
import pytest

from mien.errors import InputError, Unreadable
from mien.io.audio import log_mel, mel_bank, read
from mien.types import Floats


def write(path: Path, samples: np.ndarray, rate: int) -> Path:
    """A 16-bit wave file of (n,) or (n, channels) in -1..1, by the standard library."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def tone(hertz: float, rate: int, seconds: float = 0.5) -> Floats:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


def test_samples_come_back_as_they_were_written(tmp_path: Path) -> None:
    sound = tone(440, 16_000)
    samples, rate = read(write(tmp_path / "a.wav", sound, 16_000))
    assert rate == 16_000 and samples.dtype == np.float32
    np.testing.assert_allclose(samples, sound, atol=2 / 32767)  # 16 bits


def test_channels_are_averaged_and_stay_within_one(tmp_path: Path) -> None:
    left, right = tone(300, 16_000), tone(300, 16_000)
    both = read(write(tmp_path / "a.wav", np.stack([left, right], 1) * 1.9, 16_000))[0]
    np.testing.assert_allclose(both, left * 1.9, atol=1e-3)
    half = read(write(tmp_path / "b.wav", np.stack([left, 0 * right], 1), 16_000))[0]
    np.testing.assert_allclose(half, left / 2, atol=1e-3)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_another_rate_keeps_length_and_pitch(rate: int, tmp_path: Path) -> None:
    samples, _ = read(write(tmp_path / "a.wav", tone(1000, rate, 1.0), rate), 16_000)
    assert len(samples) == pytest.approx(16_000, abs=32)  # the resampler's own edge
    spectrum = np.abs(np.fft.rfft(samples[:16_000], 16_000))
    assert int(spectrum.argmax()) == 1000


def test_the_sound_of_a_video_is_read(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone(500, 16_000, 1.0)[None], format="fltp", layout="mono")
        frame.rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    samples, _ = read(path)
    assert int(np.abs(np.fft.rfft(samples[2000:10_000], 16_000)).argmax()) == pytest.approx(500, abs=2)


def test_files_without_sound_and_no_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF no wave")
    with pytest.raises(Unreadable, match=r"a\.wav.*known format"):
        read(tmp_path / "a.wav")
    with pytest.raises(Unreadable, match="no such file"):
        read(tmp_path / "b.wav")
    with pytest.raises(InputError, match="rate must be 1"):
        read(tmp_path / "a.wav", 0)


def test_a_sound_longer_than_the_limit_is_refused_by_name(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", tone(440, 16_000, 1.0), 16_000)
    with pytest.raises(Unreadable, match="hours="):
        read(path, hours=0.5 / 3600)


def slow_log_mel(samples: Floats, rate: int, bands: int, window: int, hop: int, top: float | None) -> np.ndarray:
    """The definition, frame by frame, bin by bin, in double precision, with Slaney's scale from its own table."""
    scale = np.array([m * 200 / 3 if m < 15 else 1000 * 6.4 ** ((m - 15) / 27) for m in np.linspace(0, 100, 200_001)])
    marks = np.linspace(0, 100, 200_001)
    edges = np.interp(np.linspace(0, np.interp(rate / 2, scale, marks), bands + 2), marks, scale)
    padded = np.concatenate([np.zeros(window // 2), samples, np.zeros(window // 2)])
    rows = []
    for start in range(0, len(padded) - window + 1, hop):
        hann = [0.5 - 0.5 * np.cos(2 * np.pi * i / window) for i in range(window)]
        power = np.abs(np.fft.rfft(padded[start : start + window] * hann)) ** 2
        row = []
        for low, peak, high in zip(edges, edges[1:], edges[2:], strict=False):
            total = 0.0
            for k, p in enumerate(power):
                f = k * rate / window
                up, down = (f - low) / (peak - low), (high - f) / (high - peak)
                total += max(0.0, min(up, down)) * 2 / (high - low) * p
            row.append(10 * np.log10(max(total, 1e-10)))
        rows.append(row)
    result = np.array(rows)
    return result if top is None else np.maximum(result, result.max() - top)


@pytest.mark.parametrize(
    ("rate", "bands", "window", "hop", "top"), [(16_000, 20, 400, 160, 80.0), (8_000, 13, 256, 100, None)]
)
def test_log_mel_equals_its_slow_definition(rate: int, bands: int, window: int, hop: int, top: float | None) -> None:
    samples = (0.1 * np.random.default_rng(0).standard_normal(1500)).astype(np.float32)
    got = log_mel(samples, rate, bands=bands, window=window, hop=hop, top=top)
    wanted = slow_log_mel(samples, rate, bands, window, hop, top)
    assert got.shape == wanted.shape == (1 + len(samples) // hop, bands)
    np.testing.assert_allclose(got, wanted, atol=2e-3)  # single precision, in decibels


def test_silence_is_a_hundred_decibels_below_one() -> None:
    np.testing.assert_allclose(log_mel(np.zeros(4096, np.float32), 16_000), -100, atol=1e-4)


def test_ten_times_louder_is_twenty_decibels_more() -> None:
    sound = 0.05 * np.random.default_rng(1).standard_normal(8000).astype(np.float32)
    quiet, loud = (log_mel(sound * gain, 16_000, top=None) for gain in (1, 10))
    np.testing.assert_allclose(loud - quiet, 20, atol=1e-3)


def test_a_tone_lights_the_band_it_lies_in() -> None:
    rate, bands = 16_000, 40
    centres = mel_bank(rate, 2048, bands).argmax(1) * rate / 2048
    for band in (5, 20, 35):
        loudest = log_mel(tone(float(centres[band]), rate), rate, bands=bands)[8].argmax()
        assert loudest == band


def test_bands_have_area_one_over_a_fine_spectrum() -> None:
    area = mel_bank(16_000, 1 << 16, 40).sum(1) * 16_000 / (1 << 16)
    np.testing.assert_allclose(area, 1, rtol=1e-3)  # the sum of steps nears the area


def test_long_sound_in_blocks_equals_short_sound_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.random.default_rng(2).standard_normal(9000).astype(np.float32)
    whole = log_mel(samples, 16_000, window=512, hop=64)
    monkeypatch.setattr("mien.io.audio._BLOCK", 7)
    np.testing.assert_allclose(log_mel(samples, 16_000, window=512, hop=64), whole, atol=1e-4)


def test_stereo_is_refused_with_words() -> None:
    with pytest.raises(InputError, match="mono"):
        log_mel(np.zeros((100, 2), np.float32), 16_000)


def test_real_speech_has_the_length_of_its_file(data: Path) -> None:
    path = sorted((data / "speech" / "pocketsphinx").glob("*.wav"))[0]
    with wave.open(str(path)) as file:
        seconds = file.getnframes() / file.getframerate()
    samples, rate = read(path)
    assert len(samples) / rate == pytest.approx(seconds, abs=0.01)
    assert 0.01 < np.abs(samples).max() <= 1
