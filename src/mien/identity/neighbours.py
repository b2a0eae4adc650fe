"""Approximate neighbours, for more faces than exact search is quick enough for: an index of faiss, the extra `near`.

It is made in memory whenever it is needed, in seconds for a hundred thousand vectors, and never written: nothing that a
kill could damage, and nothing that could grow stale.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from mien.errors import MissingExtra
from mien.identity.nodes import Nearest, nearest
from mien.types import Floats

Ids = NDArray[np.int64]
EXACT = 150_000  # nodes up to which exact search takes minutes, and is used
SMALL = 5_000  # nodes up to which exact search is the quicker one
ASKED = 8  # neighbours asked for, as the nearest may be forbidden
PROBED = 24  # lists looked through, of some four times the square root of the nodes


def chosen(count: int) -> Nearest:
    """How neighbours are found among so many: exactly, unless they are very many and faiss is installed."""
    return approximate if count > EXACT and find_spec("faiss") else nearest


def approximate(means: Floats, forbidden: Ids) -> tuple[Floats, Ids]:
    """As `nodes.nearest`, but a neighbour is missed now and then."""
    if len(means) <= SMALL:
        return nearest(means, forbidden)
    likeness, place = _search(means)
    own = np.arange(len(means))
    allowed = (place >= 0) & (place != own[:, None])
    if len(forbidden):
        codes = np.sort(forbidden[:, 0] * len(means) + forbidden[:, 1])
        asked = own[:, None] * len(means) + place
        allowed &= codes[np.searchsorted(codes, asked).clip(max=len(codes) - 1)] != asked
    best = allowed.argmax(1)
    found, where = likeness[own, best], place[own, best]
    for i in np.flatnonzero(~allowed.any(1)):  # all that were asked for are forbidden: look at everybody
        row = means @ means[i]
        row[[i, *forbidden[forbidden[:, 0] == i, 1]]] = -np.inf
        where[i] = row.argmax()
        found[i] = row[where[i]]
    return found, where


def _search(means: Floats) -> tuple[Floats, Ids]:
    """The nearest few of every row, itself among them; -1 where the lists held fewer."""
    try:
        import faiss
    except ImportError:
        raise MissingExtra("faiss-cpu", "near") from None
    rows = np.ascontiguousarray(means, np.float32)
    lists = min(int(4 * np.sqrt(len(rows))), len(rows) // 40)  # faiss wants 39 rows to learn each list from
    coarse = faiss.IndexFlatIP(rows.shape[1])
    index = faiss.IndexIVFFlat(coarse, rows.shape[1], lists, faiss.METRIC_INNER_PRODUCT)
    index.train(rows[:: max(len(rows) // (64 * lists), 1)])
    index.add(rows)
    index.nprobe = PROBED
    return index.search(rows, ASKED)
