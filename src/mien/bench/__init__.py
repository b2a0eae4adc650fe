"""How fast and how frugal: one file per question, each with `measure(setup) -> Answer`; `mien bench` runs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mien.record import Figure

QUESTIONS = ("size", "start", "weights", "overhead", "clip", "network", "photo", "memory", "smoothing")
SLOW = ("course",)  # minutes each: asked by name only
SEED = 1


@dataclass(frozen=True, slots=True)
class Setup:
    """On what is measured: processor threads, pictures, the peers' environments, and how much patience there is."""

    threads: int = 1
    examples: Path = Path("examples")
    peers: Path = Path("bench/peers")
    quick: bool = False  # few rounds, to try it; its numbers are no results

    def rounds(self, wanted: int) -> int:
        """How often a thing is measured."""
        return min(wanted, 3) if self.quick else wanted


@dataclass(frozen=True, slots=True)
class Claim:
    """A figure beside what is wanted of it."""

    what: str
    value: float
    limit: float
    at_most: bool  # else at least

    @property
    def met(self) -> bool:
        """Whether the figure is on the right side of its limit."""
        return self.value <= self.limit if self.at_most else self.value >= self.limit

    def __str__(self) -> str:
        sign = "at most" if self.at_most else "at least"
        return f"{self.what}: {self.value:.3g} (wanted {sign} {self.limit:g}: {'met' if self.met else 'MISSED'})"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question's measurement gave: claims, the figures behind them, and the files it was measured on."""

    claims: tuple[Claim, ...]
    figures: Mapping[str, Figure]
    data: tuple[Path, ...] = field(default=())
