"""The models by name: what each is made of, and the published row it answers to. `make` follows a recipe."""

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from mien.errors import InputError, unknown
from mien.lab.lm.compress import Step, compress, matrices, parse
from mien.lab.lm.corpus import Corpus
from mien.lab.lm.gradual import Pruner
from mien.lab.lm.models import Kind, LanguageModel, Shape, build
from mien.lab.lm.storage import Made, Saved, load, save
from mien.lab.lm.train import Stage, Training


@dataclass(frozen=True, slots=True)
class Recipe:
    """A model trained from nothing (`kind`, `sizes`) or made of another by a pipeline (`of`, `steps`)."""

    name: str
    stages: tuple[Stage, ...] = ()
    kind: Kind = "lstm"
    sizes: tuple[int, ...] = ()
    tied: bool = False  # one table for reading and writing
    of: str = ""
    steps: str = ""
    paper: str = ""  # the published row it answers to
    seed: int = 1

    def __post_init__(self) -> None:
        if bool(self.sizes) == bool(self.of and self.steps):
            raise InputError(f"recipe {self.name} needs either sizes, or a model to start of and the steps")


class Unfinished(Exception):
    """The time given was over; the checkpoint is kept and the same call goes on from it."""


SMALL = (Stage("sgd", 1.0, epochs=8, hold=5, decay=0.5, dropout=0.2),)
ZAREMBA_SMALL = (Stage("sgd", 1.0, epochs=13, hold=4, decay=0.5),)
ZAREMBA_MEDIUM = (Stage("sgd", 1.0, epochs=39, hold=6, decay=1 / 1.2, steps=35, dropout=0.5),)
ZAREMBA_LARGE = (Stage("sgd", 1.0, epochs=55, hold=14, decay=1 / 1.15, clip=10, steps=35, dropout=0.65),)
MEDIUM = (
    Stage("sgd", 1.0, epochs=1, hold=1, decay=1.0, steps=35, dropout=0.4),
    Stage("adam", 0.0015, epochs=6, hold=2, decay=0.55, steps=35, dropout=0.4),
)
PLAIN = (Stage("sgd", 0.5, epochs=20, hold=4, decay=0.7, dropout=0.2),)
RETRAIN = (Stage("sgd", 0.5, epochs=3, hold=1, decay=0.4, dropout=0.1),)
TRIM = (Stage("adam", 0.0005, epochs=1, hold=1, decay=1.0),)
TOUCH_UP = (Stage("adam", 0.0003, epochs=1, hold=1, decay=1.0, dropout=0.1),)
GRADUAL = (
    Stage("adam", 0.001, epochs=5, hold=5, decay=1.0, dropout=0.1),
    Stage("adam", 0.001, epochs=6, hold=1, decay=0.6, dropout=0.1, teach=0.5),
)
ADAM_SGD = (Stage("adam", 0.001, epochs=1, hold=1, decay=1.0, dropout=0.1), *RETRAIN)
TAUGHT = tuple(replace(stage, teach=0.5) for stage in ADAM_SGD)

RECIPES = (
    Recipe("lstm200", SMALL, sizes=(200, 200), paper="LSTM 200-200"),
    Recipe("lstm200-zaremba", ZAREMBA_SMALL, sizes=(200, 200), paper="LSTM 200-200"),
    Recipe("lstm650", ZAREMBA_MEDIUM, sizes=(650, 650), paper="LSTM 650-650"),
    Recipe("lstm650-tied", MEDIUM, sizes=(650, 650), tied=True, paper="LSTM 650-650"),
    Recipe("lstm1500", ZAREMBA_LARGE, sizes=(1500, 1500), paper="LSTM 1500-1500"),
    Recipe("gru650", ZAREMBA_MEDIUM, "gru", (650, 650), paper="GRU 650-650"),
    Recipe("rnn650", PLAIN, "rnn", (650, 650), paper="RNN 650-650"),
    Recipe("int8", of="lstm200", steps="quantize(8)", paper="200-200, 1 byte"),
    Recipe("int4", of="lstm200", steps="quantize(4)"),
    Recipe("tied650-int8", of="lstm650-tied", steps="quantize(8)"),
    Recipe("tied650-int4", of="lstm650-tied", steps="quantize(4)"),
    Recipe("prune90", of="lstm200", steps="prune(0.9)", paper="200-200, pruned"),
    Recipe("prune90-tuned", RETRAIN, of="lstm200", steps="prune(0.9) | tune", paper="200-200, pruned, retrained"),
    Recipe("thin90", of="lstm200", steps="thin(0.9)", paper="200-200, pruned"),
    Recipe("thin90-tuned", TRIM, of="lstm200", steps="thin(0.9) | tune", paper="200-200, pruned, retrained"),
    Recipe("thin90-tuned-int8", of="thin90-tuned", steps="quantize(8)"),
    Recipe("gradual90", GRADUAL, of="lstm200", steps="gradual(0.9)", paper="200-200, pruned, retrained"),
    Recipe("gradual90-int8", of="gradual90", steps="quantize(8)"),
    Recipe("thin90-output", of="lstm200", steps="thin(0.9, output)"),
    Recipe("thin90-output-tuned", TOUCH_UP, of="lstm200", steps="thin(0.9, output) | tune"),
    Recipe("lr40", ADAM_SGD, of="lstm200", steps="lowrank(40) | tune", paper="LR 200-200"),
    Recipe("white40", TAUGHT, of="lstm200", steps="whiten(40) | tune"),
    Recipe("white64", TAUGHT, of="lstm200", steps="whiten(64) | tune"),
    Recipe("white64-int8", of="white64", steps="quantize(8)"),
    Recipe("white64-int4", of="white64", steps="quantize(4)"),
    Recipe("lr50-output", RETRAIN, of="lstm200", steps="lowrank(50, output) | tune", paper="output LR 200"),
    Recipe("tt-output", RETRAIN, of="lstm200", steps="tt(32, output) | tune", paper="output TT 200"),
    Recipe("tt-recurrent", RETRAIN, of="lstm200", steps="tt(32, recurrent) | tune"),
    Recipe("tt84", of="lstm200", steps="tt(84)"),  # as many numbers as white40, to compare their pace
    Recipe("units50", TAUGHT, of="lstm200", steps="units(0.5) | tune"),
)


def recipe(name: str) -> Recipe:
    """The recipe of that name."""
    found = {one.name: one for one in RECIPES}
    if name not in found:
        raise unknown("recipe", name, found)
    return found[name]


def make(
    recipe: Recipe,
    corpus: Corpus,
    folder: Path,
    minutes: float = math.inf,
    log: Callable[[str], None] = lambda line: None,
    device: str = "cpu",
) -> Path:
    """Follow a recipe. The model, the one it is made of and its checkpoints are in `folder`, named as their recipes."""
    end, seconds, tunings = time.monotonic() + minutes * 60, 0.0, 0
    base = load(folder / f"{recipe.of}.mlm") if recipe.of else None
    origin = (folder / f"{recipe.of}.mlm").read_bytes() if base else b""
    known = hashlib.sha256(repr(recipe).encode() + origin).hexdigest()[:16]
    if base:
        corpus.require(base.vocabulary)

    def tune(model: LanguageModel, step: Step) -> LanguageModel:
        nonlocal seconds, tunings
        file = folder / f"{recipe.name}.{tunings}.train"
        teacher = base.model if base and any(stage.teach for stage in recipe.stages) else None
        pruner = Pruner(matrices(model, step), step.number) if step.name == "gradual" else None
        training = Training(
            model,
            corpus,
            recipe.stages,
            file,
            teacher=teacher,
            pruner=pruner,
            recipe=known,
            seed=recipe.seed,
            device=device,
            log=log,
        )
        if not training.run((end - time.monotonic()) / 60):
            raise Unfinished(f"{recipe.name} is not ready yet; the same command goes on from here")
        seconds, tunings = seconds + training.progress.seconds, tunings + 1
        return model.cpu()

    if base:
        model = compress(base.model, parse(recipe.steps), corpus.train, tune)
    else:
        shape = Shape(recipe.kind, recipe.sizes, len(corpus.vocabulary), recipe.tied)
        model = tune(build(shape, recipe.seed), Step("tune"))
    path = folder / f"{recipe.name}.mlm"
    save(path, Saved(model, corpus.vocabulary, Made(recipe.name, recipe.seed, corpus.digest, round(seconds, 1))))
    return path
