"""One run in full, for notebooks and terminals."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from nbtrack.charts import curves, draw
from nbtrack.charts.answers import figures
from nbtrack.charts.details import sections
from nbtrack.charts.frame import sendable, shown
from nbtrack.charts.picture import Picture
from nbtrack.entities import RunView
from nbtrack.journal import Home
from nbtrack.reads import words

_MOST_FIGURES, _MOST_METRICS, _POINTS = 6, 8, 240
_FOLDED = ("tags", "machine", "artifacts", "environment", "stdout (its end)", "stderr (its end)", "traceback")
"""Sections that a reader opens when they are wanted."""
_LINES = ("stdout (its end)", "stderr (its end)", "traceback")


class RunPage:
    """Everything that is known of one run: HTML with pictures in Jupyter, text elsewhere."""

    def __init__(self, home: Home, view: RunView) -> None:
        self.home, self.view = home, view

    def sections(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Title and rows of each part that has any."""
        return sections(self.home, self.view)

    def picture(self) -> Picture | None:
        """The run's curves; None where it has none."""
        names = [name for name, it in words.metrics_of_code(self.view).items() if curves.is_curve(it)][:_MOST_METRICS]
        found = curves.series(curves.CurveReader(self.home), [self.view], names, limit=_POINTS)
        return draw.curves(found, {self.view.run_id: shown("name", words.title(self.view))}, curves.says([self.view], names)) if found else None

    def stills(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """The page as outputs of their own: the facts, the curves, then the run's figures."""
        found: list[tuple[dict[str, Any], dict[str, Any]]] = [({"text/html": self._repr_html_(), "text/plain": repr(self)}, {})]
        picture = self.picture()
        if picture is not None:
            found.append(picture._repr_mimebundle_())
        pictures = [it for it in figures(self.home, [self.view])["figures"] if it["mime"] == "image/png" and it["data"]][:_MOST_FIGURES]
        return found + [({"image/png": it["data"], "text/plain": it["title"]}, {"image/png": {"alt": it["title"]}}) for it in pictures]

    def _ipython_display_(self) -> None:
        from IPython.display import display

        for data, metadata in self.stills():
            display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call,unused-ignore]

    def __repr__(self) -> str:
        lines = []
        for title, rows in self.sections():
            width = max(len(name) for name, _ in rows)
            lines += [title, *(f"  {name.ljust(width)}  {value}".rstrip() for name, value in rows)]
        return sendable("\n".join(lines))

    def _repr_html_(self) -> str:
        parts = []
        for title, rows in self.sections():
            body = _lines(rows) if title in _LINES else _table(title, rows)
            parts.append(f"<details><summary>{escape(title)}</summary>{body}</details>" if title in _FOLDED else body)
        return sendable("".join(parts))


def _table(title: str, rows: Sequence[tuple[str, str]]) -> str:
    body = "".join(f'<tr><th scope="row" align="left">{escape(name)}</th><td align="left">{escape(value)}</td></tr>' for name, value in rows)
    caption = "" if title in _FOLDED else f"<caption><strong>{escape(title)}</strong></caption>"
    return f"<table>{caption}<tbody>{body}</tbody></table>"


def _lines(rows: Sequence[tuple[str, str]]) -> str:
    text = "\n".join(value for _, value in rows)
    return f"<pre>{escape(text)}</pre>"
