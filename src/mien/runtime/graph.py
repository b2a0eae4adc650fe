"""What must be known of an ONNX file's bytes before they are run, read without the onnx package.

An ONNX file is a protobuf message. Two such messages laid end to end merge, so an output is added by appending a
message that holds nothing but that output. Reading walks the fields by hand; every length is checked before use.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mien.errors import ModelError

_GRAPH = 7  # of the model
_NODE, _GRAPH_NAME, _WEIGHTS, _INPUT, _OUTPUT = 1, 2, 5, 11, 12  # of the graph
_NODE_INPUT, _NODE_OUTPUT, _NODE_KIND = 1, 2, 4
_INSIDE = {  # every way to a tensor and to the file that its numbers are in: field numbers, and what they hold
    "model": {_GRAPH: "graph", 25: "function"},
    "function": {7: "node"},
    "graph": {_NODE: "node", _WEIGHTS: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "file"},
}
_NAME, _TYPE = 1, 2  # of an input or an output
_WEIGHTS_NAME = 8
_FLOATS = b"\x0a\x08\x08\x01\x12\x04\x0a\x00\x0a\x00"  # the type "tensor of float32, of any two lengths"
_STEPS = 16  # between a classifier and the output it feeds lie a bias, a softmax, a reshape; not more


@dataclass(frozen=True, slots=True)
class Node:
    """One operation: its kind and the names of the tensors it takes and gives."""

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def with_output(model: bytes, name: str) -> bytes:
    """The same model with an inner tensor of this name among its outputs."""
    graphs = _fields(memoryview(model), _GRAPH)
    if any(name in _texts(output, _NAME) for graph in graphs for output in _fields(graph, _OUTPUT)):
        return model
    return model + _bytes(_GRAPH, _bytes(_OUTPUT, _bytes(_NAME, name.encode())))


def classifier_input(model: bytes, tensor: str) -> str:
    """The name of what the last Gemm or MatMul before this tensor takes in: the network's features."""
    makers = {name: node for node in nodes(model) for name in node.outputs}
    at = tensor
    for _ in range(_STEPS):
        node = makers.get(at)
        if node is None:
            break
        if node.kind in ("Gemm", "MatMul") and node.inputs:
            return node.inputs[0]
        made = [name for name in node.inputs if name in makers]  # a bias or a shape is made by no node
        if not made:
            break
        at = made[0]
    raise ModelError(f"no Gemm or MatMul feeds {tensor!r}, so there is no classifier to take the embedding from")


def needs_other_files(model: bytes) -> bool:
    """Whether any weights lie in another file, which no hash covers and which could be any file of this machine."""
    left = [("model", memoryview(model))]
    while left:
        kind, message = left.pop()
        for number, _, content in _walk(message):
            if content is None or number not in _INSIDE[kind]:
                continue
            if kind == "tensor":
                return True
            left.append((_INSIDE[kind][number], content))
    return False


def tail(model: bytes, start: str, outputs: Sequence[str]) -> bytes:
    """The end of a model as a model of its own: from an inner tensor to these outputs, copied byte for byte."""
    makers = {name: node for node in nodes(model) for name in node.outputs}
    needed, wanted = set[str](), list(outputs)
    while wanted:
        name = wanted.pop()
        if name in makers and name != start and name not in needed:
            needed.add(name)
            wanted += makers[name].inputs
    taken = {name for made in needed for name in makers[made].inputs}
    if start not in taken:
        raise ModelError(f"nothing leads from {start!r} to {', '.join(outputs)}")
    keep = ((_NODE, _NODE_OUTPUT, needed), (_WEIGHTS, _WEIGHTS_NAME, taken), (_OUTPUT, _NAME, set(outputs)))
    graphs = list(_fields(memoryview(model), _GRAPH))
    kept = [
        _bytes(number, bytes(part))
        for number, field, names in keep
        for graph in graphs
        for part in _fields(graph, number)
        if names.intersection(_texts(part, field))
    ]
    entry = _bytes(_INPUT, _bytes(_NAME, start.encode()) + _bytes(_TYPE, _FLOATS))
    others = (bytes(whole) for number, whole, _ in _walk(memoryview(model)) if number != _GRAPH)
    return b"".join(others) + _bytes(_GRAPH, b"".join([*kept, _bytes(_GRAPH_NAME, b"tail"), entry]))


def nodes(model: bytes) -> Iterator[Node]:
    """Every operation of a model's top graph."""
    view = memoryview(model)
    for graph in _fields(view, _GRAPH):
        for node in _fields(graph, _NODE):
            kinds = _texts(node, _NODE_KIND)
            yield Node(kinds[-1] if kinds else "", _texts(node, _NODE_INPUT), _texts(node, _NODE_OUTPUT))


def _texts(message: memoryview, number: int) -> tuple[str, ...]:
    return tuple(bytes(part).decode("utf-8", "replace") for part in _fields(message, number))


def _fields(message: memoryview, wanted: int) -> Iterator[memoryview]:
    """The contents of every length-delimited field of this number."""
    return (content for number, _, content in _walk(message) if number == wanted and content is not None)


def _walk(message: memoryview) -> Iterator[tuple[int, memoryview, memoryview | None]]:
    """Every field: its number, all of its bytes, and its contents where it is length-delimited."""
    at = 0
    while at < len(message):
        begin = at
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            _, at = _varint(message, at)
            yield key >> 3, message[begin:at], None
            continue
        if kind not in (1, 2, 5):
            raise ModelError(f"not an ONNX file: a field of unknown kind {kind}")
        size, at = _varint(message, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
        if size > len(message) - at:
            raise ModelError(f"a truncated ONNX file: a field of {size} bytes where {len(message) - at} are left")
        at += size
        yield key >> 3, message[begin:at], message[at - size : at] if kind == 2 else None


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number of 7 bits a byte, and where it ends."""
    value = 0
    for place in range(10):
        if at + place >= len(message):
            raise ModelError("a truncated ONNX file: it ends within a number")
        byte = message[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise ModelError("not an ONNX file: a number of more than ten bytes")


def _bytes(number: int, content: bytes) -> bytes:
    """A length-delimited field."""
    size, head = len(content), bytearray([number << 3 | 2])
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes(head) + bytes([size]) + content
