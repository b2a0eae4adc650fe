"""A model as one small file: how it is built, its words, and its weights in as few bytes as they need.

`MIENLM1\\n`, the length of a JSON header, the header, the weights. A matrix with many zeros is a bitmap and its other
numbers; a quantised one holds indices of equal intervals, over the whole matrix at 8 bits as in the papers, over each
row below, where one outlier would take most of the levels.
"""

import json
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mien.errors import InputError
from mien.lab.lm.corpus import Vocabulary
from mien.lab.lm.maps import LowRank, TensorTrain, TrainTable
from mien.lab.lm.models import GATES, LanguageModel, Layer, Map, ReducedGRU, Table

MAGIC = b"MIENLM1\n"


class Header(TypedDict):
    """What stands before the weights."""

    recipe: str
    seed: int
    data: str
    seconds: float
    bits: int
    tied: bool
    embedding: str
    layers: list[list[str]]
    output: str
    lengths: dict[str, int]
    check: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """How a model came to be: by which recipe and seed, from which text (its digest), in how many processor seconds."""

    recipe: str
    seed: int
    data: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Saved:
    """A model, the words it knows, and how it came to be."""

    model: LanguageModel
    vocabulary: Vocabulary
    made: Made


def save(path: Path, saved: Saved) -> int:
    """Write the file; gives the bytes of the weights alone, which is what sizes are compared by."""
    model = saved.model
    weights = dict(model.named_parameters())  # a shared matrix comes once
    blobs = [encode(weight.detach(), model.bits) for weight in weights.values()]
    header: Header = {
        "recipe": saved.made.recipe,
        "seed": saved.made.seed,
        "data": saved.made.data,
        "seconds": saved.made.seconds,
        "bits": model.bits,
        "tied": model.tied,
        "embedding": _describe_table(model.embedding),
        "layers": [_describe_layer(layer) for layer in model.stack],
        "output": _describe(model.output),
        "lengths": dict(zip(weights, map(len, blobs), strict=True)),
        "check": zlib.crc32(b"".join(blobs)),
        "words": saved.vocabulary.words,
    }
    content = json.dumps(header, ensure_ascii=False).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join([MAGIC, struct.pack("<I", len(content)), content, *blobs]))
    return sum(map(len, blobs))


def load(path: Path) -> Saved:
    """Read the file back; refused unless every byte is there and fits the model it describes."""
    if not path.is_file():
        raise InputError(f"no model at {path}; make one with: mien lab lm train lstm200 --data ptb.zip --out {path}")
    content = path.read_bytes()
    if not content.startswith(MAGIC):
        raise InputError(f"{path} is no model of this lab; give a file that `mien lab lm train` or `compress` wrote")
    try:
        return _read(content)
    except InputError:
        raise
    except Exception as error:  # a damaged header fails in as many ways as it has fields
        raise InputError(f"{path} is damaged ({error!r}); copy it again or train it anew") from error


def encode(weight: Tensor, bits: int = 32) -> bytes:
    """Bytes of one matrix or vector; vectors are few and stay float32."""
    bits = bits if weight.dim() > 1 else 32
    values = weight.cpu().numpy()
    flat, kept = values.ravel(), values.ravel() != 0
    sparse = bool((1 - kept.mean()) * bits > 1)  # the bitmap costs one bit for each
    rows = flat[kept][None] if sparse else flat.reshape(len(values) if bits < 8 else 1, -1)
    bits = bits if rows.size else 32  # nothing but zeros has no range to divide
    head = struct.pack("<BBI", sparse, bits, rows.size)
    bitmap = np.packbits(kept).tobytes() if sparse else b""
    if bits == 32:
        return head + bitmap + rows.astype("<f4").tobytes()
    low = rows.min(1, keepdims=True)
    step = np.maximum((rows.max(1, keepdims=True) - low) / (2**bits - 1), np.finfo(np.float32).tiny)
    indices = np.rint((rows - low) / step).astype(np.uint8)
    return head + bitmap + low.astype("<f4").tobytes() + step.astype("<f4").tobytes() + _pack(indices, bits)


def decode(content: bytes, shape: torch.Size) -> Tensor:
    """The matrix that `encode` wrote: bit-equal at 32 bits, else within half an interval."""
    sparse, bits, size = struct.unpack_from("<BBI", content)
    place, count = struct.calcsize("<BBI"), shape.numel()
    kept = np.ones(count, bool)
    if sparse:
        kept = np.unpackbits(np.frombuffer(content, np.uint8, -(-count // 8), place), count=count).astype(bool)
        place += -(-count // 8)
    if not 1 <= bits <= 8:
        values = np.frombuffer(content, "<f4", size, place)
    else:
        rows = shape[0] if bits < 8 and not sparse else 1
        low, step = np.frombuffer(content, "<f4", 2 * rows, place).reshape(2, rows, 1)
        indices = _unpack(np.frombuffer(content, np.uint8, offset=place + 8 * rows), bits, size)
        values = (low + step * indices.reshape(rows, -1)).ravel()
    whole = np.zeros(count, np.float32)
    whole[kept] = values
    return torch.from_numpy(whole).view(shape)


def _pack(indices: NDArray[np.uint8], bits: int) -> bytes:
    return np.packbits(np.unpackbits(indices.reshape(-1, 1), axis=1)[:, 8 - bits :]).tobytes()


def _unpack(packed: NDArray[np.uint8], bits: int, size: int) -> NDArray[np.float32]:
    digits = np.zeros((size, 8), np.uint8)
    digits[:, 8 - bits :] = np.unpackbits(packed, count=size * bits).reshape(size, bits)
    return np.packbits(digits, axis=1).ravel().astype(np.float32)


def _read(content: bytes) -> Saved:
    (length,) = struct.unpack_from("<I", content, len(MAGIC))
    start = len(MAGIC) + 4 + length
    header: Header = json.loads(content[len(MAGIC) + 4 : start])
    weights, lengths = content[start:], header["lengths"]
    if sum(lengths.values()) != len(weights) or zlib.crc32(weights) != header["check"]:
        raise ValueError(f"{sum(lengths.values())} bytes of weights were wanted, {len(weights)} came or differ")
    with torch.device("meta"):  # nothing is allocated before the sizes are known to fit the bytes
        model = _model(header)
        if header["tied"]:
            _tie(model)
    expected = dict(model.named_parameters())
    if expected.keys() != lengths.keys() or sum(weight.numel() for weight in expected.values()) > 8 * len(weights):
        raise ValueError("the weights do not fit the model")
    place, tensors = 0, {}
    for name, size in lengths.items():
        tensors[name] = decode(weights[place : place + size], expected[name].shape)
        place += size
    if header["tied"]:
        tensors["output.weight"] = tensors["embedding.weight"]
    model.load_state_dict(tensors, assign=True)
    if header["tied"]:
        _tie(model)
    made = Made(header["recipe"], header["seed"], header["data"], header["seconds"])
    return Saved(model, Vocabulary(tuple(header["words"])), made)


def _model(header: Header) -> LanguageModel:
    layers = [_layer(*parts) for parts in header["layers"]]
    return LanguageModel(_table(header["embedding"]), layers, _map(header["output"]), int(header["bits"]))


def _tie(model: LanguageModel) -> None:
    if not isinstance(model.output, nn.Linear) or not isinstance(model.embedding, nn.Embedding):
        raise ValueError("only a dense output layer can be tied")
    model.output.weight = model.embedding.weight


def _layer(kind: str, source: str, recurrent: str, shared: str) -> Layer | ReducedGRU:
    if kind == "reduced":
        return ReducedGRU(*(int(size) for size in (source, recurrent, shared)))
    if kind not in GATES:
        raise ValueError(f"no recurrent layer of kind {kind!r}")
    project = _map(shared) if shared else None
    if project is not None and not isinstance(project, nn.Linear):
        raise ValueError("a projection must be dense")
    return Layer(kind, _map(source), _map(recurrent), project)


def _map(description: str) -> Map:
    kind, *numbers = description.split()
    columns, *rank, rows, bias = map(int, numbers)
    if kind == "linear":
        return nn.Linear(columns, rows, bool(bias))
    return {"lowrank": LowRank, "train": TensorTrain}[kind](columns, rank[0], rows, bool(bias))


def _table(description: str) -> Table:
    words, *rank, size = map(int, description.split())
    return TrainTable(words, rank[0], size) if rank else nn.Embedding(words, size)


def _describe(module: Map) -> str:
    bias = int(module.bias is not None)
    if isinstance(module, LowRank):
        return f"lowrank {module.first.in_features} {module.first.out_features} {module.out_features} {bias}"
    if isinstance(module, TensorTrain):
        return f"train {module.in_features} {module.rank} {module.out_features} {bias}"
    return f"linear {module.in_features} {module.out_features} {bias}"


def _describe_table(table: Table) -> str:
    rank = f"{table.rank} " if isinstance(table, TrainTable) else ""
    return f"{table.num_embeddings} {rank}{table.embedding_dim}"


def _describe_layer(layer: Layer | ReducedGRU) -> list[str]:
    if isinstance(layer, ReducedGRU):
        return ["reduced", str(layer.columns), str(layer.units), str(layer.size)]
    shared = _describe(layer.project) if layer.project else ""
    return [layer.kind, _describe(layer.input), _describe(layer.recurrent), shared]
