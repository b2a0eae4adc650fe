"""A published number as data: which heads on which features, which steps after them, and the paper's own rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from mien.errors import InputError
from mien.fusion.blend import Blend
from mien.temporal import Step
from mien.temporal.gate import Gate
from mien.train.questions import named

LossName = Literal["cross_entropy", "smoothed", "binary", "ccc", "half_ccc", "squared_ccc", "pearson"]
Weighing = Literal["none", "min", "mean", "balanced", "raised"]
Kind = Literal["net", "pretrained", "boosting", "automl", "svm", "tcn", "bilstm", "transformer"]
Reads = Literal["all", "embedding", "logits"]
OVER_TIME: tuple[Kind, ...] = ("tcn", "bilstm", "transformer")


@dataclass(frozen=True, slots=True)
class Plan:
    """A head and how it learns; `decay` is torch's weight decay, `sam` its rho, and 0 leaves either out.

    Of heads that learn together, each counts by its `weight`, and a chained one also reads the first one's answers.
    """

    loss: LossName = "cross_entropy"
    weights: Weighing = "none"
    hidden: int = 0
    reads: Reads = "all"
    kind: Kind = "net"
    rate: float = 1e-3
    epochs: int = 10
    batch: int = 512
    decay: float = 0.0
    sam: float = 0.0
    weight: float = 1.0
    chained: bool = False

    def __post_init__(self) -> None:
        loss, weights = ("loss", self.loss, LossName), ("weights", self.weights, Weighing)
        for name, got, among in (loss, weights, ("reads", self.reads, Reads), ("kind", self.kind, Kind)):
            if got not in get_args(among):
                raise InputError(f"{name} must be one of {', '.join(get_args(among))}, got {got!r}")
        if min(self.epochs, self.batch) < 1 or self.rate <= 0:
            raise InputError(f"epochs, batch and rate must be positive, got {self.epochs}, {self.batch}, {self.rate}")
        if self.kind == "pretrained" and self.reads != "logits":
            raise InputError(f'a pre-trained network\'s own answers are its logits: reads="logits", got {self.reads!r}')


@dataclass(frozen=True, slots=True)
class Member:
    """A head on the features of one network; `name` tells apart two heads on the same features.

    A head over time may read a second stream `beside` them, each attending to the other.
    """

    features: str
    plan: Plan
    name: str = ""
    beside: str = ""

    def __post_init__(self) -> None:
        if self.beside and self.plan.kind not in OVER_TIME:
            raise InputError(f"a head beside another stream is one of {', '.join(OVER_TIME)}, got {self.plan.kind!r}")

    @property
    def key(self) -> str:
        """What stages call it by."""
        return self.name or self.features

    @property
    def streams(self) -> tuple[str, ...]:
        """The features it reads."""
        return (self.features, self.beside) if self.beside else (self.features,)


@dataclass(frozen=True, slots=True)
class Stage:
    """A step after the heads, under the name its rows call it by; `only` narrows it to the members of one network."""

    name: str
    step: Step | Blend
    only: str = ""
    other: tuple[Step, ...] = ()  # done to the pre-trained network's answers before a gate looks at them


@dataclass(frozen=True, slots=True)
class Part:
    """One question of a recipe: its members, the best alone first, and the steps in the paper's order."""

    question: str
    members: tuple[Member, ...]
    stages: tuple[Stage, ...] = ()

    def __post_init__(self) -> None:
        named(self.question)
        if not self.members:
            raise InputError(f"the part {self.question} needs a member, got none")
        keys = [m.key for m in self.members]
        if twice := sorted({k for k in keys if keys.count(k) > 1}):
            raise InputError(f"members need names that differ, got {', '.join(twice)} twice; give one another name=")
        if strange := sorted({s.only for s in self.stages if s.only} - {*keys}):
            raise InputError(f"a stage is for {', '.join(strange)} only, the members are {', '.join(keys)}")
        steps = [type(s.step) for s in self.stages]
        if Blend in steps and Gate in steps[steps.index(Blend) :]:
            raise InputError("a gate asks one network's own answers, which a blend has not; put its stage before")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the paper's table: its words, the stages that are on, and the paper's figure where it has one."""

    name: str
    stages: tuple[str, ...] = ()
    paper: float | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """A published number; with several parts their scores are added, as P_MTL does."""

    title: str
    data: str  # the reader of its annotations
    parts: tuple[Part, ...]
    rows: tuple[Row, ...]
    claim: float | None  # the paper's number, where it is known
    source: str
    joint: bool = False  # all parts learn together, on masked losses
    baseline: float | None = None
    scored: str = "validation"

    @property
    def streams(self) -> list[str]:
        """All features that its heads read."""
        return sorted({s for part in self.parts for m in part.members for s in m.streams})

    def __post_init__(self) -> None:
        known = {s.name for part in self.parts for s in part.stages}
        for row in self.rows:
            strange = sorted(set(row.stages) - known)
            if strange:
                raise InputError(f"the row {row.name!r} asks for the stages {', '.join(strange)}, which no part has")

    def base(self, row: int) -> int:
        """The place of the row that this one builds on: the fullest above whose stages it keeps, else the first."""
        mine = set(self.rows[row].stages)
        kept = [i for i in range(row) if set(self.rows[i].stages) < mine]
        return max(kept, key=lambda i: (len(self.rows[i].stages), i), default=0)


@dataclass(frozen=True, slots=True)
class Line:
    """A scored row: the honest figure with its interval over videos, and two with steps fitted on the scored split.

    For `optimistic` on the very videos; for `crossed` on other films, fold by fold; None where there is but one.
    """

    name: str
    honest: float
    low: float
    high: float
    optimistic: float
    paper: float | None
    parts: dict[str, float] = field(default_factory=dict)
    crossed: float | None = None
    frames: float | None = None  # share of the frames an adaptive rate spends
