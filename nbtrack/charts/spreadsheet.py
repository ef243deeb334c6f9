"""The table of a comparison as a spreadsheet may open it."""

from __future__ import annotations

import csv
import io
from typing import Any

from nbtrack.charts.frame import number
from nbtrack.charts.shapes import Runs


def as_csv(table: Runs) -> str:
    """Every run and every column; texts that a spreadsheet would take for a formula begin with an apostrophe."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    columns = table["columns"]
    writer.writerow([_cell(it["name"] if it["kind"] == "info" else f"{it['kind']}.{it['name']}") for it in columns])
    lists: list[list[Any]] = [it["last"] if it["kind"] == "metric" else it["values"] for it in columns]
    writer.writerows([[_cell(value) for value in row] for row in zip(*lists, strict=True)])
    return written.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") and number(value) is None:
        return f"'{value}"
    return value
