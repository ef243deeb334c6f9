"""A curve in a few letters, for terminals."""

from __future__ import annotations

import math
from collections.abc import Sequence

_LEVELS = "▁▂▃▄▅▆▇█"


def spark(values: Sequence[float], width: int = 12) -> str:
    """The curve as bars of eight heights; a gap where no value of a piece is finite, nothing for a single value."""
    if len(values) < 2:
        return ""
    width = min(width, len(values))
    pieces = [values[at * len(values) // width : (at + 1) * len(values) // width] for at in range(width)]
    means = [sum(finite) / len(finite) if (finite := [float(it) for it in piece if math.isfinite(it)]) else math.nan for piece in pieces]
    known = [it for it in means if math.isfinite(it)]
    if not known:
        return " " * width
    low, span = min(known), (max(known) - min(known)) or 1.0
    if not math.isfinite(span):
        return " " * width
    return "".join(_LEVELS[round((it - low) / span * 7)] if math.isfinite(it) else " " for it in means)
