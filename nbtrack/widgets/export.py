"""A comparison as a page of its own, with all that can be asked of it answered beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import Any

from nbtrack.widgets import page, wire
from nbtrack.widgets.source import Comparison

_POINTS = 200_000
"""Of all curves of a page; about 3 MB."""
_FEWEST, _MOST = 24, 500
_DRAWN = 100
"""Runs whose curves and details are kept: as many as are drawn at once."""
_PAIRS, _PICTURES, _METRICS, _PARAMS = 5, 24, 6, 8


def export(comparison: Comparison, title: str) -> str:
    """The page as HTML."""
    runs = comparison.table()
    answers = [(ask, wire.with_lists(comparison.answer({**ask, "id": 0}))) for ask in _asks(runs)]
    return page.page(runs, answers, title, still=str(comparison.still().get("text/html", "")))


def _asks(runs: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What a reader of the page is likely to ask."""
    columns = runs["columns"]
    ids: list[str] = next((it["values"] for it in columns if it["key"] == "info/id"), [])
    drawn = ids[:_DRAWN]
    metrics = [it["name"] for it in columns if it["kind"] == "metric"]
    curves = curve_names(columns)
    axes = ("step", "relative", *(["epoch"] if "epoch" in curves else []))  # wall time follows from the relative one
    if curves and drawn:
        points = max(_FEWEST, min(_MOST, _POINTS // (len(curves) * len(drawn) * len(axes))))
        for axis in axes:
            yield {"ask": "curves", "metrics": curves, "runs": drawn, "x": axis, "range": None, "points": points}
    params = differing(columns)
    first = runs.get("metric")
    for metric in sorted(metrics[:_METRICS], key=lambda name: name != first):
        yield {"ask": "importance", "metric": metric}
        for group in ([], *([[runs["group"]]] if runs.get("group") else []), *([name] for name in params[:_PARAMS])):
            yield {"ask": "statistics", "metric": metric, "group": group, "baseline": runs.get("baseline")}
    near = dict.fromkeys([*([runs["baseline"]] if runs.get("baseline") in ids else []), *ids[:_PAIRS]])
    for a, b in permutations(near, 2):
        yield {"ask": "difference", "a": a, "b": b}
    if drawn:
        yield {"ask": "figures", "runs": drawn[:_PICTURES]}
    for run in drawn:
        yield {"ask": "details", "run": run}


def curve_names(columns: list[dict[str, Any]]) -> list[str]:
    """Metrics that have more than one point in one of the newest runs."""
    return [it["name"] for it in columns if it["kind"] == "metric" and any((count or 0) > 1 or (count or 0) < 0 for count in it["count"][:_DRAWN])]


def differing(columns: list[dict[str, Any]]) -> list[str]:
    """Params that tell runs apart."""
    return [it["name"] for it in columns if it["kind"] == "param" and len(set(it["values"])) > 1]
