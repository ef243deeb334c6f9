"""Runs as a table, for notebooks and terminals."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from nbtrack.capture.run import sendable
from nbtrack.entities import RunView
from nbtrack.reads import words

_SHOWN = 200


class RunTable:
    """Runs x (name, state, time, params, metrics); an HTML table in Jupyter, aligned text elsewhere."""

    def __init__(self, views: list[RunView], note: str = "") -> None:
        """
        Args:
            note: what should be known of the whole: that the store does not answer, and since when.
        """
        more = f"The newest {_SHOWN} of {len(views):,} runs are shown; a filter finds others." if len(views) > _SHOWN else ""
        self.views, self.note = views, " ".join(text for text in (more, note) if text)
        self._params = list(dict.fromkeys(name for view in views for name in view.params))[:8]
        self._metrics = list(dict.fromkeys(name for view in views for name in words.metrics_of_code(view)))[:8]

    @property
    def header(self) -> list[str]:
        return ["run", "state", "started", "duration", *self._params, *self._metrics, "id"]

    @property
    def rows(self) -> list[list[str]]:
        return [
            [
                words.title(view) + words.role(view), view.state.value, words.when(view.start.started_ns), words.duration(view.duration_s),
                *(words.short(words.told(name, view.params.get(name, "")), 24) for name in self._params),
                *(words.metric(view.metrics[name]) if name in view.metrics else "" for name in self._metrics), view.run_id[:8],
            ]
            for view in self.views[:_SHOWN]
        ]  # fmt: skip

    def __len__(self) -> int:
        return len(self.views)

    def __iter__(self) -> Iterator[RunView]:
        return iter(self.views)

    def __repr__(self) -> str:
        if not self.views:
            return f"No runs. {self.note}".rstrip()
        table = [self.header, *self.rows]
        widths = [max(len(row[column]) for row in table) for column in range(len(self.header))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
        return sendable("\n".join([*lines, *([self.note] if self.note else [])]))

    def _repr_html_(self) -> str:
        if not self.views:
            return sendable(f"<i>{escape(f'No runs. {self.note}'.rstrip())}</i>")
        head = "".join(f"<th>{escape(name)}</th>" for name in self.header)
        body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in self.rows)
        note = f"<i>{escape(self.note)}</i>" if self.note else ""
        return sendable(f'<table style="white-space:nowrap"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}')
