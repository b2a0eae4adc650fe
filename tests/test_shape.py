"""The layers of the design, kept: imports go to the same or lower layers, heavy libraries stay where they belong."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

LAYERS = {
    "errors": 0, "types": 0, "labels": 0,
    "circumplex": 1, "link": 1, "loss": 1, "metrics": 1, "card": 1, "geometry": 1, "record": 1, "count": 1,
    "runtime": 2, "store": 2, "io": 2,
    "heads": 3, "detectors": 3, "models": 3,
    "perceive": 4, "quality": 4,
    "temporal": 5, "identity": 5, "group": 5, "fusion": 5, "tracks": 5, "cuts": 5, "ledger": 5,
    "stream": 6, "synth": 6, "album": 7,
    "api": 7, "train": 7, "compat": 8, "recipes": 8, "report": 8, "bench": 8, "progress": 8,
    "batch": 9, "options": 9, "serve": 9, "cli": 9,
}  # fmt: skip
APART = {"temporal", "identity", "group", "fusion"}  # folders of one layer that know nothing of each other
HEAVY = {
    "torch": {"train"},
    "timm": {"train"},
    "onnxruntime": {"runtime", "train"},
    "cv2": set(),
    "PIL": {"io", "geometry", "report", "synth", "train"},
    "av": {"io", "synth"},
    "pandas": set(),
    "sklearn": set(),
    "scipy": set(),
    "matplotlib": set(),
    "numba": {"synth"},
}
SHARED = ("mien.lab.chat", "mien.lab.schema")  # how lab folders speak to a language model
LAB_MAY = {
    "errors",
    "types",
    "labels",
    "circumplex",
    "link",
    "loss",
    "metrics",
    "card",
    "geometry",
    "record",
    "progress",
}


def imports(path: Path, top_only: bool) -> Iterator[str]:
    """Names of all modules a file imports; with top_only not those inside functions or for type checkers."""
    tree = ast.parse(path.read_text())
    nodes = _top(tree) if top_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            if node.module in ("mien", "mien.lab"):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            else:
                yield node.module


def _top(tree: ast.Module) -> Iterator[ast.stmt]:
    for node in tree.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node


def part(module: str) -> str:
    """The piece of mien that a module belongs to: mien.io.photo → io."""
    return module.split(".")[1] if "." in module else ""


def faults(source: Path) -> list[str]:
    """Every import below a mien source folder that the design forbids."""
    found = []
    for path in sorted(source.rglob("*.py")):
        inside = path.relative_to(source)
        here = inside.parts[0].removesuffix(".py")
        if here == "__init__":
            continue
        for module in imports(path, top_only=False):
            if module.startswith("mien."):
                found += [f"{inside}: {why}" for why in _mien_fault(here, inside, module)]
        for module in imports(path, top_only=True):
            top = module.split(".")[0]
            if top in HEAVY and here not in HEAVY[top] and here != "lab":
                found.append(f"{inside}: imports {top} at its top")
    return found


def _mien_fault(here: str, inside: Path, module: str) -> Iterator[str]:
    there = part(module)
    if here == "lab":
        folder = f"mien.lab.{inside.parts[1]}"
        shared = module.startswith((folder, *SHARED)) or module == "mien.lab"
        if there == "lab" and not shared:
            yield f"a lab folder imports another: {module}"
        if there not in LAB_MAY and there != "lab":
            yield f"lab imports {module}, which is above layer 1"
    elif there == "lab":
        yield f"imports {module}: nothing imports lab"
    elif there not in LAYERS or here not in LAYERS:
        yield f"{here} or {there} has no layer: give it one in this test"
    elif LAYERS[there] > LAYERS[here]:
        yield f"layer {LAYERS[here]} imports {module} of layer {LAYERS[there]}"
    elif there in APART and here in APART and there != here:
        yield f"{here} imports its neighbour {module}"


def test_every_module_imports_only_its_own_or_lower_layers(root: Path) -> None:
    assert faults(root / "src" / "mien") == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("geometry.py", "from mien.models import Model"),
        ("heads/age.py", "import torch"),
        ("temporal/fill.py", "from mien.fusion import blend"),
        ("lab/games/play.py", "from mien.stream import Watch"),
        ("lab/games/play.py", "from mien.lab.lm import train"),
        ("stream.py", "from mien.lab import chat"),
    ],
)
def test_a_planted_violation_is_found(tmp_path: Path, file: str, line: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{line}\n")
    assert len(faults(tmp_path)) == 1


def test_importing_mien_loads_none_of_the_heavy_libraries() -> None:
    heavy = ["torch", "onnxruntime", "PIL", "av", "pandas", "sklearn", "scipy", "matplotlib", "numba", "typer"]
    code = f"import sys, mien; print([m for m in {heavy} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_no_folder_is_a_drawer(root: Path) -> None:
    drawers = {"utils", "util", "common", "core", "base", "helpers", "helper", "manager", "misc"}
    assert [p for p in (root / "src").rglob("*") if p.stem in drawers] == []


def test_no_public_call_is_hidden_by_a_module_of_its_name(root: Path) -> None:
    import mien

    modules = {p.stem for p in (root / "src" / "mien").iterdir()}
    assert modules.isdisjoint(mien.__all__)
