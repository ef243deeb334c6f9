"""Runs as a table, for notebooks and terminals."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

from nbtrack.capture.run import sendable
from nbtrack.entities import RunView

if TYPE_CHECKING:
    from nbtrack.magics.columns import Column

_SHOWN = 200


class RunTable:
    """Runs x (name, state, time, metrics, params); an HTML table in Jupyter, aligned text elsewhere."""

    def __init__(self, views: list[RunView], note: str = "", asked: Sequence[str] = (), *, is_all: bool = False, nothing: str = "No runs.") -> None:
        """
        Args:
            note: what should be known of the whole: that the store does not answer, and since when.
            asked: params, metrics and tags to show in place of those that are chosen.
            is_all: show all params and metrics, however long the lines become.
            nothing: what to say where there are no runs.

        Raises:
            UsageError: no run has what was asked for.
        """
        more = f"The newest {_SHOWN} of {len(views):,} runs are shown; a filter finds others." if len(views) > _SHOWN else ""
        self.views, self.note = views, " ".join(text for text in (more, note) if text)
        self._asked, self._is_all, self.nothing = tuple(asked), is_all, nothing
        if asked and views:
            self._columns  # noqa: B018 - a name that no run has is refused here, not where the table is shown

    @cached_property
    def _columns(self) -> tuple[list[Column], list[Column]]:
        from nbtrack.magics.columns import columns

        return columns(self.views[:_SHOWN], self._asked, is_all=self._is_all)

    @property
    def header(self) -> list[str]:
        return [it.title for it in self._columns[0]]

    @property
    def rows(self) -> list[list[str]]:
        return [list(row) for row in zip(*(it.cells for it in self._columns[0]), strict=True)]

    def __len__(self) -> int:
        return len(self.views)

    def __iter__(self) -> Iterator[RunView]:
        return iter(self.views)

    def text(self, width: int | None = None) -> str:
        """Aligned lines without the note.

        Args:
            width: characters of a line, into which as many columns go as fit unless the user chose them; None for any length.
        """
        from nbtrack.magics.columns import GAP, fitting, said

        if not self.views:
            return sendable(self.nothing)
        shown, out = self._columns
        if width is not None and not (self._asked or self._is_all):
            shown, beyond = fitting(shown, width)
            out = [*beyond, *out]
        from rich.cells import set_cell_size

        widths = [it.width for it in shown]
        table = zip(*((it.title, *it.cells) for it in shown), strict=True)
        lines = [(" " * GAP).join(set_cell_size(cell, size) for cell, size in zip(row, widths, strict=True)).rstrip() for row in table]
        return sendable("\n".join([*lines, *([said(out)] if out else [])]))

    def __repr__(self) -> str:
        width = terminal_width()
        if not self.views:
            return sendable(f"{self.nothing} {self.note}".rstrip())
        return sendable("\n".join([self.text(width), *([self.note] if self.note else [])]))

    def _repr_html_(self) -> str:
        from nbtrack.magics.columns import said

        if not self.views:
            return sendable(f"<i>{escape(f'{self.nothing} {self.note}'.rstrip())}</i>")
        look = "white-space:nowrap;text-align:left"  # said of each cell, as JupyterLab's own style says otherwise of each
        head = "".join(f'<th style="{look}">{escape(name)}</th>' for name in self.header)
        body = "".join("<tr>" + "".join(f'<td style="{look}">{escape(cell)}</td>' for cell in row) + "</tr>" for row in self.rows)
        notes = " ".join(text for text in (said(self._columns[1]), self.note) if text)
        note = f"<i>{escape(notes)}</i>" if notes else ""
        return sendable(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}")


def terminal_width() -> int | None:
    """Characters of a line where this process writes; None where that is no terminal and nobody said how wide it is."""
    if not sys.stdout.isatty() and not os.environ.get("COLUMNS", "").isdecimal():
        return None
    return shutil.get_terminal_size().columns


def names_in(text: str) -> list[str]:
    """Names between commas, as `--columns` takes them."""
    return [name for part in text.split(",") if (name := part.strip())]
