from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.errors import InputError
from mien.lab.lm.compress import compress, parse
from mien.lab.lm.corpus import Corpus
from mien.lab.lm.models import Shape, build
from mien.lab.lm.storage import MAGIC, Saved, decode, encode, load, save


@pytest.mark.parametrize(
    "steps", ["prune(0)", "prune(0.9)", "lowrank(4)", "lowrank(4, output)", "tt(3)", "units(0.3)", "tt(3) | prune(0.8)"]
)
def test_a_file_reloads_bit_equal(steps: str, saved: Saved, text: Corpus, tmp_path: Path) -> None:
    saved = replace(saved, model=compress(saved.model, parse(steps), text.train, lambda given, step: given))
    save(tmp_path / "a.mlm", saved)
    again = load(tmp_path / "a.mlm")
    assert again.vocabulary == saved.vocabulary
    assert again.made == saved.made
    wanted, got = saved.model.state_dict(), again.model.state_dict()
    assert wanted.keys() == got.keys()
    assert all(torch.equal(weight, got[name]) for name, weight in wanted.items())


def test_a_tied_matrix_is_stored_once(text: Corpus, saved: Saved, tmp_path: Path) -> None:
    model = build(Shape("lstm", (10, 10), len(text.vocabulary), tied=True))
    size = save(tmp_path / "a.mlm", replace(saved, model=model))
    again = load(tmp_path / "a.mlm").model
    assert again.tied
    assert size < sum(weight.numel() for weight in model.state_dict().values()) * 4
    assert torch.equal(again.output.weight, model.output.weight)


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("share", [0.0, 0.9])
def test_a_quantised_matrix_is_within_half_an_interval_and_its_zeros_stay(bits: int, share: float) -> None:
    torch.manual_seed(bits)
    weight = torch.randn(31, 17)
    weight[torch.rand(31, 17) < share] = 0
    again = decode(encode(weight, bits), weight.shape)
    step = float(weight.max() - weight.min()) / (2**bits - 1)
    assert float((again - weight).abs().max()) <= step / 2 * 1.0001
    if share:
        assert bool((again[weight == 0] == 0).all())


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.floats(0, 1), st.integers(0, 5))
def test_any_matrix_survives_in_32_bits(rows: int, columns: int, share: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(rows, columns, generator=generator)
    weight[torch.rand(rows, columns, generator=generator) < share] = 0
    assert torch.equal(decode(encode(weight), weight.shape), weight)


@pytest.mark.parametrize(("zeros", "bits", "most"), [(0.9, 32, 0.14), (0.9, 8, 0.06), (0.0, 8, 0.26), (0.0, 4, 0.15)])
def test_files_shrink_as_they_should(zeros: float, bits: int, most: float) -> None:
    weight = torch.randn(200, 200)
    weight[torch.rand(200, 200) < zeros] = 0
    assert len(encode(weight, bits)) < most * weight.numel() * 4


def test_constant_and_empty_matrices_are_kept() -> None:
    for weight in (torch.full((3, 4), 0.7), torch.zeros(3, 4), torch.ones(1, 1)):
        for bits in (4, 8, 32):
            torch.testing.assert_close(decode(encode(weight, bits), weight.shape), weight)


@pytest.fixture
def file(saved: Saved, tmp_path: Path) -> Path:
    save(tmp_path / "a.mlm", saved)
    return tmp_path / "a.mlm"


@pytest.mark.parametrize("kept", [0, 4, 12, 200, -1])
def test_a_truncated_file_is_refused(kept: int, file: Path) -> None:
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(InputError, match=r"is damaged|is no model"):
        load(file)


def test_a_flipped_bit_is_noticed(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-100] ^= 1
    file.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        load(file)


def _with_header(file: Path, change: dict[str, object]) -> None:
    content = file.read_bytes()
    start = len(MAGIC) + 4
    end = start + int.from_bytes(content[len(MAGIC) : start], "little")
    header = json.dumps(json.loads(content[start:end]) | change).encode()
    file.write_bytes(MAGIC + len(header).to_bytes(4, "little") + header + content[end:])


@pytest.mark.parametrize(
    "change",
    [
        {"embedding": "9999999 9999999"},
        {"output": "linear 18 99999999 1"},
        {"output": "explode 1 1 1"},
        {"layers": []},
        {"layers": [["magic", "", "", ""]]},
        {"words": ["only", "two"]},
        {"lengths": {}},
        {"bits": None},
    ],
)
def test_a_lying_header_is_refused_and_nothing_large_allocated(change: dict[str, object], file: Path) -> None:
    _with_header(file, change)
    with pytest.raises(InputError):
        load(file)


def test_what_is_no_model_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="mien lab lm train"):
        load(tmp_path / "none.mlm")
    (tmp_path / "a.mlm").write_bytes(b"hello")
    with pytest.raises(InputError, match="no model of this lab"):
        load(tmp_path / "a.mlm")
