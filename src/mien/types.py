"""The values that flow: Frame → Faces → Reading → Signal. Frozen, columnar, checked when made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError, unknown

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]


def expect(name: str, array: NDArray[np.generic], shape: tuple[int | None, ...]) -> None:
    """Refuse an array of another shape; None stands for any length."""
    fits = array.ndim == len(shape) and all(want in (None, got) for want, got in zip(shape, array.shape, strict=True))
    if not fits:
        wanted = ", ".join("n" if s is None else str(s) for s in shape)
        raise InputError(f"{name} must be ({wanted}), got {array.shape}")


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture: RGB pixels (H, W, 3) uint8, its time in seconds, its place in the stream, and where it came from."""

    pixels: Pixels
    time: float = 0.0
    index: int = 0
    source: str = ""

    def __post_init__(self) -> None:
        expect("pixels", self.pixels, (None, None, 3))
        if self.pixels.dtype != np.uint8:
            raise InputError(f"pixels must be uint8 in 0..255, got {self.pixels.dtype}; convert them first")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.pixels.shape[1], self.pixels.shape[0]


@dataclass(frozen=True, slots=True)
class Labels:
    """An ordered set of names; two sets of the same names in another order are different labels."""

    name: str
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.names):
            raise InputError(f"labels {self.name} repeat a name: {self.names}")

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def index(self, name: str) -> int:
        """The column of a name."""
        if name not in self.names:
            raise unknown(f"label of {self.name}", name, self.names)
        return self.names.index(name)


@dataclass(frozen=True, slots=True)
class Reading:
    """Answers to one question: values (n, k), or (k,) for a single face, a column per label."""

    values: Floats
    labels: Labels

    def __post_init__(self) -> None:
        if self.values.ndim not in (1, 2) or self.values.shape[-1] != len(self.labels):
            raise InputError(
                f"a reading of {self.labels.name} must be (n, {len(self.labels)}) or ({len(self.labels)},), "
                f"got {self.values.shape}"
            )

    def __len__(self) -> int:
        return len(self.values) if self.values.ndim == 2 else 1

    def __getitem__(self, name: str) -> Floats:
        """The column of one label."""
        return self.values[..., self.labels.index(name)]

    def top(self) -> list[str] | str:
        """The label of the highest value: one per face, or just the name for a single face."""
        best = np.argmax(self.values, axis=-1)
        return self.labels.names[int(best)] if self.values.ndim == 1 else [self.labels.names[i] for i in best]

    def to(self, labels: Labels) -> Reading:
        """The same answers under other labels, matched by name; a label this reading does not know is 0."""
        values = np.zeros((*self.values.shape[:-1], len(labels)), np.float32)
        for i, name in enumerate(labels):
            if name in self.labels.names:
                values[..., i] = self[name]
        return Reading(values, labels)

    def row(self, i: int) -> Reading:
        """One face's answers."""
        return Reading(self.values[i], self.labels)


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """One question put to a face. The object itself is the key into Faces: `faces[EXPRESSION]`."""

    name: str
    labels: Labels
    link: Callable[[Floats], Floats]  # raw network outputs (n, width) → answers (n, k)
    width: int  # raw outputs of the network
    is_class: bool = False

    def read(self, raw: Floats) -> Reading:
        """Raw outputs → answers."""
        expect(f"raw {self.name}", raw, (None, self.width))
        return Reading(np.asarray(self.link(raw), np.float32), self.labels)

    def __repr__(self) -> str:
        return f"<Head {self.name}>"


def _no_readings() -> Mapping[Head, Reading]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Faces:
    """The faces of one frame in columns; a model answers with `with_reading`, never in place."""

    frame: Frame
    boxes: Floats  # (n, 4): x, y, width, height in pixels
    points: Floats  # (n, 5, 2): eyes, nose tip, mouth corners, image-left first; NaN where unknown
    scores: Floats  # (n,)
    readings: Mapping[Head, Reading] = field(default_factory=_no_readings)
    track: NDArray[np.int64] | None = None  # (n,) person numbers, in video

    def __post_init__(self) -> None:
        n = len(self.boxes)
        expect("boxes", self.boxes, (None, 4))
        expect("points", self.points, (n, 5, 2))
        expect("scores", self.scores, (n,))
        if self.track is not None:
            expect("track", self.track, (n,))
        for head, reading in self.readings.items():
            expect(head.name, reading.values, (n, len(head.labels)))

    @classmethod
    def none(cls, frame: Frame) -> Faces:
        """A frame without a face."""
        return cls(frame, np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32), np.zeros(0, np.float32))

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, head: Head) -> Reading:
        if not isinstance(head, Head):
            wanted = "faces are asked by a head, such as faces[mien.EXPRESSION]"
            raise InputError(f"{wanted}, got {head!r}; for one face: list(faces)[0]")
        if head not in self.readings:
            asked = ", ".join(h.name for h in self.readings) or "none"
            raise InputError(f"these faces carry no answer to {head.name}; answered: {asked}")
        return self.readings[head]

    def __iter__(self) -> Iterator[Face]:
        for i in range(len(self)):
            yield Face(self, i)

    def __reduce__(self) -> tuple[type[Faces], tuple[object, ...]]:
        """For other processes and copies: a read-only view of the answers cannot be sent, a dict can."""
        return Faces, (self.frame, self.boxes, self.points, self.scores, dict(self.readings), self.track)

    def with_reading(self, head: Head, reading: Reading) -> Faces:
        """The same faces with one more answer."""
        return replace(self, readings=MappingProxyType({**self.readings, head: reading}))

    def pick(self, chosen: NDArray[np.bool_] | NDArray[np.integer]) -> Faces:
        """The faces at these places, or where a mask is true, in that order."""
        return Faces(
            self.frame,
            self.boxes[chosen],
            self.points[chosen],
            self.scores[chosen],
            MappingProxyType({h: Reading(r.values[chosen], r.labels) for h, r in self.readings.items()}),
            None if self.track is None else self.track[chosen],
        )


@dataclass(frozen=True, slots=True)
class Face:
    """A view of one face, for people to read."""

    faces: Faces
    index: int

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x, y, width, height in pixels."""
        x, y, w, h = self.faces.boxes[self.index].tolist()
        return x, y, w, h

    @property
    def points(self) -> Floats:
        """(5, 2): eyes, nose tip, mouth corners, image-left first."""
        return self.faces.points[self.index]

    @property
    def score(self) -> float:
        """How sure the detector is."""
        return float(self.faces.scores[self.index])

    @property
    def person(self) -> int | None:
        """The track's number in video, None in a photo."""
        return None if self.faces.track is None else int(self.faces.track[self.index])

    def __getitem__(self, head: Head) -> Reading:
        return self.faces[head].row(self.index)


@dataclass(frozen=True, slots=True)
class Signal:
    """One person's answers over time; rows where the face was not seen have seen = False."""

    times: NDArray[np.float64]  # (t,) seconds, rising
    values: Floats  # (t, k)
    seen: NDArray[np.bool_]  # (t,)
    labels: Labels

    def __post_init__(self) -> None:
        t = len(self.times)
        expect("times", self.times, (t,))
        expect("values", self.values, (t, len(self.labels)))
        expect("seen", self.seen, (t,))
        if t > 1 and not np.all(np.diff(self.times) >= 0):
            raise InputError("the times of a signal must not fall; sort the rows first")

    def __len__(self) -> int:
        return len(self.times)

    def __getitem__(self, name: str) -> Floats:
        """The column of one label."""
        return self.values[:, self.labels.index(name)]
