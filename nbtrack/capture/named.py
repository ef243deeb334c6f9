"""Params and metrics the user named: `-p NAME`, `-p NAME=VALUE`, `-m NAME`, or the settings `params` and `metrics`."""

from __future__ import annotations

from collections.abc import Iterable

from nbtrack.capture.source import Cell, Finding, Source


class Named(Source):
    """What the `%%track` line names, and the settings do."""

    name = "named"
    kind = "named"

    def before(self, cell: Cell) -> Iterable[Finding]:
        for name, value in cell.request.params:
            if value is not None:
                yield Finding("param", name, value, "named with -p")

    def after(self, cell: Cell) -> Iterable[Finding]:
        for name, value in cell.request.params:
            if value is None and name in cell.namespace:
                yield Finding("param", name, cell.namespace[name], "named with -p")
        for name in cell.request.metrics:
            if name in cell.namespace:
                yield Finding("metric", name, cell.namespace[name], "named with -m")

    @staticmethod
    def missing(cell: Cell) -> list[str]:
        """Names that were asked for and do not exist after the cell."""
        asked = [name for name, value in cell.request.params if value is None] + list(cell.request.metrics)
        return [name for name in asked if name not in cell.namespace]
