from __future__ import annotations

import math
import zipfile
from pathlib import Path

import pytest
import torch

from mien.errors import InputError
from mien.lab.lm import corpus
from mien.lab.lm.corpus import EOS, UNKNOWN, Corpus, Vocabulary


def test_every_line_ends_in_eos_and_every_word_counts(folder: Path, text: Corpus) -> None:
    lines = (folder / "toy.test.txt").read_text().splitlines()
    assert len(text.test) == sum(len(line.split()) + 1 for line in lines)
    assert [text.vocabulary.words[number] for number in text.test[: len(lines[0].split()) + 1]] == [
        *lines[0].split(),
        EOS,
    ]


def test_a_zip_reads_as_its_folder_does_even_with_a_macs_shadow_files(
    folder: Path, text: Corpus, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "toy.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"data/{file.name}")
            archive.writestr(f"__MACOSX/data/._{file.name}", b"\0\5\26\7")
    again = corpus.read(tmp_path / "toy.zip")
    assert again.digest == text.digest
    assert again.vocabulary == text.vocabulary
    assert torch.equal(again.test, text.test)


def test_the_vocabulary_is_of_the_training_part_alone_and_other_words_become_unknown(
    folder: Path, tmp_path: Path
) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_text(file.read_text())
    (tmp_path / "toy.test.txt").write_text("the dragon sees the king\n")
    read = corpus.read(tmp_path)
    assert "dragon" not in read.vocabulary.index
    assert read.test[1] == read.vocabulary.index[UNKNOWN]


def test_the_vocabulary_keeps_the_most_frequent_words_within_its_limit(folder: Path) -> None:
    words = corpus.read(folder, limit=5).vocabulary.words
    assert len(words) == 5
    assert {EOS, UNKNOWN, "the"} <= set(words)


def test_a_plain_file_is_put_in_the_treebanks_form() -> None:
    assert corpus.plain("Romeo: It's the 3rd, 1,500.5 -- isn't it?\n\n!!\n") == "romeo it's the N rd N isn't it\n"


def test_shakespeare_splits_by_lines_into_three_parts(data: Path) -> None:
    read = corpus.read(data / "text" / "tinyshakespeare.txt")
    assert 150_000 < len(read.train) < 200_000
    assert len(read.vocabulary) == 10_000
    assert 7 < len(read.train) / len(read.test) < 9


def test_the_treebank_has_its_published_counts(data: Path) -> None:
    read = corpus.read(data / "text" / "ptb.zip")
    assert [len(part) for part in (read.train, read.valid, read.test)] == [929_589, 73_760, 82_430]
    assert len(read.vocabulary) == 10_000


@pytest.mark.parametrize("streams", [1, 3, 7])
def test_each_word_follows_its_predecessor_in_its_column(streams: int) -> None:
    numbers = torch.arange(1, 24)
    inputs, targets = corpus.columns(numbers, streams, eos=0)
    assert targets.shape == (23 // streams, streams)
    assert torch.equal(inputs + 1, targets)
    assert torch.equal(targets.T.flatten(), numbers[: targets.numel()])


def test_with_one_stream_every_word_is_asked_for_once(text: Corpus) -> None:
    assert torch.equal(corpus.columns(text.test, 1, 0)[1].flatten(), text.test)


def _folder(place: Path, train: str = "a b\n", valid: str = "a\n", test: str = "b\n") -> Path:
    for part, content in {"train": train, "valid": valid, "test": test}.items():
        (place / f"{part}.txt").write_text(content)
    return place


@pytest.mark.parametrize("part", ["train", "valid", "test"])
def test_an_empty_part_is_named(part: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"no words to {part} with"):
        corpus.read(_folder(tmp_path, **{part: ""}))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"", "no words to train or valid or test with"),
        ("a.txt", b"one line\n", "no words"),
        ("a.txt", b"caf\xe9 au lait\n", "not UTF-8"),
        ("a.zip", b"PK\3\4 no zip", "no readable zip"),
    ],
)
def test_a_bad_file_is_refused_in_words(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said):
        corpus.read(tmp_path / name)


def test_a_missing_file_and_a_zip_without_parts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no text at"):
        corpus.read(tmp_path / "nowhere.zip")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("readme.md", "")
    with pytest.raises(InputError, match=r"exactly one file that ends in train.txt, it has none"):
        corpus.read(tmp_path / "a.zip")


def test_a_zip_whose_bytes_are_damaged_is_refused_in_words(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for part in corpus.PARTS:
            archive.writestr(f"{part}.txt", "some words of a text")
    content = bytearray((tmp_path / "a.zip").read_bytes())
    content[30 + len("train.txt")] |= 7  # after the first header: a last block of a kind that there is not
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(InputError, match=r"no readable zip.*fetch it again"):
        corpus.read(tmp_path / "a.zip")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "LARGEST_PART", 1000)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("unpacked"))
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for part in corpus.PARTS:
            archive.writestr(f"{part}.txt", "a " * 1000)
    with pytest.raises(InputError, match="unpacks to more than"):
        corpus.read(tmp_path / "a.zip")


def test_a_vocabulary_must_be_unambiguous_and_complete() -> None:
    with pytest.raises(InputError, match="repeat"):
        Vocabulary((EOS, UNKNOWN, "a", "a"))
    with pytest.raises(InputError, match="lacks <unk>"):
        Vocabulary((EOS, "a"))


def test_another_vocabulary_is_refused_with_what_agrees(text: Corpus) -> None:
    with pytest.raises(InputError, match=r"the model knows 3 words.* and 3 agree"):
        text.require(Vocabulary((EOS, UNKNOWN, "the")))


def test_fewer_words_than_streams_are_refused() -> None:
    assert math.isfinite(corpus.columns(torch.arange(4), 4, 0)[0].sum())
    with pytest.raises(InputError, match="smaller batch"):
        corpus.columns(torch.arange(4), 5, 0)
