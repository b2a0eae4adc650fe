"""From a checkpoint to what ships: fp32 and int8 ONNX, temperatures, cards.

python -m mien.train.ship --name mien_s.default --checkpoint .cache/train/mien_s.pt .cache/train/echo.pt --data DIR
python -m mien.train.ship --name mien_s.clean --checkpoint .cache/train/clean.pt --renders DIR
python -m mien.train.ship --name finder.default --checkpoint .cache/train/finder.pt --scenes DIR
python -m mien.train.ship --name judge.default --checkpoint judge.pt other.pt --scenes DIR --photos DIR
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mien.card import Card, Input, Output
from mien.geometry import luma, normalise
from mien.heads import EXPRESSION, QUESTIONS
from mien.models import Model
from mien.runtime.onnx import Onnx
from mien.train import export, loop, sources
from mien.train.embedded import INPUT, chances, crops, inputs, widths
from mien.train.finder import FinderNet
from mien.train.nets import FaceNet
from mien.types import Floats

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"
LICENSES = {
    "mien_s.default": "Apache-2.0 file; trained on research data with doubtful rights, see MODEL_CARD.md",
    "mien_s.clean": "Apache-2.0 file; trained on MIT renders and CC BY 4.0 photos alone",
    "finder.default": "Apache-2.0 file; trained on renders and research photos, see MODEL_CARD.md",
    "judge.default": "Apache-2.0 file; trained on renders and research photos, see MODEL_CARD.md",
}

WEIGHT = 0.5  # of the judge against the detector
UNTAUGHT = {"mien_s.clean": ("identity", "age", "gender", "ethnicity")}  # what its data cannot teach


def temperature(logits: Floats, soft: Floats) -> float:
    """The divisor of logits that makes the target probabilities likeliest; a golden-section search in its logarithm."""

    def surprise(log_t: float) -> float:
        scaled = logits / np.exp(log_t)
        top = scaled.max(1, keepdims=True)
        log_sum = top[:, 0] + np.log(np.exp(scaled - top).sum(1))
        return float(np.mean(log_sum - (soft * scaled).sum(1)))

    low, high, ratio = -1.5, 1.5, (np.sqrt(5) - 1) / 2
    for _ in range(40):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if surprise(left) < surprise(right) else (left, high)
    return float(np.exp((low + high) / 2))


def faces(name: str, checkpoints: Sequence[Path], told: tuple[sources.Source, sources.Source]) -> list[Card]:
    """Ship the face network in int8 and the main one in fp32, too; `told` are faces to quantise and to calibrate on."""
    net, main = loop.averaged(FaceNet(widths()), *checkpoints).eval(), name not in UNTAUGHT
    if main:
        restore(net, told[0])
    names = [n for n in (*net.heads, *net.placed, "embedding256") if n not in UNTAUGHT.get(name, ())]
    fit, calibrate, how = *told, INPUT
    stem = name.replace(".", "_")
    fp32, int8 = WEIGHTS / f"{stem}.fp32.onnx", WEIGHTS / f"{stem}.int8.onnx"
    blank, free = torch.randn(4, 1, INPUT.size, INPUT.size), {0: "n"}
    export.to_onnx(net, names, blank, fp32, free)  # as it is: what learns on from this file knows plain layers
    export.store_halved(fp32)
    export.blocked(net.trunk[0])
    export.to_onnx(net, names, blank, int8, free)
    export.to_int8(int8, int8, [*inputs(fit.images[:1024], 64)])
    sizes = widths() | {"embedding256": FaceNet.FEATURES}
    outputs = tuple(Output(n, n, 0, sizes[n]) for n in names)
    ships = [(int8, name, (name.split(".")[0],) if main else ())] + [(fp32, f"{name}.fp32", ())] * main
    cards = []
    for path, full, aliases in ships:
        card = Card(full, path.name, LICENSES[name], how, outputs, aliases)
        cards.append(finish(calibrated(card, path, calibrate), path))
    if not main:
        fp32.unlink()
    return cards


def restore(net: FaceNet, fit: sources.Source, share: float = 0.5) -> None:
    """Take back half of what drawing rare expressions more often did to their shares; all would lose them again."""
    soft = np.nan_to_num(fit.targets["expression"]).astype(np.float64)
    shift = np.log(soft.mean(0) / (chances(fit)[:, None] * soft).sum(0))
    expression = net.heads["expression"]
    assert isinstance(expression, nn.Linear)
    expression.bias.data += torch.from_numpy(share * shift).float()


def photos(data: Path) -> tuple[sources.Source, sources.Source]:
    """Real faces that were trained on, and majority-labelled ones neither trained nor reported on."""
    fit, calibrate, _ = sources.ferplus(data)
    clear, label = sources.majority(calibrate)
    truth = np.eye(8, dtype=np.float32)[label[clear]]
    calibrate = calibrate.pick(clear)
    return fit, replace(calibrate, targets={**calibrate.targets, "expression": truth})


def rendered(renders: Path) -> tuple[sources.Source, sources.Source]:
    """The same of renders alone: the first shards' heads, and the others with a prototype's expression."""
    part = sources.renders(renders)
    known = np.flatnonzero(np.isfinite(part.targets["expression"]).all(1))
    return part, part.pick(known[known >= len(part) // 2])


def calibrated(card: Card, path: Path, calibrate: sources.Source) -> Card:
    """The card with the expression's temperature fitted on these faces' labels."""
    runtime = Onnx(path, threads=1)
    raw = np.concatenate([runtime.run(batch)["expression"] for batch in inputs(calibrate.images, 64)])
    heat = round(temperature(raw, calibrate.targets["expression"]), 4)
    return replace(
        card, outputs=tuple(replace(o, temperature=heat) if o.head == EXPRESSION.name else o for o in card.outputs)
    )


def finder(name: str, checkpoint: Path, scenes: Path) -> list[Card]:
    """Ship the detector."""
    from mien.train.finder import Scenes

    net = loop.averaged(FinderNet(), checkpoint).eval()
    export.blocked(net.stem[0])
    how = Input(size=640, crop="stretch", mean=(0.5,), std=(0.25,))
    stem = name.replace(".", "_")
    fp32, int8 = WEIGHTS / f"{stem}.fp32.onnx", WEIGHTS / f"{stem}.int8.onnx"
    export.to_onnx(net, ["maps8", "maps16", "maps32"], torch.randn(1, 1, 96, 128), fp32, {2: "h", 3: "w"})
    pictures = Scenes(scenes, 0).images[:128]
    examples = [normalise(luma(p)[None, ..., None], how) for p in pictures]
    export.to_int8(fp32, int8, examples)
    export.store_halved(fp32)
    post = {"threshold": 0.65}
    return [
        finish(Card(full, path.name, LICENSES[name], how, (), aliases, post=post), path)
        for path, full, aliases in ((int8, name, ("finder",)), (fp32, f"{name}.fp32", ()))
    ]


def judge(name: str, checkpoints: Sequence[Path], scenes: Path, photos: Path) -> list[Card]:
    """Ship the second opinion, the mean of all these, in int8 alone: it is asked about single finds."""
    from mien.train.judge import INPUT as FINDS
    from mien.train.judge import JudgeNet, Panel, collected

    nets = [loop.averaged(JudgeNet(), checkpoint) for checkpoint in checkpoints]
    net, path = Panel(nets).eval(), WEIGHTS / f"{name.replace('.', '_')}.int8.onnx"
    fp32 = path.with_suffix(".fp32.onnx")
    export.to_onnx(net, ["face"], torch.randn(4, 3, FINDS.size, FINDS.size), fp32, {0: "n"})
    found = crops(collected(scenes, photos, 200, seed=2).images[:1024], FINDS.size)
    export.to_int8(fp32, path, [normalise(found[i : i + 64], FINDS) for i in range(0, len(found), 64)])
    fp32.unlink()
    card = Card(name, path.name, LICENSES[name], FINDS, (), (name.split(".")[0],), post={"weight": WEIGHT})
    return [finish(card, path)]


def finish(card: Card, path: Path) -> Card:
    """The card with its file's hash and size, written beside the file."""
    content = path.read_bytes()
    card = replace(card, hash="sha256:" + hashlib.sha256(content).hexdigest(), size=len(content))
    path.with_suffix(".json").write_text(card.to_json() + "\n")
    return card


def model(card: Card, heads: Sequence[str] = tuple(QUESTIONS)) -> Model:
    """A shipped card ready to answer."""
    from mien.heads import named

    answered = {output.head for output in card.outputs}
    return Model(card, Onnx(WEIGHTS / card.file, threads=1), frozenset(named(h) for h in heads if h in answered))


def main() -> None:
    """Ship from the command line."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--name", choices=sorted(LICENSES), required=True)
    parse.add_argument(
        "--checkpoint",
        type=Path,
        required=True,
        nargs="+",
        help="the judges that sit together, the face networks whose mean ships, or one",
    )
    parse.add_argument("--data", type=Path)
    parse.add_argument("--scenes", type=Path)
    parse.add_argument("--photos", type=Path, help="for the judge: pictures without people")
    parse.add_argument("--renders", type=Path, help="for mien_s.clean: rendered heads never trained on")
    given = parse.parse_args()
    checkpoint, *more = given.checkpoint
    if more and given.name.startswith("finder"):
        parse.error(f"wanted one checkpoint for {given.name}, got {len(given.checkpoint)}; name one")
    if given.name.startswith("finder"):
        made = finder(given.name, checkpoint, given.scenes)
    elif given.name.startswith("judge"):
        made = judge(given.name, given.checkpoint, given.scenes, given.photos)
    else:
        told = rendered(given.renders) if given.name.endswith("clean") else photos(given.data)
        made = faces(given.name, given.checkpoint, told)
    for card in made:
        print(f"{card.name}: {card.file}, {card.size / 1e6:.2f} MB")  # noqa: T201


if __name__ == "__main__":
    main()
