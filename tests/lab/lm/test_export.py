from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from mien.errors import InputError
from mien.lab.lm.compress import compress, parse
from mien.lab.lm.corpus import EOS, UNKNOWN, Corpus, Vocabulary
from mien.lab.lm.export import Keyboard, export
from mien.lab.lm.loss import perplexity
from mien.lab.lm.models import LanguageModel
from mien.lab.lm.storage import Saved


def _expected(model: LanguageModel, words: torch.Tensor) -> np.ndarray:
    scores, _ = model.eval()(words[:, None], model.zero(1))
    return torch.softmax(scores[:, 0], -1).detach().numpy()


@pytest.mark.parametrize(
    "steps",
    ["prune(0)", "lowrank(4)", "lowrank(4, output, recurrent)", "tt(3)", "units(0.4) | prune(0.5) | quantize(8)"],
)
def test_the_exported_model_answers_as_the_model_does(steps: str, saved: Saved, text: Corpus, tmp_path: Path) -> None:
    model = compress(saved.model, parse(steps), text.train, lambda given, step: given)
    export(Saved(model, saved.vocabulary, saved.made), tmp_path / "a.onnx")
    board = Keyboard(tmp_path / "a.onnx")
    got = np.stack([board.tell(number) for number in text.test[:15].tolist()])
    np.testing.assert_allclose(got, _expected(model, text.test[:15]), atol=1e-5)


def test_perplexity_on_the_device_is_that_of_the_model(saved: Saved, text: Corpus, tmp_path: Path) -> None:
    export(saved, tmp_path / "a.onnx")
    test = text.test[:80]
    device = Keyboard(tmp_path / "a.onnx").perplexity(test.tolist())
    assert device == pytest.approx(perplexity(saved.model, test, text.vocabulary), rel=1e-4)


def test_8_bit_products_stay_near_and_the_file_shrinks(saved: Saved, text: Corpus, tmp_path: Path) -> None:
    export(saved, tmp_path / "a.onnx")
    export(saved, tmp_path / "b.onnx", int8=True)
    kinds = {node.op_type for node in onnx.load(tmp_path / "b.onnx").graph.node}
    assert {"MatMulInteger", "DynamicQuantizeLinear"} <= kinds
    assert not {"MatMul", "Gemm"} & kinds
    full, small = (Keyboard(tmp_path / name) for name in ("a.onnx", "b.onnx"))
    for number in text.test[:10].tolist():
        assert np.abs(full.tell(number) - small.tell(number)).sum() < 0.2


def test_suggestions_are_the_likeliest_words_and_never_markers(saved: Saved, text: Corpus, tmp_path: Path) -> None:
    export(saved, tmp_path / "a.onnx")
    board = Keyboard(tmp_path / "a.onnx")
    words = [EOS, "the", "king"]
    chances = _expected(saved.model, saved.vocabulary.encode(words))[-1]
    chances[saved.vocabulary.encode([EOS, UNKNOWN]).numpy()] = 0
    found = board.suggest("The KING", count=4)
    assert [word for word, _ in found] == [saved.vocabulary.words[place] for place in np.argsort(-chances)[:4]]
    assert board.suggest("The KING", count=4) == found  # what was said before is forgotten


def test_suggestions_hold_no_marker_however_many_are_wanted(saved: Saved, tmp_path: Path) -> None:
    export(saved, tmp_path / "a.onnx")
    found = [word for word, _ in Keyboard(tmp_path / "a.onnx").suggest("the", count=10_000)]
    assert sorted(found) == sorted(set(saved.vocabulary.words) - {EOS, UNKNOWN})


def test_a_text_is_told_as_typed_with_punctuation_and_numbers(saved: Saved, tmp_path: Path) -> None:
    words = tuple("N" if word == "ghost" else word for word in saved.vocabulary.words)
    export(replace(saved, vocabulary=Vocabulary(words)), tmp_path / "a.onnx")
    board = Keyboard(tmp_path / "a.onnx")
    assert board.suggest("“The king,” 1,500 fears!") == board.suggest("the king N fears")


def test_an_unknown_word_is_told_as_unknown(saved: Saved, tmp_path: Path) -> None:
    export(saved, tmp_path / "a.onnx")
    board = Keyboard(tmp_path / "a.onnx")
    assert board.suggest("the dragon") == board.suggest(f"the {UNKNOWN}")


@pytest.mark.parametrize("content", [b"", b"no onnx", None])
def test_what_is_no_exported_model_is_refused(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "a.onnx").write_bytes(content)
    with pytest.raises(InputError, match="mien lab lm export"):
        Keyboard(tmp_path / "a.onnx")


def test_an_exported_model_without_words_is_refused(saved: Saved, tmp_path: Path) -> None:
    export(saved, tmp_path / "a.onnx")
    file = onnx.load(tmp_path / "a.onnx")
    del file.metadata_props[:]
    onnx.save(file, tmp_path / "a.onnx")
    with pytest.raises(InputError, match="no exported model"):
        Keyboard(tmp_path / "a.onnx")
