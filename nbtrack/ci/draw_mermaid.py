"""A chart as Mermaid, which GitHub and GitLab draw in place of a block of code (https://mermaid.js.org/syntax/xyChart.html).

Nothing but numbers goes into it: what a metric is called stands beside it, as text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from decimal import Decimal

from nbtrack.charts.picture import PALETTE
from nbtrack.ci.blocks import Chart

BASE, HEAD = PALETTE[0], PALETTE[1]
NAMES = {BASE: "blue", HEAD: "orange"}
_SIZE = {"width": 640, "height": 260}
_DIGITS = 5
_PLAIN = range(-3, 6)
"""Powers of ten in which numbers are written as they are; there is no other way to write one in Mermaid."""
_LARGEST = 1 << 12


def lines(chart: Chart) -> list[str]:
    """The chart's code; none where its numbers make no chart."""
    numbers = [*chart.steps, chart.low, chart.high, *(value for line in chart.lines for value in line)]
    if not all(map(math.isfinite, numbers)) or not chart.lines or len(chart.lines) > 2 or min(map(len, chart.lines)) < 2:
        return []
    low, high = chart.low, chart.high
    power = _power(max(abs(low), abs(high)))
    if _text(low, power) == _text(high, power):  # a line without height stands in the middle
        low, high = low - (abs(low) or 1.0) / 10, high + (abs(high) or 1.0) / 10
    colours = (HEAD,) if len(chart.lines) == 1 else (BASE, HEAD)
    config = {"xyChart": _SIZE, "themeVariables": {"xyChart": {"plotColorPalette": ", ".join(colours)}}}
    code = [
        f"%%{{init: {json.dumps(config)}}}%%",
        "xychart-beta",
        f'x-axis "step" {chart.steps[0]:.0f} --> {chart.steps[1]:.0f}',
        f"y-axis{_unit(power)} {_text(low, power)} --> {_text(high, power)}",
        *(f"line [{', '.join(_text(value, power) for value in line)}]" for line in chart.lines),
    ]
    return code if sum(map(len, code)) <= _LARGEST else []


def legend(charts: Sequence[Chart]) -> str:
    """Which colour is which; empty where there are none to tell apart."""
    return f"{NAMES[BASE]}: base, {NAMES[HEAD]}: this change" if any(len(it.lines) > 1 for it in charts) else ""


def _power(largest: float) -> int:
    """The power of ten by which numbers are divided; 0 for those that can be read as they are."""
    power = math.floor(math.log10(largest)) if largest else 0
    return 0 if power in _PLAIN else power


def _unit(power: int) -> str:
    return f' "times 1e{power}"' if power else ""


def _text(value: float, power: int = 0) -> str:
    """A number without an exponent, which Mermaid does not read."""
    scaled = Decimal(repr(value)).scaleb(-power)
    return format(Decimal(f"{scaled:.{_DIGITS - 1}e}").normalize(), "f")
