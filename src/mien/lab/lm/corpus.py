"""A text as word numbers: a file becomes a `Corpus`, its parts become columns whose state carries over."""

import hashlib
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from mien.errors import InputError

EOS, UNKNOWN = "<eos>", "<unk>"
PARTS = ("train", "valid", "test")
LARGEST_PART = 256 * 2**20  # bytes; a zip member that claims more is refused before it is unpacked


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words a model knows, in the order of its output layer."""

    words: tuple[str, ...]
    index: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index = {word: number for number, word in enumerate(self.words)}
        if len(index) != len(self.words):
            raise InputError(f"a vocabulary must not repeat words, got {len(self.words) - len(index)} repetitions")
        if missing := [word for word in (EOS, UNKNOWN) if word not in index]:
            raise InputError(f"a vocabulary must hold {EOS} and {UNKNOWN}, this one lacks {' and '.join(missing)}")
        object.__setattr__(self, "index", index)

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, words: Iterable[str]) -> Tensor:
        """Numbers (n,) of the words; one it does not know becomes `<unk>`."""
        unknown = self.index[UNKNOWN]
        return torch.tensor([self.index.get(word, unknown) for word in words], dtype=torch.long)


@dataclass(frozen=True, slots=True)
class Corpus:
    """Three parts of one text as numbers (n,), all in the vocabulary of the first."""

    vocabulary: Vocabulary
    train: Tensor
    valid: Tensor
    test: Tensor
    digest: str

    def require(self, vocabulary: Vocabulary) -> None:
        """Refuse a model made for other words: its numbers would mean something else here."""
        if self.vocabulary != vocabulary:
            shared = len(set(self.vocabulary.words) & set(vocabulary.words))
            raise InputError(
                f"the model knows {len(vocabulary)} words, the text has {len(self.vocabulary)}, and {shared} agree; "
                "score the model on the text it was trained on, or train one on this text"
            )


def read(path: Path, limit: int = 10_000) -> Corpus:
    """Corpus of a zip or folder in Mikolov's form (`…train.txt`, `…valid.txt`, `…test.txt`), or of one plain text file.

    A plain file is lower-cased, stripped of punctuation and cut 8 : 1 : 1 by lines. The vocabulary is that of the
    training part alone, at most `limit` words, the most frequent first.
    """
    texts = _texts(path)
    words = {part: _words(texts[part]) for part in PARTS}
    if empty := [part for part in PARTS if len(words[part]) < 2]:
        raise InputError(f"{path} has no words to {' or '.join(empty)} with; give a text of at least a few lines")
    vocabulary = _vocabulary(words["train"], limit)
    train, valid, test = (vocabulary.encode(words[part]) for part in PARTS)
    digest = hashlib.sha256("\0".join(texts[part] for part in PARTS).encode()).hexdigest()
    return Corpus(vocabulary, train, valid, test, digest[:16])


def plain(text: str) -> str:
    """Lower-case words without punctuation, numbers as `N`: the form in which the Penn Treebank is given."""
    word = re.compile(r"N|[^\W\d_]+(?:['’][^\W\d_]+)*")
    lines = (re.sub(r"\d+(?:[.,]\d+)*", " N ", line.lower()) for line in text.splitlines())
    return "".join(f"{' '.join(found)}\n" for found in map(word.findall, lines) if found)


def columns(numbers: Tensor, streams: int, eos: int) -> tuple[Tensor, Tensor]:
    """Inputs and targets, both (length, streams): every word follows its predecessor, the very first one follows `eos`.

    With one stream each word of the text is a target once; with more, the few that do not fill a row are left out.
    """
    length = len(numbers) // streams
    if length < 1:
        raise InputError(f"{streams} streams need at least as many words, got {len(numbers)}; use a smaller batch")
    before = torch.cat([torch.tensor([eos]), numbers[:-1]])
    inputs, targets = (part[: length * streams].view(streams, length).T for part in (before, numbers))
    return inputs.contiguous(), targets.contiguous()


def _texts(path: Path) -> dict[str, str]:
    if path.is_dir():
        files = {file.name: file for file in path.iterdir() if file.is_file()}
        return {part: _decode(files[_member(files, part, path)].read_bytes(), path) for part in PARTS}
    if not path.is_file():
        raise InputError(f"no text at {path}; give a zip or a folder with train, valid and test, or one text file")
    if path.suffix == ".zip":
        return _zipped(path)
    lines = plain(_decode(path.read_bytes(), path)).splitlines(keepends=True)
    first, second = len(lines) * 8 // 10, len(lines) * 9 // 10
    cut = {"train": lines[:first], "valid": lines[first:second], "test": lines[second:]}
    return {part: "".join(some) for part, some in cut.items()}


def _zipped(path: Path) -> dict[str, str]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = {part: archive.getinfo(_member(archive.namelist(), part, path)) for part in PARTS}
            if large := [info.filename for info in members.values() if info.file_size > LARGEST_PART]:
                raise InputError(f"{large[0]} in {path} unpacks to more than {LARGEST_PART >> 20} MiB; cut it first")
            return {part: _decode(archive.read(info), path) for part, info in members.items()}
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise InputError(f"{path} is no readable zip ({error}); fetch it again") from error


def _member(names: Iterable[str], part: str, path: Path) -> str:
    # Archives made on a Mac carry a shadow `__MACOSX/._ptb.train.txt` of every file.
    found = [name for name in names if name.endswith(f"{part}.txt") and not Path(name).name.startswith(".")]
    if len(found) != 1:
        raise InputError(f"{path} must hold exactly one file that ends in {part}.txt, it has {sorted(found) or 'none'}")
    return found[0]


def _decode(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 ({error.reason} at byte {error.start}); convert it first") from error


def _words(text: str) -> list[str]:
    return [word for line in text.splitlines() for word in (*line.split(), EOS)]


def _vocabulary(words: Sequence[str], limit: int) -> Vocabulary:
    counts = Counter(words)
    counts.update((EOS, UNKNOWN))  # both must be known even where the text never shows them
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    if len(ranked) > limit:
        ranked = [EOS, UNKNOWN, *(word for word in ranked if word not in (EOS, UNKNOWN))][:limit]
    return Vocabulary(tuple(ranked))
