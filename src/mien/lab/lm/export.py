"""A model as ONNX, one word in and the next word's probabilities out; and that file in use.

Every layer is written out in plain operations, the same for all models, so that their times compare.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from mien.errors import InputError
from mien.lab.lm.corpus import EOS, UNKNOWN, Vocabulary, plain
from mien.lab.lm.maps import LowRank, TensorTrain, turned
from mien.lab.lm.models import LanguageModel, Layer, Map, ReducedGRU, Table
from mien.lab.lm.storage import Saved

OPSET = 17  # the newest that every onnxruntime mien allows can run
PREPARED = {"onnx.quant.pre_process": "onnxruntime.quant"}  # nothing here is left to fold; else quantising warns
Float = NDArray[np.float32]


def export(saved: Saved, path: Path, int8: bool = False) -> None:
    """Write the ONNX file, its vocabulary inside; with `int8` its products are of 8-bit numbers."""
    graph = _Graph()
    states, outputs = graph.model(saved.model)
    made = helper.make_graph(
        graph.nodes, "next_word", [_value("word", [1], TensorProto.INT64), *states], outputs, graph.weights
    )
    file = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    helper.set_model_props(file, {"words": json.dumps(saved.vocabulary.words), "recipe": saved.made.recipe, **PREPARED})
    onnx.checker.check_model(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(file, path)
    if int8:
        _quantize(path)


def _quantize(path: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # One scale per matrix: onnxruntime's kernel for one row is faster with it than with one per column.
    quantize_dynamic(path, path, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm", "Gather"])


class Keyboard:
    """An exported model at work: tell it the words, ask what comes next. One thread, as on a small device."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
            words = json.loads(self.session.get_modelmeta().custom_metadata_map["words"])
            self.vocabulary = Vocabulary(tuple(words))
        except Exception as error:  # onnxruntime has a class for every way a file can be wrong
            raise InputError(f"{path} is no exported model ({error}); make one with: mien lab lm export") from error
        self.zero = {value.name: np.zeros(value.shape, np.float32) for value in self.session.get_inputs()[1:]}
        self.reset()

    def reset(self) -> None:
        """Forget all that was said."""
        self.state = dict(self.zero)

    def tell(self, number: int) -> Float:
        """Probabilities (words,) of what follows the word of this number and all before it."""
        answer, *state = self.session.run(None, {"word": np.array([number]), **self.state})
        self.state = dict(zip(self.state, state, strict=True))
        return np.asarray(answer)[0]

    def perplexity(self, numbers: Sequence[int]) -> float:
        """exp of the mean surprise over every word of a text, told from the start."""
        self.reset()
        total, chances = 0.0, self.tell(self.vocabulary.index[EOS])
        for number in numbers:
            total -= math.log(max(chances[number], 1e-30))
            chances = self.tell(number)
        return math.exp(total / len(numbers))

    def suggest(self, text: str, count: int = 3) -> list[tuple[str, float]]:
        """The likeliest next words after a text, with their probabilities; never `<unk>` or the end of the line."""
        self.reset()
        chances = self.tell(self.vocabulary.index[EOS])
        for number in self.vocabulary.encode(self._words(text)).tolist():
            chances = self.tell(number)
        ranked = [(self.vocabulary.words[best], float(chances[best])) for best in np.argsort(-chances)[: count + 2]]
        return [one for one in ranked if one[0] not in (EOS, UNKNOWN)][:count]

    def _words(self, text: str) -> list[str]:
        """A text as typed in the words of the model: one it lacks loses its punctuation, and a number becomes `N`."""
        found: list[str] = []
        for word in text.split():
            known = [one for one in (word, word.lower()) if one in self.vocabulary.index]
            found += known[:1] or plain(word).split()
        return found


class _Graph:
    """Nodes and weights as they are written; a value is the name of what an operation gives."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def op(self, kind: str, *inputs: str, name: str = "", **attributes: int | Sequence[int]) -> str:
        """One operation with one result."""
        name = name or f"v{len(self.nodes)}"
        node = helper.make_node(kind, inputs, [name])
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        self.nodes.append(node)
        return name

    def constant(self, value: Tensor | NDArray[np.int64]) -> str:
        """A weight, or the shape of something."""
        array = value.detach().contiguous().numpy() if isinstance(value, Tensor) else value
        self.weights.append(numpy_helper.from_array(array, f"w{len(self.weights)}"))
        return self.weights[-1].name

    def reshape(self, x: str, *shape: int) -> str:
        return self.op("Reshape", x, self.constant(np.array(shape, np.int64)))

    def split(self, x: str, *sizes: int) -> list[str]:
        """Parts of the last axis."""
        names = [f"v{len(self.nodes)}_{part}" for part in range(len(sizes))]
        lengths = self.constant(np.array(sizes, np.int64))
        self.nodes.append(helper.make_node("Split", [x, lengths], names, axis=-1))
        return names

    def model(self, model: LanguageModel) -> tuple[list[onnx.ValueInfoProto], list[onnx.ValueInfoProto]]:
        """All of it; gives the inputs and outputs besides the word."""
        x, inputs, after = self.table(model.embedding), [], []
        for place, layer in enumerate(model.stack):
            names = [f"state_{place}_{part}" for part in range(len(layer.zero(1)))]
            inputs += [_value(name, list(zero.shape)) for name, zero in zip(names, layer.zero(1), strict=True)]
            state = self.reduced(layer, x, names[0]) if isinstance(layer, ReducedGRU) else self.layer(layer, x, names)
            after += state
            x = state[0]
        self.op("Softmax", self.map(model.output, x), name="probabilities", axis=-1)
        outputs = [_value("probabilities", [1, model.output.out_features])]
        for name, value in zip(after, inputs, strict=True):
            self.op("Identity", name, name=f"next_{value.name}")
            outputs.append(helper.make_tensor_value_info(f"next_{value.name}", TensorProto.FLOAT, _shape(value)))
        return inputs, outputs

    def layer(self, layer: Layer, x: str, state: list[str]) -> list[str]:
        """State after the word."""
        h, units = state[0], layer.units
        inner, outer = self.map(layer.recurrent, h), self.map(layer.input, x)
        if layer.kind == "gru":
            return [self.gru(outer, inner, h, units)]
        gates = self.op("Add", outer, inner)
        if layer.kind == "rnn":
            return [self.shrink(self.op("Tanh", gates), layer.project)]
        first, g, o = self.split(gates, 2 * units, units, units)
        i, f = self.split(self.op("Sigmoid", first), units, units)
        c = self.op("Add", self.op("Mul", f, state[1]), self.op("Mul", i, self.op("Tanh", g)))
        return [self.shrink(self.op("Mul", self.op("Sigmoid", o), self.op("Tanh", c)), layer.project), c]

    def gru(self, outer: str, inner: str, h: str, units: int) -> str:
        first, n = self.split(outer, 2 * units, units)
        hidden, hn = self.split(inner, 2 * units, units)
        r, z = self.split(self.op("Sigmoid", self.op("Add", first, hidden)), units, units)
        return self.mix(z, self.op("Tanh", self.op("Add", n, self.op("Mul", r, hn))), h)

    def reduced(self, layer: ReducedGRU, x: str, h: str) -> list[str]:
        first, n = self.split(self.map(layer.input, x), 2 * layer.size, layer.units)
        r, z = self.split(self.op("Sigmoid", self.op("Add", first, self.map(layer.gates, h))), layer.size, layer.size)
        candidate = self.op("Tanh", self.op("Add", n, self.map(layer.candidate, self.op("Mul", r, h))))
        return [self.mix(z, self.map(layer.project, candidate), h)]

    def mix(self, z: str, new: str, old: str) -> str:
        """(1 − z) · new + z · old, in one product less."""
        return self.op("Add", new, self.op("Mul", z, self.op("Sub", old, new)))

    def shrink(self, h: str, project: nn.Linear | None) -> str:
        return self.map(project, h) if project else h

    def map(self, module: Map, x: str) -> str:
        """A matrix times a vector (1, size)."""
        if isinstance(module, LowRank):
            return self.map(module.second, self.map(module.first, x))
        if isinstance(module, TensorTrain):
            return self.train(module, x)
        bias = [self.constant(module.bias)] if module.bias is not None else []
        return self.op("Gemm", x, self.constant(module.weight), *bias, transB=1)

    def train(self, module: TensorTrain, x: str) -> str:
        done, todo = 1, math.prod(module.column_digits)
        if padding := todo - module.in_features:
            x = self.op("Pad", x, self.constant(np.array([0, 0, 0, padding], np.int64)))
        for core in reversed(module.cores):
            before, row, column, after = core.shape
            todo //= column
            x = self.op("MatMul", self.reshape(x, done, todo, column * after), self.constant(turned(core)))
            x = self.op("Transpose", self.reshape(x, done, todo, row, before), perm=(2, 0, 1, 3))
            done *= row
        x = self.reshape(x, 1, done)
        if done > module.out_features:
            x = self.split(x, module.out_features, done - module.out_features)[0]
        return x if module.bias is None else self.op("Add", x, self.constant(module.bias))

    def table(self, table: Table) -> str:
        """The word's vector (1, size)."""
        if isinstance(table, nn.Embedding):
            return self.op("Gather", self.constant(table.weight), "word")
        rest, place, done, row = "word", math.prod(table.row_digits), 1, ""
        for core, base in zip(table.cores, table.row_digits, strict=True):
            place //= base
            unit = self.constant(np.array([place], np.int64))
            picked = self.op("Gather", self.constant(core.transpose(0, 1)), self.op("Div", rest, unit))
            picked = self.reshape(picked, core.shape[0], -1)
            rest, row = self.op("Mod", rest, unit), self.op("MatMul", row, picked) if row else picked
            done *= core.shape[2]
            row = self.reshape(row, done, core.shape[3])
        row = self.reshape(row, 1, done)
        return (
            self.split(row, table.embedding_dim, done - table.embedding_dim)[0] if done > table.embedding_dim else row
        )


def _value(name: str, shape: list[int], kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _shape(value: onnx.ValueInfoProto) -> list[int]:
    return [axis.dim_value for axis in value.type.tensor_type.shape.dim]
