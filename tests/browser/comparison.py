"""A comparison of made-up runs, as a notebook of a test makes one; `nbtrack.charts` has the real one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import seeded

from nbtrack.widgets import wire

HOSTILE = [
    "<script>window.hacked = 1</script>",
    "</script><script>window.hacked = 1</script>",
    '<img src="x" onerror="window.hacked = 1">',
    '"><svg onload="window.hacked = 1">',
    "javascript:window.hacked=1",
    "{{constructor.constructor('window.hacked=1')()}}",
    "<!--<script>",
    "[a](javascript:window.hacked=1) **bold** `code`",
    "\u202egnitide \u2028 \u0000 line\nbreak",
    "__proto__",
    "constructor",
]
"""Names and values that would do something where they are taken for more than text."""
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


class Seeded:
    """Made-up runs that can be renamed and put into the trash."""

    def __init__(self, count: int = 30, **facts: Any) -> None:
        self._runs = seeded.runs(count, **facts)
        self.asked: list[dict[str, Any]] = []
        self.trashed: set[str] = set()
        self.stale = ""

    def table(self) -> Mapping[str, Any]:
        ids = next(column["values"] for column in self._runs["columns"] if column["key"] == "info/id")
        left = [row for row, run in enumerate(ids) if run not in self.trashed]
        columns = [
            {key: [value[row] for row in left] if isinstance(value, list) else value for key, value in column.items()} for column in self._runs["columns"]
        ]
        return {**self._runs, "columns": columns, "stale": self.stale}

    def answer(self, ask: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append(dict(ask))
        kind, number = ask["ask"], ask["id"]
        if kind == "act":
            (self.trashed.update if ask["do"] == "trash" else self.trashed.difference_update)(ask["runs"])
            return {"answer": "act", "id": number, "says": "Done."}
        if kind == "curves":
            return {"answer": "curves", "id": number, "series": seeded.curves(ask), "says": "Curves."}
        if kind == "details":
            return {
                "answer": "details",
                "id": number,
                "run": ask["run"],
                "title": "A run",
                "sections": [{"title": "Params", "rows": [["lr", "0.1"]]}],
                "says": "A run.",
            }
        return {"answer": kind, "id": number, "error": {"text": "Nobody knows.", "mend": "Ask again."}}

    def still(self) -> Mapping[str, Any]:
        return dict(self.stills()[0][0])

    def stills(self) -> Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        table = {"text/plain": "runs", "text/html": "<table class='told'><caption>Thirty runs</caption><tr><td>still</td></tr></table>"}
        return [(table, {}), ({"image/png": DOT, "text/plain": "curves"}, {})]

    def picture_count(self) -> int:
        return 1

    def to_pandas(self) -> Any:
        return self._runs

    def figure(self, name: str = "curves", **options: Any) -> Any:
        return name


def page_answers(runs: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """What a page holds: curves over steps."""
    metrics = [column["name"] for column in runs["columns"] if column["kind"] == "metric"]
    ask = {"ask": "curves", "metrics": metrics, "runs": runs["columns"][0]["values"][:100], "x": "step", "range": None, "points": 1000}
    told = {"answer": "curves", "id": 0, "series": seeded.curves(ask), "says": "Curves of all runs."}
    return [(ask, wire.with_lists(told)), ({**ask, "x": "relative"}, wire.with_lists(told)), *seeded.answers(runs)]
