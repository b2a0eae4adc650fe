"""By what an album's events are told apart, and from which dissimilarity on; its store remembers both."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.album import scene
from mien.album.captions import Kinds, beside, told
from mien.album.events import Borders, fit
from mien.album.scene import Describe
from mien.album.store import Store
from mien.errors import InputError
from mien.io import folder, photo
from mien.models.load import load
from mien.types import Floats

PLAIN, CAPTIONED = "colours and edges", " with captions"
SHUFFLES = 20  # galleries of the same events in other orders, to learn a border from


@dataclass(frozen=True, slots=True)
class Rule:
    """Where borders stand, and the names of the kinds of events where a classifier tells them."""

    borders: Borders
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """By what pictures are described: a network's name, if any, their captions too, and what is known to learn from."""

    features: str | None = None
    captions: bool = False
    known: Path | None = None  # a folder of photos for each event, in a folder for each kind if there are several


def description(store: Store, how: Seen, device: str = "cpu", threads: int | None = None) -> Describe:
    """What describes the album's pictures: what is asked for, or what the album was made with."""
    before = store.setting("features") or PLAIN
    name = how.features or before.removesuffix(CAPTIONED)
    captioned = how.captions or (how.features is None and before.endswith(CAPTIONED))
    model = load(name, device=device, threads=threads) if name != PLAIN else None
    describe, classes = (scene.of_model(model), scene.classes(model.card)) if model else (scene.plain, ())
    kinds = _kinds(store, how.known, classes) if captioned else None
    store.agree({"features": name + CAPTIONED * captioned})  # not before: what cannot be had is not remembered
    if model and "border" in model.card.post and store.setting("border") is None and not captioned:
        _keep(store, Borders(unlike=model.card.post["border"]))
    if kinds:
        describe, classes = told(describe, kinds, classes), kinds.names
    store.put("classes", json.dumps(classes))
    return describe


def _kinds(store: Store, known: Path | None, classes: Sequence[str]) -> Kinds:
    """What words tell, learnt once: the album's pictures are described by it."""
    if written := store.setting("kinds"):
        return Kinds.read(written)
    if known is None:
        raise InputError(
            "what captions tell of events is not known; learn it from a folder that has a folder of captioned photos "
            "for each event: mien album FOLDER --captions --learn EVENTS"
        )
    photos = [(beside(path), kind) for kind, paths in _events(known) for path in paths]
    captioned = [(caption, kind) for caption, kind in photos if caption.strip()]
    if not captioned:
        raise InputError(f"no photo in {known} has a caption; write it beside the photo: p1.txt for p1.jpg")
    captions, kinds = zip(*captioned, strict=True)
    made = Kinds.of(captions, kinds, classes if set(classes) == set(kinds) else ())
    store.put("kinds", str(made))
    return made


def rule(store: Store) -> Rule:
    """What the store remembers."""
    border, classes = store.setting("border"), store.setting("classes")
    if border is None:
        if (name := store.setting("features") or PLAIN) != PLAIN:
            raise InputError(
                f"from which dissimilarity on {name} sees another event is not known; learn it from a folder that has "
                f"a folder of photos for each event: mien album FOLDER {_asked(name)} --learn EVENTS"
            )
        return Rule(Borders())
    unlike, window = json.loads(border)
    return Rule(Borders(unlike=unlike, window=window), tuple(json.loads(classes or "[]")))


def _asked(name: str) -> str:
    """The options that say how pictures are described."""
    network = name.removesuffix(CAPTIONED)
    return " ".join(([f"--features {network}"] if network != PLAIN else []) + ["--captions"] * (network != name))


def learn(store: Store, place: Path, describe: Describe, limit: int = photo.LIMIT) -> Borders:
    """The border that finds known events best, a folder of photos each, in whatever order they come."""
    events = [_described(paths, describe, limit) for _, paths in _events(place)]
    if len(events) < 2:
        raise InputError(f"{place} must hold a folder of photos for each of two or more events, got {len(events)}")
    orders = [np.random.default_rng(i).permutation(len(events)) for i in range(SHUFFLES)]
    galleries = [np.concatenate([events[e] for e in order]) for order in orders]
    truth = [np.repeat(order, [len(events[e]) for e in order]) for order in orders]
    borders = fit(galleries, truth)
    _keep(store, borders)
    return borders


def _events(place: Path) -> list[tuple[str, list[Path]]]:
    """Every folder below a place that holds photos, and its kind: the first folder on the way there."""
    found: dict[Path, list[Path]] = {}
    for path in folder.photos(place) if folder.is_folder(place) else ():
        if path.parent != place:
            found.setdefault(path.parent, []).append(path)
    return [(at.relative_to(place).parts[0], paths) for at, paths in found.items()]


def _described(paths: Sequence[Path], describe: Describe, limit: int) -> Floats:
    return np.stack([describe(photo.read(path, limit=limit)) for path in paths])


def _keep(store: Store, borders: Borders) -> None:
    store.put("border", json.dumps([borders.unlike, borders.window]))
