"""ABAW-10, violence: a temporal head on frame embeddings, windows averaged; skeletons attend and are attended to.

Other than in the paper labels are not smoothed and windows hold every frame; rate, epochs and widths are ours.
"""

from __future__ import annotations

from mien.fusion.blend import Blend
from mien.recipes.plans import Member, Part, Plan, Row, Stage
from mien.train.recipe import Recipe

TCN = Plan("cross_entropy", "raised", kind="tcn", reads="embedding", rate=1e-3, epochs=8, batch=16, decay=5e-4)
LSTM = Plan("cross_entropy", "raised", kind="bilstm", reads="embedding", rate=1e-3, epochs=8, batch=16, decay=5e-4)


def only(which: int) -> Blend:
    """Of four members the one at this place."""
    return Blend(tuple((float(i == which),) for i in range(4)))


RECIPE = Recipe(
    title="ABAW-10 violence, macro-F1 of frames; heads on frozen features, where the paper trains the network too",
    data="dvd",
    parts=(
        Part(
            "violence",
            (
                Member("convnext_tiny", TCN),
                Member("enet_b0", LSTM),
                Member("convnext_tiny", LSTM, "bilstm"),
                Member("convnext_tiny", LSTM, "with skeletons", beside="skeleton"),
            ),
            (
                Stage("enet", only(1)),
                Stage("bilstm", only(2)),
                Stage("with skeletons", only(3)),
            ),
        ),
    ),
    rows=(
        Row("EfficientNet-B0 + BiLSTM", ("enet",), 0.7186),
        Row("ConvNeXt-T + BiLSTM", ("bilstm",)),
        Row("ConvNeXt-T + skeletons + BiLSTM", ("with skeletons",), 0.772),
        Row("ConvNeXt-T + TCN", (), 0.783),
    ),
    claim=0.783,
    source="arXiv 2603.12693 and its official code",
    baseline=0.640,
)
