"""Runs as a table, and one run in full, for notebooks and terminals."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from nbtrack.capture.run import sendable
from nbtrack.entities import Metric, RunView
from nbtrack.reads import words


class RunTable:
    """Runs x (name, state, time, params, metrics); an HTML table in Jupyter, aligned text elsewhere."""

    def __init__(self, views: list[RunView]) -> None:
        self.views = views
        self._params = list(dict.fromkeys(name for view in views for name in view.params))[:8]
        self._metrics = list(dict.fromkeys(name for view in views for name in words.metrics_of_code(view)))[:8]

    @property
    def header(self) -> list[str]:
        return ["run", "state", "started", "duration", *self._params, *self._metrics, "id"]

    @property
    def rows(self) -> list[list[str]]:
        return [
            [
                words.title(view), view.state.value, words.when(view.start.started_ns), words.duration(view.duration_s),
                *(words.short(words.told(name, view.params.get(name, "")), 24) for name in self._params),
                *(words.metric(view.metrics[name]) if name in view.metrics else "" for name in self._metrics), view.run_id[:8],
            ]
            for view in self.views
        ]  # fmt: skip

    def __len__(self) -> int:
        return len(self.views)

    def __iter__(self) -> Iterator[RunView]:
        return iter(self.views)

    def __repr__(self) -> str:
        if not self.views:
            return "No runs."
        table = [self.header, *self.rows]
        widths = [max(len(row[column]) for row in table) for column in range(len(self.header))]
        return sendable("\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table))

    def _repr_html_(self) -> str:
        if not self.views:
            return "<i>No runs.</i>"
        head = "".join(f"<th>{escape(name)}</th>" for name in self.header)
        body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in self.rows)
        return sendable(f'<table style="white-space:nowrap"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>')


class RunPage:
    """Everything the journal tells of one run."""

    def __init__(self, view: RunView) -> None:
        self.view = view

    def sections(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Title and rows of each part that has any."""
        view = self.view
        facts = [
            ("state", view.state.value + (f": {words.clean(view.reason)}" if view.reason else "")), ("started", words.when(view.start.started_ns)),
            ("duration", words.duration(view.duration_s)), ("attempt", str(view.start.attempt)), ("experiment", view.start.experiment),
            ("store", view.start.store), ("id", view.run_id), ("MLflow id", view.mlflow_run_id or "not delivered yet"),
            ("delivered", "everything" if view.is_delivered else "not yet everything"),
        ]  # fmt: skip
        if stamp := view.tags.get("nbtrack.stamp"):
            facts.insert(1, ("reproducible", stamp))
        own = words.metrics_of_code(view)
        later = [(f"{name} (later)", ", ".join(words.told(name, value) for value in values)) for name, values in view.later_params.items()]
        found = [
            (words.title(view), facts),
            ("params", [(name, words.short(words.told(name, value), 100)) for name, value in view.params.items()] + later),
            ("metrics", _metrics(own)),
            ("why" if stamp != "yes" else "to know", words.reasons(view)),
            ("tags", sorted((name, words.told(name, value)) for name, value in view.tags.items() if name != "nbtrack.stamp.reasons")),
            ("machine", _metrics({name: it for name, it in view.metrics.items() if name not in own})),
            ("artifacts", [(it.path, f"{it.size_bytes} bytes") for it in view.artifacts]),
            ("notes", [("", words.clean(text)) for text in (*view.notes, *view.notices)]),
            ("traceback", [("", line) for line in words.clean(view.traceback).splitlines()]),
        ]
        return [(title, rows) for title, rows in found if rows]

    def __repr__(self) -> str:
        lines = []
        for title, rows in self.sections():
            width = max(len(name) for name, _ in rows)
            lines += [title, *(f"  {name.ljust(width)}  {value}".rstrip() for name, value in rows)]
        return sendable("\n".join(lines))

    def _repr_html_(self) -> str:
        parts = []
        for title, rows in self.sections():
            if title == "traceback":
                parts.append(f"<details><summary>traceback</summary><pre>{escape(words.clean(self.view.traceback))}</pre></details>")
                continue
            body = "".join(f"<tr><th style='text-align:left'>{escape(name)}</th><td style='text-align:left'>{escape(value)}</td></tr>" for name, value in rows)
            parts.append(f"<b>{escape(title)}</b><table>{body}</table>")
        return sendable("".join(parts))


def _metrics(metrics: dict[str, Metric]) -> list[tuple[str, str]]:
    return [(name, f"{words.metric(it)}, {it.count} points" if it.count > 1 else words.metric(it)) for name, it in metrics.items()]
