"""All weights of the shipped network learn on, starting from the file in the wheel."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mien import store
from mien.detectors import load as detectors
from mien.errors import ModelError
from mien.heads import EXPRESSION
from mien.io import photo
from mien.labels import EXPRESSIONS
from mien.models import load as models
from mien.perceive import Perceiver
from mien.runtime.onnx import Onnx
from mien.train import tune
from mien.train.replica import Replica

torch.set_num_threads(1)
CARD = store.card("mien_s.default.fp32")
PEOPLE = ("happiness", "sadness")


def portrait(root: Path, expression: str) -> Image.Image:
    """The rendered portrait of an expression, cut to the face."""
    with Image.open(root / "examples" / f"portrait_{expression}.jpg") as picture:
        return picture.convert("RGB").crop((130, 95, 380, 400)).resize((80, 80))


@pytest.fixture(scope="module")
def replica() -> Replica:
    return tune.replica(CARD)


def test_the_replica_answers_as_its_file_does(replica: Replica) -> None:
    batch = torch.randn(3, 1, 80, 80, generator=torch.Generator().manual_seed(0))
    wanted = Onnx(store.read(CARD), threads=1).run(batch.numpy())
    with torch.inference_mode():
        got = replica(batch)
    assert got.keys() == wanted.keys()
    for name, values in wanted.items():
        assert np.abs(got[name].numpy() - values).max() < 1e-4  # sums in another order


def test_what_was_learned_is_in_the_file_and_other_answers_are_not(replica: Replica) -> None:
    net = Replica(store.read(CARD))
    net.layer("expression")[1].data += 7
    batch = np.zeros((1, 1, 80, 80), np.float32)
    before, after = (Onnx(n.content(["expression"]), threads=1).run(batch) for n in (replica, net))
    assert set(after) == {"expression"}
    assert np.allclose(after["expression"] - before["expression"], 7, atol=1e-4)
    assert len(net.content(["expression"])) < len(store.read(CARD))


def test_an_8_bit_network_is_refused_and_the_other_named() -> None:
    with pytest.raises(ModelError, match=r"QuantizeLinear.*mien_s\.default\.fp32"):
        tune.replica(store.card("mien_s.default"))


def test_a_network_learns_to_call_a_smile_sad_in_all_its_layers(root: Path) -> None:
    images = np.stack([np.asarray(portrait(root, p).convert("L")) for p in PEOPLE] * 4)
    truth = np.eye(8, dtype=np.float32)[[EXPRESSIONS.index(p) for p in PEOPLE[::-1]] * 4]
    net = tune.replica(CARD)
    before = [w.detach().clone() for w in net.parameters()]
    for _ in islice(tune.adapt(net, tune.Lesson(images, truth, np.arange(8)), tune.Plan(rate=1e-3), seed=0), 50):
        pass
    assert (tune.ask(net, images).argmax(1) == truth.argmax(1)).all()
    moved = [w.requires_grad and not torch.equal(a, w) for a, w in zip(before, net.parameters(), strict=True)]
    assert sum(moved) > 40  # trunk, features and the asked head; statistics and the other heads stay


def test_every_face_is_learned_once_an_epoch() -> None:
    rows = [tune._rows(12, 4, seed=3, step=step) for step in range(6)]
    assert sorted(np.concatenate(rows[:3])) == sorted(np.concatenate(rows[3:])) == list(range(12))
    assert not np.array_equal(np.concatenate(rows[:3]), np.concatenate(rows[3:]))


def test_the_page_tunes_a_network_that_answers_in_a_photo(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = np.random.default_rng(0)
    for name in PEOPLE:
        (tmp_path / "faces" / name).mkdir(parents=True)
        for i in range(6):
            noisy = np.asarray(portrait(root, name)) + draw.normal(0, 12, (80, 80, 3))
            Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(tmp_path / "faces" / name / f"p{i}_x.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "cache"))
    (example,) = re.findall(r"```python whole\n(.*?)```", (root / "docs" / "training.md").read_text(), re.S)
    assert len([line for line in example.splitlines() if line.strip()]) <= 10
    exec(compile(example, "docs/training.md", "exec"), {})
    head, whole = (float(x) for x in capsys.readouterr().out.split())
    assert 0 <= head <= whole <= 1
    name = models.add(Path("mine.onnx"), Path("mine.json")).name
    see = Perceiver(detectors.load(), (models.load(name),))
    assert see(photo.read(root / "examples" / "portrait_happiness.jpg"))[EXPRESSION].top() == ["happiness"]
