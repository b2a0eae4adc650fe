"""By what an album's events are told apart, and from which dissimilarity on; its store remembers both."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.album import scene
from mien.album.events import Borders, fit
from mien.album.scene import Describe
from mien.album.store import Store
from mien.errors import InputError
from mien.io import folder, photo
from mien.models.load import load
from mien.types import Floats

PLAIN = "colours and edges"
SHUFFLES = 20  # galleries of the same events in other orders, to learn a border from


@dataclass(frozen=True, slots=True)
class Rule:
    """Where borders stand, and the names of the kinds of events where a classifier tells them."""

    borders: Borders
    classes: tuple[str, ...] = ()


def description(store: Store, name: str | None, device: str = "cpu", threads: int | None = None) -> Describe:
    """What describes the album's pictures: a network of this name, or what the album was made with."""
    name = name or store.setting("features") or PLAIN
    store.agree({"features": name})
    if name == PLAIN:
        return scene.plain
    model = load(name, device=device, threads=threads)
    store.put("classes", json.dumps(scene.classes(model.card)))
    if "border" in model.card.post and store.setting("border") is None:
        _keep(store, Borders(unlike=model.card.post["border"]))
    return scene.of_model(model)


def rule(store: Store) -> Rule:
    """What the store remembers."""
    border, classes = store.setting("border"), store.setting("classes")
    if border is None:
        if (name := store.setting("features") or PLAIN) != PLAIN:
            raise InputError(
                f"from which dissimilarity on {name} sees another event is not known; learn it from a folder that has "
                f"a folder of photos for each event: mien album FOLDER --features {name} --learn EVENTS"
            )
        return Rule(Borders())
    unlike, window = json.loads(border)
    return Rule(Borders(unlike=unlike, window=window), tuple(json.loads(classes or "[]")))


def learn(store: Store, place: Path, describe: Describe, limit: int = photo.LIMIT) -> Borders:
    """The border that finds known events best, a folder of photos each, in whatever order they come."""
    known = [folder.photos(p) for p in sorted(place.iterdir()) if p.is_dir()] if place.is_dir() else []
    events = [_described(paths, describe, limit) for paths in known if paths]
    if len(events) < 2:
        raise InputError(f"{place} must hold a folder of photos for each of two or more events, got {len(events)}")
    orders = [np.random.default_rng(i).permutation(len(events)) for i in range(SHUFFLES)]
    galleries = [np.concatenate([events[e] for e in order]) for order in orders]
    truth = [np.repeat(order, [len(events[e]) for e in order]) for order in orders]
    borders = fit(galleries, truth)
    _keep(store, borders)
    return borders


def _described(paths: Sequence[Path], describe: Describe, limit: int) -> Floats:
    return np.stack([describe(photo.read(path, limit=limit)) for path in paths])


def _keep(store: Store, borders: Borders) -> None:
    store.put("border", json.dumps([borders.unlike, borders.window]))
