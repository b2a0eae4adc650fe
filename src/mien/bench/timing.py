"""Seconds of things that are compared: in turns, so that a busy machine is as busy for one as for the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median

Seconds = Mapping[str, list[float]]


def in_turns(tasks: Mapping[str, Callable[[], object]], rounds: int) -> Seconds:
    """Seconds of every task in every round, A B A B …; each runs once before, unmeasured.

    A task that times itself, such as one in another process, gives its seconds as a float.
    """
    for task in tasks.values():
        task()
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            begin = time.perf_counter()
            told = task()
            taken[name].append(told if isinstance(told, float) else time.perf_counter() - begin)
    return taken


def medians(taken: Seconds) -> dict[str, float]:
    """The middle of each task's seconds."""
    return {name: median(values) for name, values in taken.items()}


def ratio(taken: Seconds, over: str, under: str) -> float:
    """How many times longer one task takes than another: the median over rounds."""
    return median(a / b for a, b in zip(taken[over], taken[under], strict=True))
