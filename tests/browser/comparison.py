"""A comparison of made-up runs, as a notebook of a test makes one; `nbtrack.charts` has the real one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import seeded

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
