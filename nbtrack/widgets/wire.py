"""From what Python computes to what a front end receives."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

_PARTS = ("last", "lowest", "highest", "best")
DIGITS = 6
"""Of a number in a saved page."""


def as_bytes(runs: Mapping[str, Any]) -> bytes:
    """Runs as JSON, brief; as bytes it travels as a buffer, and is not encoded a second time."""
    return json.dumps(brief(runs), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def brief(runs: Mapping[str, Any]) -> dict[str, Any]:
    """Runs in which a list that a metric's column has already is told by its name: the best values are its lowest or its highest ones."""
    return {**runs, "columns": [_brief(it) if it["kind"] == "metric" else it for it in runs["columns"]]}


def _brief(column: Mapping[str, Any]) -> dict[str, Any]:
    told, parts = dict(column), [it for it in _PARTS if it in column]
    for at, part in enumerate(parts):
        if same := next((name for name in parts[:at] if column[name] == column[part]), ""):
            told[part] = same
    return told


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
