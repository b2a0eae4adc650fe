"""Arrays in, arrays out: one file per engine. An engine knows nothing of faces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from mien.types import Floats


class Runtime(Protocol):
    """A loaded network."""

    def run(self, batch: Floats) -> Mapping[str, Floats]:
        """One batch through the network: outputs by tensor name."""
        ...
