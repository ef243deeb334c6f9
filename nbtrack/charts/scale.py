"""From values to places on an axis, and the values worth a tick."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass

_HUGE, _TINY = sys.float_info.max, 5e-324


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high` stand between `start` and `end`; logarithmic ones only above 0."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    @staticmethod
    def around(values: Iterable[float], start: float, end: float, *, is_log: bool = False) -> Scale:
        """A scale that holds all finite values; where there is one only, it stands in the middle."""
        finite = [float(value) for value in values if math.isfinite(value) and (value > 0 or not is_log)]
        low, high = (min(finite), max(finite)) if finite else (1.0, 10.0) if is_log else (0.0, 1.0)
        if low == high:
            low, high = (low / 10, high * 10) if is_log else (low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2)
        return Scale(max(low, _TINY if is_log else -_HUGE), min(high, _HUGE), start, end, is_log)

    def at(self, value: float) -> float:
        """Where a value stands; outside the ends where it is beyond."""
        low, high, it = (math.log10(self.low), math.log10(self.high), math.log10(value)) if self.is_log else (self.low, self.high, value)
        half = high / 2 - low / 2 or 1.0  # halves, as the whole may be too large for a float
        return self.start + (it / 2 - low / 2) / half * (self.end - self.start)

    def ticks(self, wanted: int = 4) -> list[float]:
        """Round values within the scale."""
        if self.is_log:
            first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
            every = max(1, -(-(last - first + 1) // max(wanted, 1)))
            powers = [10.0**power for power in range(first, last + 1, every)]
            if len(powers) >= 2:
                return powers
        span = self.high - self.low
        if not 1e-290 < span < math.inf:
            return [self.low, self.high]
        rough = span / max(wanted, 1)
        unit = 10.0 ** math.floor(math.log10(rough))
        step = next(unit * it for it in (1, 2, 2.5, 5, 10) if unit * it >= rough * 0.999)
        first_tick = math.ceil(self.low / step - 1e-9)
        found = [(first_tick + number) * step for number in range(wanted + 3)]
        return [0.0 if abs(value) < step * 1e-9 else value for value in found if math.isfinite(value) and value - self.high <= step * 1e-9]


def label(value: float) -> str:
    """A tick's value in few letters."""
    if value == 0:
        return "0"
    if abs(value) >= 1e5 or abs(value) < 1e-3:
        text = f"{value:.3g}"
        mantissa, _, power = text.partition("e")
        return f"{mantissa}e{int(power)}" if power else text
    return f"{value:.6g}"
