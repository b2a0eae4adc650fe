"""A network that hears its own answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from mien.card import Input
from mien.geometry import normalise, shrink
from mien.train import embedded, loop
from mien.train.nets import FaceNet
from mien.train.sources import SIDE, Source


def faces(count: int, **targets: np.ndarray) -> Source:
    rng = np.random.default_rng(2)
    coarse = rng.integers(0, 255, (count, 12, 12), np.uint8)
    images = np.repeat(np.repeat(coarse, SIDE // 12, 1), SIDE // 12, 2)
    names = np.array([str(i) for i in range(count)])
    return Source(images, targets, names, names)


def network() -> FaceNet:
    torch.manual_seed(0)
    net = FaceNet(embedded.widths(), (8, 8, 8, 8))
    with torch.no_grad():
        net.heads["expression"].get_parameter("weight").mul_(1000)  # so that it tells faces apart
    return net


def test_the_echo_answers_what_the_shipped_network_sees() -> None:
    part, net = faces(4), network().eval()
    how = Input(size=80, crop="aligned", mean=(0.5,), std=(0.25,))
    seen = torch.from_numpy(normalise([shrink(i, (80, 80))[..., None] for i in part.images], how))
    with torch.no_grad():
        said = [net(way)["expression"].softmax(1).numpy() for way in (seen, seen.flip(3))]
    assert np.allclose(embedded.echoed(part, net).targets["expression"], np.mean(said, axis=0), atol=1e-5)


def test_the_echo_is_half_of_what_was_voted_and_all_where_nobody_voted() -> None:
    votes = np.zeros((6, 8), np.float32)
    votes[:, 3], votes[5] = 1, np.nan
    alone, beside = (
        embedded.echoed(part, network()).targets["expression"] for part in (faces(6), faces(6, expression=votes))
    )
    assert np.allclose(alone.sum(1), 1, atol=1e-5) and alone.std(0).max() > 0.01
    assert np.allclose(beside[:5], (votes[:5] + alone[:5]) / 2, atol=1e-6)
    assert np.isnan(beside[5]).all(), "what the voters could not tell stays unknown"


def test_a_mirrored_face_has_the_same_echo() -> None:
    part, net = faces(3), network()
    mirrored = Source(part.images[:, :, ::-1].copy(), {}, part.groups, part.names)
    one, other = (embedded.echoed(p, net).targets["expression"] for p in (part, mirrored))
    assert np.allclose(one, other, atol=1e-4)


def test_a_stage_hears_the_network_it_starts_from(tmp_path: Path) -> None:
    torch.manual_seed(0)
    old = FaceNet(embedded.widths())
    torch.save({"kept": old.state_dict()}, tmp_path / "old.pt")
    stage = embedded.Stage({"lfw": 4}, loop.Plan(1), "old", echo=("lfw",))
    new = embedded.train(stage, {"lfw": faces(4)}, 0, tmp_path, "new")
    changed = {n for n, v in new.heads.named_parameters() if not torch.equal(v, old.heads.get_parameter(n))}
    assert changed == {"expression.weight", "expression.bias"}, "LFW alone teaches nothing, its echo the expressions"
