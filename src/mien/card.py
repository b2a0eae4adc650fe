"""All that a weights file needs to be used rightly, as data; the same facts travel to other platforms as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Literal, TypeVar

from mien.errors import InputError

T = TypeVar("T")
Crop = Literal["stretch", "square", "aligned"]


@dataclass(frozen=True, slots=True)
class Input:
    """How a face becomes the network's input: RGB, cropped, resized with antialiasing, then (x / 255 - mean) / std.

    `stretch` takes the box as it is, `square` its enclosing square, `aligned` turns and scales the eyes to one place;
    `margin` widens each side by that share of the box.
    """

    size: int
    crop: Crop = "square"
    margin: float = 0.0
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    resize: Literal["bilinear", "bicubic"] = "bilinear"


@dataclass(frozen=True, slots=True)
class Output:
    """Which columns of which ONNX output answer which head, and in whose label order."""

    head: str
    tensor: str
    start: int
    stop: int
    labels: tuple[str, ...] = ()  # the source's order of class names; empty: the head's own
    temperature: float = 1.0  # raw outputs are divided by it; fitted on validation data


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
        if "/" in self.file or "\\" in self.file or self.file.startswith("."):
            raise InputError(f"a card's file must be a plain file name, got {self.file!r}")
        if self.hash and self.hash.split(":")[0] not in ("sha256", "git"):
            raise InputError(f"a card's hash must be sha256:… or git:…, got {self.hash!r}")

    def to_json(self) -> str:
        """The card as JSON text."""
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> Card:
        """A card from JSON text; a field that does not exist is an error, not ignored."""
        try:
            raw = json.loads(text)
        except json.JSONDecodeError as error:
            raise InputError(f"a card must be JSON: {error}") from None
        if not isinstance(raw, dict):
            raise InputError(f"a card must be a JSON object, got {type(raw).__name__}")
        raw = dict(raw)
        source = raw.pop("input", {})
        outputs = tuple(_fill(Output, o) for o in raw.pop("outputs", ()))
        return _fill(cls, {**raw, "input": _fill(Input, source), "outputs": outputs})


def _fill(kind: type[T], raw: Mapping[str, object]) -> T:
    names = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    if extra := set(raw) - names:
        raise InputError(
            f"a card's {kind.__name__} has no field {sorted(extra)[0]!r}; known: {', '.join(sorted(names))}"
        )
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise InputError(f"a card's {kind.__name__} is incomplete: {error}") from None
