"""Where the eight expressions lie on the plane of valence and arousal.

Russell & Mehrabian 1977 (J. Research in Personality 11), pleasure and arousal means; sadness with the lower arousal of
Russell's circumplex (1980). What is computed from these centres is *derived* valence and arousal, not measured.
"""

from __future__ import annotations

import numpy as np

from mien.types import Floats

CENTRES: Floats = np.array(  # rows in the order of labels.EXPRESSIONS
    [
        [0.00, 0.00],
        [0.81, 0.51],
        [-0.63, -0.27],
        [0.40, 0.67],
        [-0.64, 0.60],
        [-0.60, 0.35],
        [-0.51, 0.59],
        [-0.55, 0.31],
    ],
    np.float32,
)
