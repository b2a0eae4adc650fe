"""Training and inference scripts that need nothing of this package: its learner's text, and the facts of one case."""

from __future__ import annotations

from importlib import resources
from pprint import pformat

from mien.lab.tables.automl import TOOLS
from mien.lab.tables.models import Spec
from mien.lab.tables.plan import Case, Recipe

_TRAIN = """

SPEC = {spec}

if __name__ == "__main__":
    train(SPEC)
"""
_PREDICT = """

SPEC = {spec}

if __name__ == "__main__":
    import sys

    if len(sys.argv) != 3:
        sys.exit("usage: python predict.py TABLE.csv ANSWERS.csv")
    predict(SPEC, sys.argv[1], sys.argv[2])
"""


def spec(case: Case, recipe: Recipe, folds: int, rows: int = 0, seconds: float = 60.0, *, threads: int = 1) -> Spec:
    """What a script must know to try each member of a recipe, or with 0 folds to learn all of them."""
    task, profile = case.task, case.profile
    return Spec(
        kind=task.kind,
        target=task.target,
        metric=task.metric,
        classes=task.classes,
        numbers=profile.names("number"),
        categories=profile.names("category"),
        dates=tuple((c.name, c.formats) for c in profile.columns if c.kind == "date"),
        texts=profile.names("text"),
        members=recipe.members,
        folds=folds,
        rows=rows,
        seconds=seconds,
        threads=threads,
    )


def training(known: Spec, code: str = "") -> str:
    """The text of train.py: train.csv → model.joblib or oof.csv, and result.json."""
    return _body(known, code) + _TRAIN.format(spec=pformat(known, width=110, sort_dicts=False))


def inference(known: Spec, code: str = "") -> str:
    """The text of predict.py: a table → answers."""
    return _body(known, code) + _PREDICT.format(spec=pformat(known, width=110, sort_dicts=False))


def _body(known: Spec, code: str) -> str:
    parts = [_source("models.py"), _source("learner.py")]
    if any(member.model in TOOLS for member in known.members):
        parts.append(_source("automl.py"))
    future, whole = "from __future__ import annotations\n", "\n\n".join(parts)
    own = "".join(line for line in whole.splitlines(keepends=True) if not line.startswith((future, "from mien.")))
    return "\n\n".join([future + own, *([code.strip() + "\n"] if code.strip() else [])])


def _source(name: str) -> str:
    return (resources.files("mien.lab.tables") / name).read_text("utf-8")
