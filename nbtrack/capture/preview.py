"""What would be recorded of a cell that ran before: found from its code and from what its names hold now, without a run."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from nbtrack.capture.choice import Choice
from nbtrack.capture.collect import Collector
from nbtrack.capture.source import CaptureSource, Cell, Finding
from nbtrack.capture.weave.plan import plan
from nbtrack.entities import Request
from nbtrack.entities.ledger import Entry, Ledger

_KINDS = ("params", "metrics")
_BUDGET_S = 5.0


def cell_above(ledger: Ledger, which: str) -> Entry | None:
    """The executed cell that a word means: an execution count or a cell id; without a word the last one that is no line of ours alone."""
    executed = [it for it in ledger.entries[:-1] if it.ended_ns is not None]  # the last one is asking
    if which:
        return next((it for it in reversed(executed) if which in (str(it.execution_count), it.cell_id)), None)
    return next((it for it in reversed(executed) if not it.source.lstrip().startswith("%track") and it.source.strip()), None)


def preview(entry: Entry, ledger: Ledger, namespace: dict[str, Any], sources: Iterable[CaptureSource], choice: Choice) -> tuple[list[Finding], list[str]]:
    """Findings of params, metrics and curves, and the names that were left out."""
    outputs = namespace.get("Out")
    result = outputs.get(entry.execution_count) if type(outputs) is dict else None
    cell = Cell(Request(), replace(entry, facts={}), ledger, namespace, None, choice, is_preview=True, result=result)
    cell.deadline = time.monotonic() + _BUDGET_S
    collector = Collector([it for it in sources if it.kind in _KINDS], lambda text: None)
    found: dict[tuple[str, str], Finding] = {}
    for moment in ("before", "after"):
        collector.collect(cell, moment, found)
    for it in _curves(cell):
        if choice.wants(it.name) and "curves" in choice.kinds:
            found.setdefault((it.kind, it.name), it)
    return list(found.values()), cell.left_out


def _curves(cell: Cell) -> Iterable[Finding]:
    try:
        spots = plan(ast.parse(cell.code)).spots
    except (SyntaxError, ValueError):
        return
    for spot in spots:
        yield Finding("curve", spot.name, "known when it runs", spot.rule)
