"""python -m mien.recipes.clips: what fill, smoothing and the adaptive rate do on real clips: results/real_clips.json.

Nobody labelled these clips, so nothing here is accuracy: each figure says how near a cheaper or a calmer reading stays
to the shipped network's own reading of every frame.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mien import record
from mien.api import perceiver
from mien.heads import EXPRESSION, VALENCE_AROUSAL
from mien.io.video import Video
from mien.quality import measure
from mien.stream import GAP, See, Watch, steps
from mien.temporal import apply
from mien.temporal.fill import Fill
from mien.temporal.smooth import Smooth
from mien.temporal.stride import Stride
from mien.train.data import Ints, Mask
from mien.train.folds import crossed
from mien.types import Faces, Head, Signal

SHORT = 20  # frames with a face; fewer of them say nothing about time
SEEDS = 5
EVERY = (24, 12, 6, 4, 2)
LADDERS = ((24, 6, 1), (12, 4, 1), (12, 1))
ALPHAS = (0.1, 0.3)  # the paper's for films and for short clips
PAIR = (EXPRESSION, VALENCE_AROUSAL)
KINDS = {
    "box, 0.25 s": Smooth("box", seconds=0.25),
    "box, 0.5 s (shipped)": Smooth("box", seconds=0.5),
    "box, 1 s": Smooth("box", seconds=1.0),
    "Gaussian, 0.5 s": Smooth("gaussian", seconds=0.5),
    "median, 0.5 s": Smooth("median", seconds=0.5),
}
Figures = dict[str, record.Figure]
Row = dict[str, float]  # figures of one person, or of several
Answers = Mapping[Head, Signal]


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A clip's name, what the networks see in each of its frames, and each person's answers as they were measured."""

    name: str
    seen: Sequence[Faces]
    people: Mapping[int, Answers]

    def watch(self, adaptive: Stride | None = None) -> Watch:
        """The clip gone through once more, without asking the networks anew."""
        by_index = {faces.frame.index: faces for faces in self.seen}
        return Watch((f.frame for f in self.seen), lambda frame: by_index[frame.index], adaptive=adaptive)


def opened(path: Path, see: See) -> Clip:
    """Every frame of a clip through the networks; the people in it who are seen long enough."""
    clip = Clip(path.name, [measure(see(frame)) for frame in Video(path)], {})
    people = clip.watch().signals(raw=True)
    return replace(clip, people={p: a for p, a in people.items() if a[EXPRESSION].seen.sum() >= SHORT})


def whole(answers: Answers, fill: Fill) -> dict[Head, Signal]:
    """Gaps filled, then smoothed as watch does; `seen` tells where there is an answer."""
    smooth = {head: steps(head, "default")[1:] for head in PAIR}
    return {head: apply((fill, *smooth[head]), answers[head]) for head in PAIR}


def apart(one: Answers, other: Answers, rows: Mask) -> Row:
    """How far two readings of the same rows are from each other."""
    top = [a[EXPRESSION].values[rows].argmax(1) for a in (one, other)]
    affect = [a[VALENCE_AROUSAL].values[rows] for a in (one, other)]
    shares = [a[EXPRESSION].values[rows] for a in (one, other)]
    return {
        "same expression": float(np.mean(top[0] == top[1])),
        "valence, arousal": float(np.mean(np.abs(affect[0] - affect[1]))),
        "probability moved": float(np.mean(np.abs(shares[0] - shares[1]).sum(1)) / 2),
    }


def mean(rows: Sequence[Row]) -> Row:
    """The mean of each figure over the persons it is known of, who count the same whatever the length of their clip."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {n: round(float(np.mean([row[n] for row in rows if n in row])), 4) for n in names}


def rate(clips: Sequence[Clip]) -> Figures:
    """Agreement with looking at every frame against the share of frames looked at, both after fill and smoothing.

    An adaptive ladder's thresholds are fitted, for each clip, on the others: there the full rate's answer is the truth.
    """
    found = {f"every {stride}": [looked(clip, Stride((stride,))) for clip in clips] for stride in EVERY}
    names = [clip.name for clip in clips]
    for ladder in LADDERS:
        blocks = [_blocks(clip, ladder[0]) for clip in clips]
        for alpha in ALPHAS:
            run = _adaptive(Stride(ladder, half=None, alpha=alpha), clips, blocks)
            found[f"adaptive {'/'.join(map(str, ladder))}, alpha {alpha}"] = crossed(names, run, len(clips))
    longest = int(np.argmax([len(clip.seen) for clip in clips]))
    return {
        name: {"all persons": mean([row for some in each for row in some]), names[longest]: mean(each[longest])}
        for name, each in found.items()
    }


def _adaptive(
    step: Stride, clips: Sequence[Clip], blocks: Sequence[Sequence[Signal]]
) -> Callable[[Ints, Ints], list[list[Row]]]:
    def run(rest: Ints, held: Ints) -> list[list[Row]]:
        others = [block for i in rest for block in blocks[i]]
        fitted = step.fit(others, others)
        return [looked(clips[i], fitted) for i in held]

    return run


def _blocks(clip: Clip, size: int) -> list[Signal]:
    """The mean expression of each frame's faces, cut into the blocks in which a watch decides."""
    none = np.full(len(EXPRESSION.labels), np.nan, np.float32)
    values = np.stack([f[EXPRESSION].values.mean(0) if len(f) else none for f in clip.seen])
    times = np.array([f.frame.time for f in clip.seen])
    seen = np.isfinite(np.sum(values, axis=1))
    rows = [slice(i, i + size) for i in range(0, len(values), size)]
    return [Signal(times[r], values[r], seen[r], EXPRESSION.labels) for r in rows if seen[r].any()]


def looked(clip: Clip, adaptive: Stride) -> list[Row]:
    """Each person of a clip looked at in fewer frames: what that cost, and how near it stays where the face was.

    Gaps of any length are drawn, so that all frames are compared; `shown` is the share that watch would show.
    """
    less = clip.watch(adaptive)
    people = less.signals(raw=True)
    out: list[Row] = []
    for person, every in clip.people.items():
        there = every[EXPRESSION].seen
        row: Row = {"frames looked at": less.looked / less.frames, "shown": 0.0}
        if person in people:
            times = every[EXPRESSION].times
            few, shown = (_at(whole(people[person], fill), times) for fill in (Fill(), Fill(GAP)))
            row["shown"] = float(shown[EXPRESSION].seen[there].mean())
            row |= apart(whole(every, Fill()), few, there & few[EXPRESSION].seen)
        out.append(row)
    return out


def _at(answers: Answers, times: np.ndarray) -> dict[Head, Signal]:
    """The same answers at these times; unseen where there is none."""
    out: dict[Head, Signal] = {}
    for head, signal in answers.items():
        place = np.minimum(np.searchsorted(signal.times, times - 1e-6), len(signal) - 1)
        there = np.abs(signal.times[place] - times) < 1e-6
        out[head] = Signal(times, signal.values[place], signal.seen[place] & there, signal.labels)
    return out


def smoothing(clips: Sequence[Clip]) -> Figures:
    """How much less a smoothed reading jumps from frame to frame, and how far it is from the one as measured."""
    out: Figures = {"as measured": mean([jumps(raw) for raw in people(clips)])}
    for name, step in KINDS.items():
        rows = []
        for raw in people(clips):
            calm = {head: step(signal) for head, signal in raw.items()}
            seen = raw[EXPRESSION].seen
            rows.append(jumps(calm) | {f"{k}, to as measured": v for k, v in apart(raw, calm, seen).items()})
        out[name] = mean(rows)
    return out


def jumps(answers: Answers) -> Row:
    """Changes between neighbouring frames that both show the face: of valence and arousal, and of the top class."""
    expression, affect = answers[EXPRESSION], answers[VALENCE_AROUSAL]
    both = expression.seen[1:] & expression.seen[:-1]
    seconds = float(np.diff(expression.times)[both].sum())
    top = expression.values.argmax(1)
    return {
        "step of valence, arousal": float(np.abs(np.diff(affect.values, axis=0))[both].mean()),
        "changes of expression a second": float(np.sum((top[1:] != top[:-1])[both]) / seconds),
    }


def gaps(clips: Sequence[Clip]) -> Figures:
    """Seen frames taken away and drawn again, against what was measured there; beside two simpler ways to fill."""
    ways: dict[str, Callable[[Signal], Signal]] = {"line (fill)": Fill(), "the last seen": _carried, "the mean": _mean}
    out: Figures = {}
    for name, take in HOLES.items():
        for way, fill in ways.items():
            rows = []
            for seed in range(SEEDS):
                draw = np.random.default_rng(seed)
                for raw in people(clips):
                    gone = take(draw, raw[EXPRESSION])
                    mended = {h: fill(replace(s, seen=s.seen & ~gone)) for h, s in raw.items()}
                    rows.append(apart(raw, mended, gone))
            out[f"{name}: {way}"] = mean(rows)
    return out


def _scattered(share: float) -> Callable[[np.random.Generator, Signal], Mask]:
    """Takes this share of the seen frames, one by one."""

    def take(draw: np.random.Generator, signal: Signal) -> Mask:
        seen = np.flatnonzero(signal.seen)
        gone = np.zeros(len(signal), bool)
        gone[draw.choice(seen, round(share * len(seen)), replace=False)] = True
        return gone

    return take


def _run(seconds: float) -> Callable[[np.random.Generator, Signal], Mask]:
    """Takes one stretch of so many seconds from within; what comes before and after it stays."""

    def take(draw: np.random.Generator, signal: Signal) -> Mask:
        first, last = signal.times[signal.seen][[1, -2]]
        start = draw.uniform(first, max(last - seconds, first))
        gone = signal.seen & (signal.times >= start) & (signal.times < start + seconds) & (signal.times <= last)
        return gone if gone.any() else signal.seen & (signal.times == first)

    return take


HOLES = {
    "10 % of the frames": _scattered(0.1),
    "30 % of the frames": _scattered(0.3),
    "50 % of the frames": _scattered(0.5),
    "0.25 s on end": _run(0.25),
    f"{GAP} s on end (the longest that watch fills)": _run(GAP),
    "1 s on end": _run(1.0),
}


def _carried(signal: Signal) -> Signal:
    """Each unseen row as the last seen one before it."""
    seen = np.flatnonzero(signal.seen)
    place = seen[np.maximum(np.searchsorted(seen, np.arange(len(signal)), side="right") - 1, 0)]
    return replace(signal, values=signal.values[place], seen=np.ones(len(signal), bool))


def _mean(signal: Signal) -> Signal:
    """Each unseen row as the mean of all seen ones."""
    values = np.where(signal.seen[:, None], signal.values, signal.values[signal.seen].mean(0)).astype(np.float32)
    return replace(signal, values=values, seen=np.ones(len(signal), bool))


def people(clips: Sequence[Clip]) -> Iterator[Answers]:
    """Expressions, valence and arousal of everybody, as measured."""
    for clip in clips:
        for answers in clip.people.values():
            yield {head: answers[head] for head in PAIR}


def main() -> None:
    """All three, from the clips to the result file."""
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--data", type=Path, required=True, help="holds video/")
    parse.add_argument("--results", type=Path, default=Path("results"))
    asked = parse.parse_args()
    begun, see = time.monotonic(), perceiver(threads=1)
    paths = sorted(p for p in (asked.data / "video").iterdir() if p.suffix in (".mp4", ".gif"))
    every = [opened(path, see) for path in paths]
    clips = [clip for clip in every if clip.people]
    figures: Figures = {
        "network": see.models[0].card.name,
        "clips": {c.name: {"frames": len(c.seen), "people": len(c.people)} for c in every},
        "rate": rate(clips),
        "fill": gaps(clips),
        "smoothing": smoothing(clips),
    }
    record.write(asked.results / "real_clips.json", figures, seed=0, data=paths, seconds=time.monotonic() - begun)


if __name__ == "__main__":
    main()
