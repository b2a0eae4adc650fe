"""How often each action unit goes with each expression: the weak link between labels of real faces and units.

Du, Tao & Martinez 2014 (PNAS 111): units that are prototypical of an emotion (seen in more than 70 % of people, here
0.8) and the shares of the others; what they do not list counts as rare. AU07, AU23 and AU24 are left unknown (NaN):
photos of the web differ there from posed ones, and the renders know better.
"""

from __future__ import annotations

import numpy as np

from mien.labels import ACTION_UNITS, EXPRESSIONS
from mien.types import Floats

RARE = 0.08
SEEN = {
    "neutral": {},
    "happiness": {"AU12": 0.9, "AU25": 0.8, "AU06": 0.51, "AU26": np.nan},
    "sadness": {"AU04": 0.6, "AU15": 0.6, "AU01": 0.60, "AU06": np.nan, "AU25": np.nan},
    "surprise": {"AU01": 0.8, "AU02": 0.8, "AU25": 0.8, "AU26": 0.8},
    "fear": {"AU01": 0.8, "AU04": 0.6, "AU25": 0.8, "AU02": 0.57, "AU26": 0.33, "AU10": np.nan},
    "disgust": {"AU10": 0.8, "AU04": 0.6, "AU06": np.nan, "AU15": np.nan, "AU25": np.nan, "AU26": np.nan},
    "anger": {"AU04": 0.8, "AU10": 0.26, "AU06": np.nan, "AU15": np.nan, "AU25": np.nan, "AU26": np.nan},
    "contempt": {"AU12": np.nan, "AU10": np.nan},
}
UNKNOWN = ("AU07", "AU23", "AU24")


def table() -> Floats:
    """(8, 12): rows in the order of EXPRESSIONS, columns of ACTION_UNITS."""
    shares = np.full((len(EXPRESSIONS), len(ACTION_UNITS)), RARE, np.float32)
    for expression, units in SEEN.items():
        for unit, share in units.items():
            shares[EXPRESSIONS.index(expression), ACTION_UNITS.index(unit)] = share
    for unit in UNKNOWN:
        shares[:, ACTION_UNITS.index(unit)] = np.nan
    return shares


def expected(expression: Floats) -> Floats:
    """Expected units (n, 12) of soft expression labels (n, 8); NaN where a label that matters says nothing."""
    shares = table()
    known = np.isfinite(shares)
    weight = expression @ known
    mean = expression @ np.where(known, shares, 0) / np.maximum(weight, 1e-6)
    return np.where(weight > 0.7, mean, np.nan).astype(np.float32)
