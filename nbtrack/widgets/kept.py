"""What a notebook keeps of a comparison beside its stills: enough to draw the view again without a kernel, where nbtrack's extension is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import permutations
from typing import Any

from nbtrack.widgets import wire
from nbtrack.widgets.export import curve_names, differing

KIND = "application/vnd.nbtrack.compare+json"
LARGEST = 500_000
"""Bytes of all that is kept."""
_VERSION = 1
_TABLE, _CURVES = 200_000, 160_000
"""Bytes that the table and the curves may take of it."""
_POINT, _SERIES = 18, 110
"""Bytes of a point and of what stands around a curve, about."""
_MOST_DRAWN, _MOST_POINTS, _FEWEST_POINTS = 40, 400, 24
_DETAILS, _PAIRS, _PARAMS = 12, 3, 3

Answer = Callable[[dict[str, Any]], Mapping[str, Any]]


def kept(runs: Mapping[str, Any], answer: Answer, *, view: str, pictures: int, patience_s: float) -> dict[str, Any]:
    """The value of the output's own MIME type.

    Args:
        runs: the columns, as a widget gets them.
        answer: answers a question of a front end.
        view: the widget's id, by which its live view finds the output.
        pictures: outputs below this one that the view covers.
        patience_s: after so much time of the processor nothing more is asked.
    """
    count = _count(runs)
    table = shortened(runs, _TABLE)
    # As one text: a notebook's file would give each number of a list a line of its own
    held = _told(table)
    parts, left = [], LARGEST - _size(held) - 1_000
    until = time.thread_time() + patience_s
    for tries in _asks(table):
        if time.thread_time() > until:
            break
        for ask in tries:
            given = wire.with_lists(answer({**ask, "id": 0}))
            if "error" in given:
                break  # another size of the question has no other answer
            part = _told({"ask": ask, "answer": given})
            if _size(part) < left:
                parts.append(part)
                left -= _size(part) + 1
                break
    data = f'{{"runs":{held},"answers":[{",".join(parts)}]}}'
    return {"version": _VERSION, "view": view, "pictures": pictures, "count": count, "data": data}


def nothing(view: str, pictures: int) -> dict[str, Any]:
    """The same before anything is known: the extension then draws the live view here, which no other output needs to hold."""
    return {"version": _VERSION, "view": view, "pictures": pictures, "count": 0, "data": ""}


def shortened(runs: Mapping[str, Any], limit: int) -> dict[str, Any]:
    """The newest runs, and the baseline, as many as that many bytes hold; of very wide ones the first columns."""
    ids = _ids(runs)
    rows = list(range(len(ids)))
    table = dict(runs)
    while (size := len(_told(table).encode())) > limit and len(rows) > 1:
        rows = rows[: max(1, min(len(rows) - 1, int(len(rows) * limit / size)))]
        baseline = [ids.index(runs["baseline"])] if runs.get("baseline") in ids else []
        table = {**runs, "columns": [_cut(it, dict.fromkeys([*rows, *baseline])) for it in runs["columns"]]}
    columns = table["columns"]
    while len(_told({**table, "columns": columns}).encode()) > limit and len(columns) > 1:
        columns = columns[: len(columns) // 2]
    return {**table, "columns": columns}


def _asks(runs: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """What a reader is likely to ask, the first first; of each the largest form that may fit, then smaller ones."""
    columns, ids, metric = runs["columns"], _ids(runs), runs.get("metric")
    curves, drawn = curve_names(columns), ids[:_MOST_DRAWN]
    if curves and drawn:
        axes = {"step": 0.6, "relative": 0.4}  # wall time follows from the relative one
        if "epoch" in curves:
            axes = {"step": 0.5, "relative": 0.25, "epoch": 0.25}
        for axis, share in axes.items():
            room = (_CURVES * share - _SERIES * len(curves) * len(drawn)) / (_POINT * len(curves) * len(drawn))
            points = int(min(_MOST_POINTS, max(_FEWEST_POINTS, room)))
            sizes = [len(drawn) >> halved for halved in range(5) if len(drawn) >> halved]
            yield [{"ask": "curves", "metrics": curves, "runs": drawn[:size], "x": axis, "range": None, "points": points} for size in sizes]
    near = list(dict.fromkeys([*([runs["baseline"]] if runs.get("baseline") in ids else []), *ids[:_PAIRS]]))
    if metric is not None:
        for group in ([], *([[runs["group"]]] if runs.get("group") else []), *([name] for name in differing(columns)[:_PARAMS])):
            yield [{"ask": "statistics", "metric": metric, "group": group, "baseline": runs.get("baseline")}]
    for a, b in permutations(near, 2):
        yield [{"ask": "difference", "a": a, "b": b}]
    for run in ids[:_DETAILS]:
        yield [{"ask": "details", "run": run}]
    if drawn:
        yield [{"ask": "figures", "runs": drawn[:size]} for size in (24, 8, 4, 2) if size == 2 or len(drawn) > size // 2]
    if metric is not None:
        yield [{"ask": "importance", "metric": metric}]  # last: what it computes with takes a second to load


def _ids(runs: Mapping[str, Any]) -> list[str]:
    return next((it["values"] for it in runs["columns"] if it["key"] == "info/id"), [])


def _count(runs: Mapping[str, Any]) -> int:
    return len(_ids(runs))


def _cut(column: Mapping[str, Any], rows: Mapping[int, None]) -> dict[str, Any]:
    return {name: [value[row] for row in rows] if isinstance(value, list) else value for name, value in column.items()}


def _told(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _size(text: str) -> int:
    """Bytes of a text as it stands in a notebook, where it is a string of JSON."""
    return len(json.dumps(text, ensure_ascii=False).encode())
