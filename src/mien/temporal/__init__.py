"""One file per step over time, Signal → Signal; the file's `STEP` is its class, and its name the step's.

A step is a frozen dataclass of plain numbers, so it travels as JSON. A step that learns has `fit(signals, targets)`,
which gives a new, fitted step: targets are signals of the same rows whose `seen` says where the truth is known.
A signal is one unbroken stretch: no step looks past its ends; `pieces` cuts a broken one up and `joined` mends it.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import Field, asdict, fields
from itertools import pairwise
from typing import ClassVar, Literal, Protocol, get_args, get_origin, get_type_hints, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError, unknown
from mien.types import Floats, Signal


class Step(Protocol):
    """Changes values over time; rows stay where they are, and unseen rows carry no weight."""

    __dataclass_fields__: ClassVar[dict[str, Field[object]]]

    def __call__(self, signal: Signal) -> Signal:
        """The signal after this step."""
        ...


@runtime_checkable
class Learns(Protocol):
    """A step that is fitted."""

    def fit(self, signals: Sequence[Signal], targets: Sequence[Signal]) -> Step:
        """The fitted step."""
        ...


def apply(steps: Iterable[Step], signal: Signal) -> Signal:
    """One step after the other."""
    for step in steps:
        signal = step(signal)
    return signal


def fitted(steps: Iterable[Step], signals: Sequence[Signal], targets: Sequence[Signal]) -> tuple[Step, ...]:
    """The steps, each fitted on the signals as those before it leave them."""
    done: list[Step] = []
    for step in steps:
        done.append(step.fit(signals, targets) if isinstance(step, Learns) else step)
        signals = [done[-1](s) for s in signals]
    return tuple(done)


def pieces(signal: Signal, starts: Iterable[int]) -> Iterator[Signal]:
    """The stretches that begin at these rows (the first row always begins one)."""
    edges = [0, *sorted({s for s in starts if 0 < s < len(signal)}), len(signal)]
    for a, b in pairwise(edges):
        yield Signal(signal.times[a:b], signal.values[a:b], signal.seen[a:b], signal.labels)


def joined(parts: Sequence[Signal]) -> Signal:
    """Stretches put back one after the other."""
    if not parts:
        raise InputError("joining needs at least one signal, got none")
    times = np.concatenate([p.times for p in parts])
    values, seen = np.concatenate([p.values for p in parts]), np.concatenate([p.seen for p in parts])
    return Signal(times, values, seen, parts[0].labels)


def paired(signals: Sequence[Signal], targets: Sequence[Signal]) -> None:
    """Refuse to fit without signals, or with targets of other rows."""
    if not signals or len(signals) != len(targets):
        raise InputError(f"fitting needs a target for each signal, got {len(signals)} signals, {len(targets)} targets")
    for signal, target in zip(signals, targets, strict=True):
        if len(signal) != len(target):
            raise InputError(f"a signal of {len(signal)} rows needs a target of as many, got {len(target)}")


def known(signals: Sequence[Signal], targets: Sequence[Signal]) -> tuple[Floats, Floats]:
    """The seen rows whose truth is known, of all signals stacked, and that truth."""
    paired(signals, targets)
    both = [s.seen & t.seen for s, t in zip(signals, targets, strict=True)]
    values = np.concatenate([s.values[b] for s, b in zip(signals, both, strict=True)])
    truth = np.concatenate([t.values[b] for t, b in zip(targets, both, strict=True)])
    if not len(values):
        raise InputError("fitting needs rows that are seen and whose truth is known, got none")
    return values, truth


def per_column(name: str, values: Sequence[float], width: int, default: float) -> NDArray[np.float64]:
    """A number per column; an unfitted step has none and takes the default everywhere."""
    if values and len(values) != width:
        raise InputError(f"{name} was fitted on {len(values)} columns, this signal has {width}")
    return np.array(values or [default] * width, np.float64)


def names() -> list[str]:
    """Every step there is, by its file."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__))


def kind(name: str) -> type[Step]:
    """The class of a step by its file's name."""
    if name not in names():
        raise unknown("step", name, names())
    return importlib.import_module(f"mien.temporal.{name}").STEP


def to_json(steps: Iterable[Step]) -> str:
    """Steps with their fitted numbers, as JSON text."""
    return json.dumps([{"step": type(s).__module__.rsplit(".", 1)[-1], **asdict(s)} for s in steps], indent=1)


def from_json(text: str) -> tuple[Step, ...]:
    """Steps from JSON text; an unknown step or field is an error, and so is a value of another type than its field."""
    try:
        raw = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"steps must be JSON: {error}") from None
    if not isinstance(raw, list) or not all(isinstance(r, dict) and "step" in r for r in raw):
        raise InputError('steps must be a JSON list of objects with a field "step"')
    return tuple(_step(r) for r in raw)


def _step(raw: Mapping[str, object]) -> Step:
    made: Callable[..., Step] = kind(str(raw["step"]))
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items() if k != "step"}
    types, allowed = get_type_hints(made), {f.name: f.type for f in fields(kind(str(raw["step"])))}
    for name, value in values.items():
        if name not in allowed:
            raise unknown(f"field of the step {raw['step']}", name, allowed)
        if not _fits(value, types[name]):
            wanted = f"{name} of the step {raw['step']} must be {allowed[name]}"
            raise InputError(f"{wanted}, got {raw[name]!r}; write steps with to_json")
    return made(**values)


def _fits(value: object, wanted: object) -> bool:
    """Whether a value from JSON is of a field's type; a whole number is also a float, and true is no number."""
    inner = get_args(wanted)
    if get_origin(wanted) is tuple:
        return isinstance(value, tuple) and all(_fits(v, inner[0]) for v in value)
    if get_origin(wanted) is Literal:
        return value in inner
    if inner:  # one type or another
        return any(_fits(value, each) for each in inner)
    return type(value) is wanted or (wanted is float and type(value) is int)
