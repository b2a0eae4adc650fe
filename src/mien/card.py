"""All that a weights file needs to be used rightly, as data; the same facts travel to other platforms as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Literal, TypeVar, get_args

from mien.errors import InputError

T = TypeVar("T")
Crop = Literal["stretch", "square", "aligned"]
Resize = Literal["bilinear", "bicubic"]
MOST = 8192  # pixels of an input's side; a card is data from outside, and its size is memory
_HASH = re.compile(r"sha256:[0-9a-f]{64}|git:[0-9a-f]{40}")
_PLAIN = re.compile(r"[A-Za-z0-9][\w.+-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Input:
    """How a face becomes the network's input: RGB, cropped, resized with antialiasing, then (x / 255 - mean) / std.

    With one number each for mean and std the network sees brightness alone.
    `stretch` takes the box as it is, `square` its enclosing square, `aligned` turns and scales the eyes to one place;
    `margin` widens each side by that share of the box.
    """

    size: int
    crop: Crop = "square"
    margin: float = 0.0
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    std: tuple[float, ...] = (0.5, 0.5, 0.5)
    resize: Resize = "bilinear"

    def __post_init__(self) -> None:
        if not (isinstance(self.size, int) and 1 <= self.size <= MOST):
            raise InputError(f"an input's size must be a whole number of pixels up to {MOST}, got {self.size!r}")
        if self.crop not in get_args(Crop) or self.resize not in get_args(Resize):
            known = f"crop one of {get_args(Crop)}, resize one of {get_args(Resize)}"
            raise InputError(f"an input must have {known}, got {self.crop!r}, {self.resize!r}")
        if len(self.mean) not in (1, 3) or len(self.std) != len(self.mean) or not min(self.std) > 0:
            raise InputError(
                f"mean and std must be three numbers each or one, std above 0, got {self.mean}, {self.std}"
            )


@dataclass(frozen=True, slots=True)
class Output:
    """Which columns of which ONNX output answer which head, and in whose label order."""

    head: str
    tensor: str
    start: int
    stop: int
    labels: tuple[str, ...] = ()  # the source's order of class names; empty: the head's own
    temperature: float = 1.0  # raw outputs are divided by it; fitted on validation data

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop:
            raise InputError(f"an output's columns must be start < stop, got {self.start}:{self.stop}")
        if self.labels and len(self.labels) != self.stop - self.start:
            raise InputError(f"{self.stop - self.start} columns need as many labels, got {len(self.labels)}")
        if not all(isinstance(text, str) for text in (self.head, self.tensor, *self.labels)):
            raise InputError(f"an output's head, tensor and labels must be text, got {self}")
        if not self.temperature > 0:
            raise InputError(f"a temperature must be above 0, got {self.temperature}")


@dataclass(frozen=True, slots=True)
class Card:
    """The identity card of one weights file."""

    name: str  # arch.tag, say "mien_s.default"
    file: str
    license: str
    input: Input
    outputs: tuple[Output, ...] = ()
    aliases: tuple[str, ...] = ()
    url: str = ""
    hash: str = ""  # "sha256:…" of the file, or "git:…" its git blob id
    size: int = 0  # bytes
    input_tensor: str = "input"
    embedding: str = ""  # "classifier": read the last Gemm's input as the output `embedding`
    post: Mapping[str, float] = field(default_factory=dict)  # numbers for decoding, such as a detector's threshold
    note: str = ""

    def __post_init__(self) -> None:
        for field_name, text in (("name", self.name), ("file", self.file)):
            if not _PLAIN.fullmatch(text):  # both become file names on the user's disk
                raise InputError(f"a card's {field_name} must be letters, digits and . _ + -, got {text!r}")
        if self.hash and not _HASH.fullmatch(self.hash):
            raise InputError(f"a card's hash must be sha256: and 64 hex digits or git: and 40, got {self.hash!r}")
        texts = (self.license, self.url, self.input_tensor, self.note, *self.aliases)
        if not all(isinstance(text, str) for text in texts):
            raise InputError(f"a card's license, url, input_tensor, note and aliases must be text, got {texts}")
        if not isinstance(self.size, int) or self.size < 0:
            raise InputError(f"a card's size must be a number of bytes, got {self.size!r}")
        if not all(isinstance(value, (int, float)) for value in self.post.values()):
            raise InputError(f"a card's post must be numbers by name, got {self.post}")
        if self.embedding not in ("", "classifier"):
            raise InputError(f"a card's embedding must be empty or 'classifier', got {self.embedding!r}")

    def to_json(self) -> str:
        """The card as JSON text."""
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> Card:
        """A card from JSON text; a field that does not exist is an error, not ignored."""
        try:
            raw = json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:
            raise InputError(f"a card must be JSON: {error}") from None
        if not isinstance(raw, dict) or not isinstance(raw.get("outputs", []), list):
            raise InputError(f"a card must be a JSON object with a list of outputs, got {text[:60]!r}")
        outputs = [_fill(Output, o) for o in raw.get("outputs", [])]
        return _fill(cls, {**raw, "input": _fill(Input, raw.get("input", {})), "outputs": outputs})


def _fill(kind: type[T], raw: object) -> T:
    if not isinstance(raw, dict):
        raise InputError(f"a card's {kind.__name__} must be a JSON object, got {raw!r}")
    names = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    if extra := set(raw) - names:
        raise InputError(
            f"a card's {kind.__name__} has no field {sorted(extra)[0]!r}; known: {', '.join(sorted(names))}"
        )
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
    try:
        return kind(**values)
    except (TypeError, AttributeError) as error:  # a field is missing, or of another type than it must be
        raise InputError(f"a card's {kind.__name__} is not complete and right: {error}") from None
