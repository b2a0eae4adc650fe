"""The Pareto picture: dots whose names stand where they cover nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

SIDES = ((1.0, 0.0), (1.0, 0.7), (1.0, -0.7), (-1.0, 0.0), (-1.0, 0.7), (-1.0, -0.7))
PERPLEXITIES = (80, 90, 100, 120, 150, 200, 300, 400)
MARGIN = 3.0  # pixels that stay free around a name: another viewer's letters may be wider


@dataclass(frozen=True, slots=True)
class Dot:
    """One model in one picture; without a name a small cross."""

    name: str
    x: float
    y: float
    color: str


def draw(path: Path, sizes: Sequence[Dot], times: Sequence[Dot]) -> None:
    """Two pictures side by side as SVG, perplexity upwards in both."""
    figure = Figure(figsize=(13, 6.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, dots in ((left, sizes), (right, times)):
        for dot in dots:
            axes.plot(dot.x, dot.y, "o" if dot.name else "x", color=dot.color)
    left.set(xlabel="MB of weights (grey crosses: published)", ylabel="test perplexity")
    right.set(xlabel="ms a word, one thread (blue: 32-bit, orange: 8-bit products)")
    right.set(ylabel="test perplexity of the exported file")
    for axes, ticks in ((left, (1, 2, 5, 10, 20, 50, 100, 200)), (right, (0.05, 0.1, 0.2, 0.5, 1))):
        axes.set(xscale="log", yscale="log", ymargin=0.1)
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_yticks(PERPLEXITIES, [f"{tick}" for tick in PERPLEXITIES])
        axes.minorticks_off()
    figure.draw_without_rendering()  # places are known only now
    for axes, dots in ((left, sizes), (right, times)):
        name(axes, dots)
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "lm"}):  # the same numbers give the same file
        figure.savefig(path, metadata={"Date": None})


def name(axes: Axes, dots: Sequence[Dot]) -> None:
    """Write the names of dots drawn already where they cover nothing; a thin line leads from each back to its dot."""
    places = [axes.transData.transform((dot.x, dot.y)) for dot in dots]
    taken = [Bbox.from_bounds(x - 4, y - 4, 8, 8) for x, y in places]
    line = {"arrowstyle": "-", "color": "0.7", "linewidth": 0.6, "shrinkA": 0, "shrinkB": 3}
    for dot in [dot for dot in dots if dot.name]:
        label = axes.annotate(dot.name, (dot.x, dot.y), xytext=(0, 0), textcoords="offset points", fontsize=8)
        taken.append(_place(label, taken, axes.get_window_extent()))
        axes.annotate("", (dot.x, dot.y), xytext=label.get_position(), textcoords="offset points", arrowprops=line)


def _place(label: Annotation, taken: Sequence[Bbox], frame: Bbox) -> Bbox:
    # To the nearest place that is free and within the frame; gives that place.
    box = label.get_window_extent()
    for distance, (right, up) in product(range(6, 300, 6), SIDES):
        label.set(position=(right * distance, up * distance), ha="left" if right > 0 else "right", va="center")
        box = label.get_window_extent().padded(MARGIN)
        if all(frame.contains(*corner) for corner in box.corners()) and not box.count_overlaps(taken):
            break
    return box
