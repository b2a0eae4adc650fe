"""The face sets that the embedded network learns from, as grey squares with targets and what is known of them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien.circumplex import CENTRES
from mien.errors import InputError
from mien.labels import ETHNICITIES, EXPRESSIONS, GENDERS
from mien.train.prototypes import expected
from mien.types import Floats

SIDE = 96  # stored side; the network sees it at 80 after turning and shifting
USABLE = ("neutral", "happiness")  # of LFW's weak labels
PRESENT = 0.5  # a unit at half its full movement counts as surely present, at none as surely absent


@dataclass(frozen=True, slots=True)
class Source:
    """Faces (n, 96, 96) uint8 with, by head, targets (n, k); a row of NaN is unknown."""

    images: NDArray[np.uint8]
    targets: Mapping[str, Floats]
    groups: NDArray[np.str_]  # who or what must not be split between training and validation
    names: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.images)

    def pick(self, chosen: NDArray[np.bool_] | NDArray[np.integer]) -> Source:
        """The rows at these places, or where a mask is true."""
        return Source(
            self.images[chosen],
            {k: v[chosen] for k, v in self.targets.items()},
            self.groups[chosen],
            self.names[chosen],
        )


def held_out(groups: NDArray[np.str_], share: float, salt: str = "mien") -> NDArray[np.bool_]:
    """True for rows whose group falls into the held-out share: by the group's name alone, the same for ever."""
    names, place = np.unique(groups, return_inverse=True)
    draw = [int(hashlib.sha256(f"{salt}:{n}".encode()).hexdigest()[:8], 16) / 2**32 for n in names]
    return (np.array(draw) < share)[place]


def _grey(data: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def table(path: Path, split: str = "") -> tuple[Mapping[str, NDArray[np.generic]], NDArray[np.uint8]]:
    """A parquet file's columns, and its images as grey squares; of one `split` alone where one is named."""
    import pyarrow.parquet as pq

    if not path.is_file():
        raise InputError(f"wanted the data file {path}, which is not there; point --data at the folder that holds it")
    rows = pq.read_table(path, filters=[("split", "=", split)] if split else None)
    columns = {c: rows[c].to_numpy(zero_copy_only=False) for c in rows.column_names if c != "image"}
    return columns, np.stack([_grey(image.as_py()) for image in rows["image"]])


def ferplus(data: Path) -> tuple[Source, Source, Source]:
    """FER+ as (train, calibrate, validate); soft labels are the votes for the eight, VA the mean of their centres.

    The publishers' validation part is halved by name: one half fits temperatures, the other is only reported on.
    """
    columns, images = table(data / "ferplus.parquet")
    source = _rated(columns, images)
    clear = np.isfinite(source.targets["expression"]).all(1)
    train, valid = columns["split"] == "train", source.pick(columns["split"] == "valid")
    fit = source.pick(train & clear)
    return fit.pick(~near(fit.images, valid.images)), *_halved(valid)


def ferplus_valid(data: Path) -> tuple[Source, Source]:
    """The (calibrate, validate) of `ferplus`, without reading the training part."""
    return _halved(_rated(*table(data / "ferplus.parquet", "valid")))


def _rated(columns: Mapping[str, NDArray[np.generic]], images: NDArray[np.uint8]) -> Source:
    votes = np.stack([columns[n] for n in EXPRESSIONS], 1).astype(np.float32)
    rest = columns["unknown"].astype(np.float32) + columns["NF"].astype(np.float32)
    single = np.where(votes > 1, votes, 0)  # one vote of ten is noise, as in the label set's own paper
    clear = (single.sum(1) >= 3) & (single.sum(1) >= rest)
    soft = np.where(clear[:, None], single / np.maximum(single.sum(1, keepdims=True), 1), np.nan).astype(np.float32)
    affect = (soft @ CENTRES).astype(np.float32)
    targets = {"expression": soft, "valence_arousal": affect, "votes": votes, "rest": rest[:, None]}
    targets["unit_priors"] = expected(soft)
    names = columns["name"].astype(str)
    return Source(images, targets, names, names)


def _halved(valid: Source) -> tuple[Source, Source]:
    calibrate = held_out(valid.groups, 0.5, "calibrate")
    clear = np.isfinite(valid.targets["expression"]).all(1)
    return valid.pick(calibrate & clear), valid.pick(~calibrate)


def majority(part: Source) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which faces have one of the eight labels from more than half of all votes, and that label."""
    votes, rest = part.targets["votes"], part.targets["rest"][:, 0]
    return votes.max(1) > (votes.sum(1) + rest) / 2, votes.argmax(1)


def near(images: NDArray[np.uint8], others: NDArray[np.uint8], alike: float = 0.97) -> NDArray[np.bool_]:
    """True for images that are nearly one of the others: correlation of their 12×12 thumbnails, either way round."""

    def thumbs(batch: NDArray[np.uint8], flip: bool) -> Floats:
        small = batch[:, :, ::-1] if flip else batch
        small = small.reshape(len(batch), 12, SIDE // 12, 12, SIDE // 12).mean((2, 4)).reshape(len(batch), -1)
        small = small - small.mean(1, keepdims=True)
        return (small / np.maximum(np.linalg.norm(small, axis=1, keepdims=True), 1e-6)).astype(np.float32)

    theirs = thumbs(others, False).T
    return np.max([(thumbs(images, flip) @ theirs).max(1) for flip in (False, True)], axis=0) > alike


def utkface(data: Path) -> tuple[Source, Source]:
    """UTKFace as (train, validate): age, gender, ethnicity; a tenth of the files is held out, near copies with them."""
    columns, images = table(data / "utkface.parquet")
    one_hot = np.eye(5, dtype=np.float32)
    targets = {
        "age": columns["age"].astype(np.float32)[:, None],
        "gender": one_hot[[GENDERS.index(g) for g in columns["gender"]], :2],
        "ethnicity": one_hot[[ETHNICITIES.index(r) for r in columns["race"]]],
    }
    names = columns["name"].astype(str)
    source = Source(images, targets, names, names)
    out = held_out(names, 0.1)
    train, valid = source.pick(~out), source.pick(out)
    return train.pick(~near(train.images, valid.images)), valid


def lfw(data: Path) -> tuple[Source, Source]:
    """LFW as (train, validate), split by person; the group is the person.

    Under `label` stands the weak label's place in EXPRESSIONS, NaN where there is none: not to learn from.
    """
    columns, images = table(data / "lfw_crops.parquet")
    label = [[EXPRESSIONS.index(name) if name else np.nan] for name in columns["emotion"]]
    targets = {"label": np.array(label, np.float32)}
    source = Source(images, targets, columns["person"].astype(str), columns["name"].astype(str))
    out = held_out(source.groups, 0.25)
    return source.pick(~out), source.pick(out)


def renders(folder: Path) -> Source:
    """Rendered faces cut by their five points to the network's frame, with action units, expression, pose."""
    from mien.card import Input
    from mien.geometry import crop

    how = Input(size=SIDE, crop="aligned")
    shards = sorted(folder.glob("*.npz"))
    if not shards:
        raise InputError(f"no rendered faces (*.npz) in {folder}; make them with: mien synth faces --out {folder}")
    parts: list[Source] = []
    for path in shards:
        with np.load(path, allow_pickle=False) as shard:
            cut = [crop(i, b, p, how) for i, b, p in zip(shard["images"], shard["boxes"], shard["points"], strict=True)]
            grey = (np.stack(cut) @ np.array([0.299, 0.587, 0.114], np.float32)).round().astype(np.uint8)
            known = shard["expression"] >= 0
            expression = np.where(known[:, None], np.eye(8, dtype=np.float32)[shard["expression"]], np.nan)
            pose = shard["pose"].astype(np.float32)[:, :2]
            targets = {
                "action_units": (shard["aus"].astype(np.float32) / PRESENT).clip(0, 1),
                "expression": expression.astype(np.float32),
                "valence_arousal": np.stack([shard["valence"], shard["arousal"]], 1).astype(np.float32),
                "pose": pose.astype(np.float32),
            }
            heads = np.array([f"render{i}" for i in shard["identity"]])
            parts.append(Source(grey, targets, heads, np.array([f"{path.stem}/{i}" for i in range(len(grey))])))
    targets = {k: np.concatenate([p.targets[k] for p in parts]) for k in parts[0].targets}
    images, groups, names = (np.concatenate([getattr(p, f) for p in parts]) for f in ("images", "groups", "names"))
    return Source(images, targets, groups, names)


def taught(source: Source, folder: Path, name: str) -> Source:
    """The source with a teacher's identity vectors as targets, matched by file name; unknown where it has none.

    All are centred on LFW's mean, so that the cosine between strangers is about zero.
    """
    path, middle = folder / f"{name}.npz", folder / "lfw.npz"
    if not path.is_file():
        return source
    with np.load(path, allow_pickle=False) as file, np.load(middle, allow_pickle=False) as lfw_file:
        centred = file["vectors"] - lfw_file["vectors"].mean(0)
        known = dict(zip(file["names"].tolist(), centred, strict=True))
    blank = np.full(128, np.nan, np.float32)
    rows = np.stack([known.get(n, blank) for n in source.names])
    return replace(source, targets={**source.targets, "identity": rows})
