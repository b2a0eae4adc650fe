"""ONNX Runtime on the processor, with a stated number of threads, or on the device asked for, and never another."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime as ort

from mien.card import Card, Input
from mien.errors import DeviceError, ModelError
from mien.runtime.graph import classifier_input, needs_other_files, with_output
from mien.types import Floats

EMBEDDING = "embedding"  # the output that a card's `embedding = "classifier"` adds
_PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}
_BRINGS = {
    "cuda": "onnxruntime-gpu in place of onnxruntime, with a driver and CUDA that fit it",
    "coreml": "onnxruntime on macOS",
    "openvino": "onnxruntime-openvino in place of onnxruntime",
}


def cores() -> int:
    """Processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


class Onnx:
    """A loaded network. With a card it is tried on one black picture, and what does not fit is a ModelError.

    `threads` is by default the number of cores, at most four. Waiting threads sleep; with `spin=True` they burn a
    core for the last bit of speed, which pays only where nothing else runs.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | bytes,
        card: Card | None = None,
        *,
        device: str = "cpu",
        threads: int | None = None,
        spin: bool = False,
    ) -> None:
        content = model if isinstance(model, bytes) else Path(model).read_bytes()
        name = card.name if card else "the model" if isinstance(model, bytes) else str(model)
        if needs_other_files(content):
            raise ModelError(f"{name} keeps weights in other files; save it as one file, with its weights inside")
        self._inner = ""  # the embedding's name inside the graph
        if card is not None and card.embedding:
            self._inner = classifier_input(content, _classifier(card))
            content = with_output(content, self._inner)
        self._session = _session(content, name, device, _options(threads, spin))
        self._input = self._session.get_inputs()[0]
        self._outputs = [o.name for o in self._session.get_outputs()]
        if card is not None:
            read = {self._inner, *(o.tensor for o in card.outputs)}
            named = [name for name in self._outputs if name in read]  # the rest may be anything
            self._outputs = named or self._outputs  # a detector's card names none
            self._check(card)

    def run(self, batch: Floats) -> Mapping[str, Floats]:
        """One batch through the network: outputs by tensor name."""
        if self._input.shape[:1] == [1]:  # a graph exported for a single face
            runs = [self._session.run(self._outputs, {self._input.name: one}) for one in batch[:, None]]
            columns = [np.concatenate(column) for column in zip(*runs, strict=True)]
        else:
            columns = [np.asarray(c) for c in self._session.run(self._outputs, {self._input.name: batch})]
        names = (EMBEDDING if name == self._inner else name for name in self._outputs)
        return dict(zip(names, columns, strict=True))

    def widths(self, how: Input) -> Mapping[str, int]:
        """Columns of every output, by asking the network with one black picture."""
        blank = np.zeros((1, len(how.mean), how.size, how.size), np.float32)
        return {name: values.shape[-1] for name, values in self.run(blank).items()}

    def _check(self, card: Card) -> None:
        names = [i.name for i in self._session.get_inputs()]
        if names != [card.input_tensor]:
            raise ModelError(
                f"{card.name}: the card names one input {card.input_tensor!r}, the file has: {', '.join(names)}"
            )
        try:
            widths = self.widths(card.input)
        except Exception as error:  # onnxruntime's own errors share no public base class
            size, channels = card.input.size, len(card.input.mean)
            raise ModelError(
                f"{card.name}: the file does not take the card's (n, {channels}, {size}, {size}): {error}"
            ) from error
        known = [*(o.name for o in self._session.get_outputs()), *([EMBEDDING] if self._inner else [])]
        for o in card.outputs:
            if o.tensor not in widths:
                raise ModelError(f"{card.name}: the card names output {o.tensor!r}, the file has: {', '.join(known)}")
            if widths[o.tensor] < o.stop:
                wanted = f"columns {o.start}:{o.stop} of {o.tensor!r}"
                raise ModelError(f"{card.name}: the card reads {wanted}, the file gives {widths[o.tensor]} columns")


def _classifier(card: Card) -> str:
    """The output whose classifier is meant."""
    return next((o.tensor for o in card.outputs if o.tensor != EMBEDDING), "output")


def _options(threads: int | None, spin: bool) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or min(4, cores())
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spin else "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 3  # errors only; what matters is raised
    return options


def _session(content: bytes, name: str, device: str, options: ort.SessionOptions) -> ort.InferenceSession:
    provider = _PROVIDERS.get(device)
    if provider is None:
        raise DeviceError(f"no device named {device!r}; known: {', '.join(_PROVIDERS)}")
    if provider not in ort.get_available_providers():
        raise DeviceError(f"this onnxruntime cannot use {device!r}; it needs {_BRINGS[device]}, or device='cpu'")
    try:
        session = ort.InferenceSession(content, options, providers=[provider])
    except Exception as error:  # onnxruntime's own errors share no public base class
        raise ModelError(f"{name} cannot be loaded as an ONNX file: {error}") from error
    session.disable_fallback()
    if session.get_providers()[0] != provider:
        raise DeviceError(f"{device!r} could not be started; it needs {_BRINGS[device]}, or device='cpu'")
    return session
