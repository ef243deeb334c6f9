"""From what Python computes to what a front end receives."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

DIGITS = 6
"""Of a number in a saved page."""


def as_bytes(data: Mapping[str, Any]) -> bytes:
    """JSON; as bytes it travels as a buffer, and is not encoded a second time."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def with_buffers(answer: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """An answer whose curves are numbers of buffers."""
    buffers: list[bytes] = []

    def put(values: Any) -> int:
        buffers.append(np.ascontiguousarray(values, dtype="<f8").tobytes())
        return len(buffers) - 1

    told = dict(answer)
    if "series" in told:
        told["series"] = [{**series, "x": put(series["x"]), "y": put(series["y"])} for series in told["series"]]
    return told, buffers


def with_lists(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer whose curves are lists, as a page holds them."""
    told = dict(answer)
    if "series" in told:
        told["series"] = [{**series, "x": _listed(series["x"], 15), "y": _listed(series["y"], DIGITS)} for series in told["series"]]
    return told


def _listed(values: Any, digits: int) -> list[float | str]:
    return [_told(float(value), digits) for value in values]


def _told(value: float, digits: int) -> float | str:
    if math.isfinite(value):
        return float(f"{value:.{digits}g}")
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
