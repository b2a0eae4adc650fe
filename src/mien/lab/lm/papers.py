"""The published rows (2017 and 2019 papers, Penn Treebank), and how many numbers each such model has by one rule."""

from dataclasses import dataclass

from mien.lab.lm.models import GATES, Kind

WORDS = 10_000
SAME = 0.005  # numbers that differ by less agree: the papers round, and biases are less than this


@dataclass(frozen=True, slots=True)
class Published:
    """One row: perplexity of the test, megabytes, millions of numbers, milliseconds a word on a phone of 2016 (or not
    told), and how many numbers the model has as we count, or None where its ranks are not told."""

    row: str
    perplexity: float
    megabytes: float
    millions: float
    milliseconds: float | None = None
    counted: int | None = None

    @property
    def agrees(self) -> bool:
        """Whether the row counts as we do."""
        return self.counted is not None and abs(self.millions * 1e6 / self.counted - 1) < SAME


def dense(units: int, kind: Kind = "lstm") -> int:
    """Numbers of a model of two layers, embedding and output layer."""
    return WORDS * (2 * units + 1) + 2 * GATES[kind] * units * (2 * units + 1)


def shared(units: int, rank: int) -> int:
    """Numbers of an LSTM of two layers in which `lowrank(rank)` has been at work."""
    return WORDS * (2 * rank + 1) + 2 * (4 * units * (2 * rank + 1) + rank * units)


def paired(units: int, rank: int) -> int:
    """Numbers of an LSTM of two layers whose output layer alone is a pair of that rank."""
    return dense(units) - WORDS * units + rank * (WORDS + units)


def pruned(units: int, share: float) -> int:
    """Numbers of an LSTM of two layers that has lost a share of each matrix."""
    biases = WORDS + 8 * units
    return round((dense(units) - biases) * (1 - share)) + biases


PUBLISHED = (
    Published("LSTM 200-200", 117.659, 18.6, 4.64, 9.63, dense(200)),
    Published("LSTM 300-300", 91.95, 29.8, 7.45, 10.24, dense(300)),
    Published("LSTM 400-400", 86.687, 42.24, 10.56, 12.4, dense(400)),
    Published("LSTM 500-500", 84.778, 56, 14, 14.03, dense(500)),
    Published("LSTM 650-650", 82.07, 79.1, 19.7, 16.13, dense(650)),
    Published("LSTM 1500-1500", 78.29, 264.1, 66.02, 45.47, dense(1500)),
    Published("RNN 650-650", 124.371, 67.6, 16.9, 15.91, dense(650, "rnn")),
    Published("GRU 650-650", 92.86, 72.28, 18.07, 16.94, dense(650, "gru")),
    Published("200-200, pruned", 149.31, 5.5, 0.5, 9.56, pruned(200, 0.9)),
    Published("200-200, pruned, retrained", 121.123, 5.5, 0.5, 9.56, pruned(200, 0.9)),
    Published("200-200, 1 byte", 118.232, 4.7, 4.64, 9.61, dense(200)),
    Published("LR 200-200", 136.115, 3.712, 0.928, 7.83, shared(200, 40)),
    Published("LR 300-300", 113.691, 8.228, 2.072, 8.39, shared(300, 70)),
    Published("LR 400-400", 106.623, 13.12, 3.28, 8.82, shared(400, 100)),
    Published("LR 500-500", 97.282, 14.336, 3.584, 8.95, shared(500, 128)),
    Published("LR 650-650", 92.885, 16.8, 4.2, 9.68, shared(650, 128)),
    Published("LR 1500-1500", 89.462, 94.9, 23.72, 15.70),
    Published("LR RNN 650-650", 134.111, 35, 8.75, 11.03),
    Published("LR GRU 650-650", 111.06, 12.76, 3.19, 8.74),
    Published("TT 600-600", 168.639, 50.4, 12.6, 16.75),
    Published("output LR 200", 112.065, 12.6, 3.15, None, paired(200, 50)),
    Published("output LR 650", 84.12, 57.9, 14.48, None, paired(650, 112)),
    Published("output LR 1500", 89.613, 215.4, 53.85, None, paired(1500, 246)),
    Published("output TT 200", 116.588, 11.8, 2.95),
    Published("output TT 600", 88.551, 51.12, 12.8),
    Published("output TT 1500", 85.63, 215.8, 53.95),
)
