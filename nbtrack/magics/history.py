"""`%track history`: what this kernel executed, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from nbtrack.entities.ledger import BLOCK_RUNS, Entry
from nbtrack.notebooks.shell_calls import plain_source
from nbtrack.reads import words

_HEADER = ["#", "In", "cell", "state", "time", "took", "run", "first line", "stale"]
_BLOCKS = 3
"""Of one cell whose runs are named."""


class HistoryTable:
    """Executed cells in true order; an HTML table in Jupyter, aligned text elsewhere."""

    def __init__(self, entries: Sequence[Entry], stale: Mapping[int, str], names: Mapping[str, str]) -> None:
        """
        Args:
            entries: executed cells.
            stale: why a cell is stale, by number.
            names: names of runs by id.
        """
        self._stale = stale
        self.rows = [[*_facts(entry, names), stale.get(entry.number, "")] for entry in entries]

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        if not self.rows:
            return "Nothing was executed."
        table = [_HEADER, *self.rows]
        widths = [max(len(row[column]) for row in table) for column in range(len(_HEADER))]
        return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table)

    def _repr_html_(self) -> str:
        head = "".join(f"<th style='text-align:left'>{escape(name)}</th>" for name in _HEADER)
        body = "".join(
            ("<tr style='opacity:.6'>" if row[-1] else "<tr>") + "".join(f"<td style='text-align:left'>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _facts(entry: Entry, names: Mapping[str, str]) -> list[str]:
    took = "" if entry.ended_ns is None or not entry.started_ns else words.duration((entry.ended_ns - entry.started_ns) / 1e9)
    first = next((line for line in plain_source(entry.source).splitlines() if line.strip()), "")
    return [
        str(entry.number), "" if entry.execution_count is None else f"[{entry.execution_count}]", entry.cell_id[:8], str(entry.status),
        words.clock(entry.started_ns) if entry.started_ns else "", took, _runs_of(entry, names), words.short(words.clean(first), 60),
    ]  # fmt: skip


def _runs_of(entry: Entry, names: Mapping[str, str]) -> str:
    """Names of its own run, and of those of blocks in it."""
    more = len(entry.facts.get(BLOCK_RUNS, ())) - _BLOCKS
    return ", ".join(names.get(it, it[:8]) for it in runs_of(entry)) + (f" and {more} more" if more > 0 else "")


def runs_of(entry: Entry) -> list[str]:
    """Ids of the runs that are named with the cell."""
    return [it for it in (entry.run_id, *entry.facts.get(BLOCK_RUNS, ())[:_BLOCKS]) if it]
