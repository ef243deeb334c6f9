"""Which executed cells are stale: edited or deleted since, or with inputs that were redefined after they ran."""

from __future__ import annotations

from collections.abc import Sequence

from nbtrack.notebooks.document import Document
from nbtrack.notebooks.reasons import label
from nbtrack.notebooks.shell_calls import plain_source
from nbtrack.notebooks.step import Step


def stale_cells(steps: Sequence[Step], document: Document | None) -> dict[int, str]:
    """Why a cell's last execution is stale, by its number."""
    later: dict[str, Step] = {}
    seen: set[str] = set()
    found: dict[int, str] = {}
    for step in reversed(steps):
        entry = step.entry
        cell = entry.cell_id or entry.source
        if cell not in seen:
            why = _edited(step, document) or _redefined(step, later)
            if why:
                found[entry.number] = why
        seen.add(cell)
        for name in step.sets | step.body.sets:
            later.setdefault(name, step)
    return found


def _edited(step: Step, document: Document | None) -> str:
    entry = step.entry
    if document is None or not entry.cell_id or document.saved_ns < (entry.ended_ns or entry.started_ns):
        return ""
    place = document.index_of(entry.cell_id, entry.source)
    if place is None:
        return "deleted since"
    same = plain_source(document.cells[place].source).split() == plain_source(entry.source).split()
    return "" if same else "edited since"


def _redefined(step: Step, later: dict[str, Step]) -> str:
    """A name that the cell only read was bound or changed by a cell that ran after it."""
    for name in sorted(step.needs - step.sets - step.changes):
        if name in later and not name.startswith("<"):
            return f"{name} was redefined by {label(later[name].entry)}"
    return ""
