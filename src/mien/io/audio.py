"""Sound of a file as one channel of numbers, and its log-mel picture."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from av.audio.resampler import AudioResampler
from av.container import InputContainer
from av.error import FFmpegError
from numpy.lib.stride_tricks import sliding_window_view

from mien.errors import InputError, Unreadable
from mien.io.video import opened
from mien.types import Floats

HOURS = 4.0  # of sound at most: at 16 kHz they are 0.9 GB, and a small file of silence can claim days
_BLOCK = 4096  # frames of a spectrum at once, so that memory stays flat


def read(path: str | os.PathLike[str], rate: int = 16_000, hours: float = HOURS) -> tuple[Floats, int]:
    """The first sound track as mono samples in -1..1 at this rate, and the rate."""
    name, most, count, parts = str(path), int(hours * 3600 * rate), 0, [np.zeros(0, np.float32)]
    if rate < 1:
        raise InputError(f"rate must be 1 or more samples a second, got {rate}")
    with opened(path) as container:
        if not container.streams.audio:
            raise Unreadable(name, "it has no sound")
        try:
            for part in _mono(container, rate):
                parts.append(part)
                count += len(part)
                if count > most:
                    raise Unreadable(name, f"more than {hours:g} hours of sound; raise the limit with hours=")
        except FFmpegError as error:
            raise Unreadable(name, f"its sound is damaged after {count / rate:.1f} s") from error
    return np.concatenate(parts), rate


def _mono(container: InputContainer, rate: int) -> Iterator[Floats]:
    """Channels are averaged here: the resampler adds them, and a loud stereo file would leave -1..1."""
    stream = container.streams.audio[0]
    resampler = AudioResampler(format="fltp", layout=stream.layout, rate=rate)
    for frame in container.decode(stream):
        yield from (out.to_ndarray().mean(0, dtype=np.float32) for out in resampler.resample(frame))
    yield from (out.to_ndarray().mean(0, dtype=np.float32) for out in resampler.resample(None))


def log_mel(
    samples: Floats, rate: int, *, bands: int = 128, window: int = 2048, hop: int = 512, top: float | None = 80.0
) -> Floats:
    """Decibels of mel-band power (frames, bands), frame i centred on sample i * hop.

    The very numbers of `librosa.power_to_db(librosa.feature.melspectrogram(...)).T`: periodic Hann window, zeros
    beyond both ends, Slaney's bands of equal area up to half the rate; nothing lies more than `top` below the loudest.
    """
    if samples.ndim != 1 or min(bands, window, hop, rate) < 1:
        raise InputError(f"log_mel takes mono samples and positive sizes, got samples {samples.shape}")
    padded = np.pad(samples, window // 2)
    if len(padded) < window:
        return np.zeros((0, bands), np.float32)
    frames = sliding_window_view(padded, window)[::hop]
    weights, bank = _hann(window), mel_bank(rate, window, bands)
    blocks = (frames[i : i + _BLOCK] * weights for i in range(0, len(frames), _BLOCK))
    power = np.concatenate([np.abs(np.fft.rfft(block)) ** 2 @ bank.T for block in blocks])
    decibels = 10 * np.log10(np.maximum(power, 1e-10))  # -100 dB is silence
    return np.maximum(decibels, -np.inf if top is None else decibels.max() - top).astype(np.float32)


@lru_cache
def mel_bank(rate: int, window: int, bands: int) -> Floats:
    """Triangles of area one over the bins of a spectrum: (bands, window // 2 + 1), evenly spaced in mels."""
    edges = _hertz(np.linspace(0, _mel(rate / 2), bands + 2))
    bins = np.fft.rfftfreq(window, 1 / rate)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    area = 2 / (edges[2:] - edges[:-2])
    return (np.clip(np.minimum(rising, falling), 0, None) * area[:, None]).astype(np.float32)


# Slaney's mel scale: even steps of 200/3 Hz up to 1 kHz, which is 15 mels; above, each is 6.4 ** (1/27) times higher.
_STEP, _KNEE, _GROWTH = 200 / 3, 1000.0, np.log(6.4) / 27


def _mel(hertz: float) -> float:
    return hertz / _STEP if hertz < _KNEE else 15 + float(np.log(hertz / _KNEE)) / _GROWTH


def _hertz(mels: np.ndarray) -> np.ndarray:
    return np.where(mels < 15, mels * _STEP, _KNEE * np.exp(_GROWTH * (mels - 15)))


def _hann(window: int) -> Floats:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)).astype(np.float32)
