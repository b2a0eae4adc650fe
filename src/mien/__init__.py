"""mien reads what people show: faces, expressions, valence and arousal, action units, on your own device."""

from __future__ import annotations

__version__ = "0.1.0"
