"""How much disk does `pip install mien` take, with everything it pulls?"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import mien
from mien.bench import Answer, Claim, Setup

LIMIT = 320.0  # MB
REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)[^;]*(;.*)?$")


def measure(setup: Setup) -> Answer:
    """The bytes of every file of the package and of what it requires without extras, compiled files included."""
    parts = {name: _megabytes(metadata.distribution(name).files or ()) for name in sorted(required("mien") - {"mien"})}
    own = Path(mien.__file__).parent
    parts["mien"] = sum(p.stat().st_size for p in own.rglob("*") if p.is_file()) / 1e6
    total = sum(parts.values())
    claim = Claim("MB that the package and all it pulls take", total, LIMIT, at_most=True)
    largest = sorted(parts.items(), key=lambda item: -item[1])
    return Answer((claim,), {"megabytes": {name: round(size, 1) for name, size in largest if size >= 0.1}})


def required(name: str, found: frozenset[str] = frozenset()) -> frozenset[str]:
    """Names of a distribution and of all that it requires, here, without extras."""
    found |= {name}
    for line in metadata.requires(name) or ():
        parsed = REQUIREMENT.match(line)
        wanted = parsed[1].lower().replace("_", "-") if parsed else ""
        if wanted and wanted not in found and not (parsed and parsed[2] and "extra" in parsed[2]) and _here(wanted):
            found = required(wanted, found)
    return found


def _here(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:  # wanted on other systems or Pythons only
        return False
    return True


def _megabytes(files: list[metadata.PackagePath] | tuple[()]) -> float:
    paths = [Path(str(file.locate())) for file in files]
    return sum(path.stat().st_size for path in paths if path.is_file()) / 1e6
