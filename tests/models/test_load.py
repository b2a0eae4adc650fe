"""From a name to a model, and from a user's file to a name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mien import store
from mien.card import Card, Input, Output
from mien.errors import InputError, ModelError
from mien.heads import AGE, DEMOGRAPHICS, EXPRESSION, GENDER
from mien.models.load import add, load
from mien.types import Faces, Frame

CARD = Card(
    "mine.v1", "mine.onnx", "CC0", Input(16),
    (Output("expression", "output", 0, 8), Output("age", "output", 8, 29), Output("gender", "output", 29, 31)),
    aliases=("my_old_net",),
)  # fmt: skip
Network = Callable[..., bytes]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def files(folder: Path, card: Card, content: bytes) -> tuple[Path, Path]:
    (folder / "my net.onnx").write_bytes(content)
    (folder / "my net.json").write_text(card.to_json())
    return folder / "my net.onnx", folder / "my net.json"


def faces() -> Faces:
    pixels = np.random.default_rng(0).integers(0, 255, (60, 60, 3)).astype(np.uint8)
    box = np.array([[10, 10, 30, 30]], np.float32)
    return Faces(Frame(pixels), box, np.full((1, 5, 2), np.nan, np.float32), np.ones(1, np.float32))


@pytest.mark.parametrize("name", ["mine.v1", "my_old_net"])
def test_an_added_network_answers_by_name_and_by_alias(name: str, network: Network, tmp_path: Path) -> None:
    add(*files(tmp_path, CARD, network(CARD)))
    assert load(name)(faces())[EXPRESSION].values.sum() == pytest.approx(1)


def test_demographics_are_answered_only_when_asked_for(network: Network, tmp_path: Path) -> None:
    add(*files(tmp_path, CARD, network(CARD)))
    plain, asked = load("mine.v1")(faces()), load("mine.v1", demographics=True)(faces())
    assert not set(plain.readings) & DEMOGRAPHICS
    assert {AGE, GENDER} <= set(asked.readings)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"input": Input(20)}, ModelError, "does not take the card's"),
        ({"outputs": (Output("gender", "output", 30, 32),)}, ModelError, "the file gives 31 columns"),
        ({"outputs": (Output("gender", "scores", 0, 2),)}, ModelError, "names output 'scores'"),
        ({"outputs": (Output("mood", "output", 0, 2),)}, InputError, "no head named 'mood'"),
        ({"outputs": (Output("gender", "output", 0, 3),)}, InputError, "gender takes 2 columns, the card gives it 3"),
        ({"outputs": ()}, InputError, "no output"),
        (
            {"outputs": (Output("gender", "output", 0, 2, ("man", "female")),)},
            InputError,
            "no label of genders named 'man'",
        ),
        (
            {"outputs": (Output("gender", "output", 0, 2),) * 2},
            ModelError,
            "two rows of numbers for gender, got 4 rows",
        ),
        ({"input": Input(16, mean=(float("nan"),) * 3)}, ModelError, "16 numbers of them NaN"),
        ({"input": Input(16, mean=("a",) * 3)}, ModelError, "do not go together"),  # type: ignore[arg-type]
    ],
)
def test_a_file_and_card_that_do_not_fit_are_not_added(
    change: dict, error: type[Exception], said: str, network: Network, tmp_path: Path, cache: Path
) -> None:
    model, card = files(tmp_path, CARD, network(CARD))
    card.write_text(replace(CARD, **change).to_json())
    with pytest.raises(error, match=said):
        add(model, card)
    assert not cache.exists()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.onnx"):
        add(tmp_path / "nowhere.onnx", tmp_path / "card.json")


def test_a_card_that_is_no_json_is_named(network: Network, tmp_path: Path) -> None:
    model, card = files(tmp_path, CARD, network(CARD))
    card.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="JSON card"):
        add(model, card)


def test_the_features_get_the_width_the_graph_has(network: Network) -> None:
    card = store.keep(replace(CARD, embedding="classifier"), network(CARD, features=9))
    model = load(card)
    assert [o.head for o in model.card.outputs][-1] == "embedding9"
    assert load(replace(card, embedding="")).card == replace(card, embedding="")


def reshaped(content: bytes, *shape: int, name: str = "output") -> bytes:
    """The network with its answer in another shape, under this name."""
    model = onnx.load_from_string(content)
    model.graph.initializer.append(numpy_helper.from_array(np.array(shape, np.int64), "shape"))
    model.graph.node[-1].output[0] = "answers"
    model.graph.node.append(helper.make_node("Reshape", ["answers", "shape"], ["output"]))
    if name != "output":
        model.graph.node.append(helper.make_node("ReduceSum", ["answers"], [name], keepdims=0))
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("output", TensorProto.FLOAT, None))
    return model.SerializeToString()


@pytest.mark.parametrize(("shape", "said"), [((1, -1), "got 1 rows"), ((-1, 1, 31), r"got \(2, 1, 31\)")])
def test_answers_that_are_no_row_for_each_face_are_not_added(
    shape: tuple[int, ...], said: str, network: Network, tmp_path: Path, cache: Path
) -> None:
    with pytest.raises(ModelError, match=said):
        add(*files(tmp_path, CARD, reshaped(network(CARD), *shape)))
    assert not cache.exists()


@pytest.mark.parametrize("batch", ["n", 1])
def test_an_output_that_the_card_does_not_read_may_be_anything(
    batch: str | int, network: Callable[..., bytes], tmp_path: Path
) -> None:
    content = reshaped(network(CARD, batch=batch), -1, 31, name="loss")  # a single number
    add(*files(tmp_path, CARD, content))
    assert load("mine.v1")(faces())[EXPRESSION].values.shape == (1, 8)
