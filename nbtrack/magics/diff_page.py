"""What changed between two runs as one page: text, HTML, markdown, JSON."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from html import escape
from typing import Any

from nbtrack.amounts import counted
from nbtrack.entities.difference import CellChange, Change, CurveChange, RunDiff
from nbtrack.reads import markdown, words

_NONE = "—"
_COLOURS = {"better": "#2e7d32", "worse": "#c62828"}


@dataclass(frozen=True)
class _Section:
    """A table, and blocks of lines below it."""

    title: str
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    blocks: tuple[tuple[str, tuple[str, ...]], ...] = ()
    notes: tuple[str, ...] = field(default=())


_STYLE = (
    "<style>body{font-family:system-ui,sans-serif;margin:24px;max-width:1100px;color-scheme:light dark}table{border-collapse:collapse}"
    "td,th{font-size:13px;padding:2px 18px 2px 0;vertical-align:top}pre{white-space:pre-wrap;margin:.3em 0 .6em 1em}</style>"
)


class DiffPage:
    """A RunDiff, drawn: HTML in Jupyter, text elsewhere; `.diff` holds the facts."""

    def __init__(self, diff: RunDiff) -> None:
        self.diff = diff

    def __repr__(self) -> str:
        lines = [self._title()]
        for section in _sections(self.diff):
            lines += ["", section.title, *(f"  {note}" for note in section.notes)]
            if section.rows:
                table = [section.header, *section.rows]
                widths = [max(len(row[column]) for row in table) for column in range(len(section.header))]
                lines += ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
            for title, block in section.blocks:
                lines += [f"  {title}", *(f"    {line}" for line in block)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        parts = [f"<b>{escape(self._title())}</b>"]
        for section in _sections(self.diff):
            parts.append(f"<h4 style='margin:.6em 0 .2em'>{escape(section.title)}</h4>")
            parts += [f"<div style='opacity:.75'>{escape(note)}</div>" for note in section.notes]
            if section.rows:
                head = "".join(f"<th style='text-align:left'>{escape(cell)}</th>" for cell in section.header)
                body = "".join("<tr>" + "".join(_cell(cell) for cell in row) + "</tr>" for row in section.rows)
                parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
            for title, block in section.blocks:
                lines = "\n".join(_line(line) for line in block)
                parts.append(f"<details><summary>{escape(title)}</summary><pre style='font-size:12px;line-height:1.3'>{lines}</pre></details>")
        return f"<div style='font-size:13px'>{''.join(parts)}</div>"

    def page(self) -> str:
        """As a page of its own, which needs nothing else; what changed line by line is open."""
        body = self._repr_html_().replace("<details>", "<details open>")
        return f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(self._title())}</title>{_STYLE}</head><body>{body}</body></html>'

    def markdown(self) -> str:
        """As GitHub and GitLab read it."""
        lines = [f"## {markdown.inline(self._title())}"]
        for section in _sections(self.diff):
            lines += ["", f"### {section.title}", ""]
            lines += [f"{markdown.inline(note)}  " for note in section.notes]
            if section.rows:
                lines += markdown.table(section.header, section.rows)
            for title, block in section.blocks:
                lines += ["", *markdown.folded(title, markdown.fenced(block, "diff"))]
        return "\n".join(lines) + "\n"

    def data(self) -> dict[str, Any]:
        """As JSON can hold it: every section, with what follows from its facts; NaN and infinities become texts."""
        found = dataclasses.asdict(self.diff)
        for row, it in zip(found["metrics"], self.diff.metrics, strict=True):
            row |= {"delta": it.delta, "relative": it.relative, "verdict": it.verdict}
        plain = _plain(found)
        assert isinstance(plain, dict)
        return plain

    def _title(self) -> str:
        a, b = self.diff.a, self.diff.b
        return f"{a.title} ({a.run_id[:8]}) → {b.title} ({b.run_id[:8]})"


def _sections(diff: RunDiff) -> list[_Section]:
    """What is drawn, in order; a section that has nothing to say is left out, and if all are, one line says that."""
    found = [
        _Section("run", ("", "before", "after"), _changes(diff.facts)),
        _Section("params", ("param", "before", "after"), _changes(diff.params)),
        _Section("metrics", ("metric", "before", "after", "change", "", "better is"), tuple(_metric_rows(diff))),
        _Section("curves", ("curve", "points", "last", "best", "at step", "differs from step"), tuple(_curve_row(it) for it in diff.curves)),
        _Section("data", ("dataset", "", "before", "after"), tuple(_data_rows(diff))),
        _Section(
            "environment",
            ("", "before", "after"),
            (*_changes(diff.environment.facts), *_changes(diff.environment.distributions), *_changes(diff.environment.variables)),
            notes=_note(diff.environment.missing),
        ),
        _Section("git", ("", "before", "after"), _changes(diff.git.facts), tuple(_git_blocks(diff)), _note(diff.git.missing)),
        _Section("notebook", blocks=tuple((_cell_title(it), _cell_lines(it)) for it in diff.notebook.cells), notes=_note(_notebook_note(diff))),
        _Section("stamp", ("", "before", "after"), _changes(diff.stamp)),
    ]
    shown = [section for section in found if section.rows or section.blocks or section.notes]
    is_same = not any(section.rows or section.blocks for section in shown)
    return [*([_Section("no difference")] if is_same else []), *shown]


def _changes(changes: tuple[Change, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple((it.name, _value(it.a), _value(it.b)) for it in changes)


def _value(value: str | None) -> str:
    return _NONE if value is None else words.short(value, 60) or '""'


def _metric_rows(diff: RunDiff) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for it in diff.metrics:
        change = "" if it.delta is None else f"{'+' if it.delta > 0 else ''}{words.number(it.delta)}"
        change += "" if it.relative is None or not math.isfinite(it.relative) else f" ({it.relative:+.1%})"
        rows.append((it.name, _number(it.a), _number(it.b), change, it.verdict, "higher" if it.direction == "max" else "lower"))
    return rows


def _curve_row(it: CurveChange) -> tuple[str, ...]:
    pairs = [" → ".join(words.number(value) for value in pair) for pair in (it.points, it.lasts, it.bests, it.best_steps)]
    return (it.name, *pairs, _NONE if it.diverges_at is None else str(it.diverges_at))


def _number(value: float | None) -> str:
    return _NONE if value is None else words.number(value)


def _data_rows(diff: RunDiff) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for it in diff.data:
        facts = [change for change in (it.digest, it.rows) if change.a != change.b]
        rows += [(it.name, change.name, _value(change.a), _value(change.b)) for change in facts]
        rows += [(it.name, f"column {change.name}", _value(change.a), _value(change.b)) for change in it.schema]
    return rows


def _git_blocks(diff: RunDiff) -> list[tuple[str, tuple[str, ...]]]:
    git = diff.git
    blocks = [("commits between (> only the second run has, < only the first)", git.commits), ("files that differ between the commits", git.files)]
    return [(title, lines) for title, lines in [*blocks, ("what was not committed", git.patch)] if lines]


def _notebook_note(diff: RunDiff) -> str:
    notebook = diff.notebook
    if notebook.missing or not notebook.cells:
        return notebook.missing
    differs = "differs" if len(notebook.cells) == 1 else "differ"
    return f"{notebook.path}: {notebook.counts[0]} → {counted(notebook.counts[1], 'cell')}, {len(notebook.cells)} of them {differs}"


def _cell_title(it: CellChange) -> str:
    at = f"cell {it.number_b}" if it.number_b is not None else f"cell {it.number_a} of the first run"
    moved = f" (was {it.number_a})" if None not in (it.number_a, it.number_b) and it.number_a != it.number_b else ""
    return f"{at}{moved} {'output differs' if it.how == 'output' else it.how}"


def _cell_lines(it: CellChange) -> tuple[str, ...]:
    return (*it.source, *(("… output:", *it.outputs) if it.outputs else ()))


def _note(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def _cell(text: str) -> str:
    colour = f";color:{_COLOURS[text]}" if text in _COLOURS else ""
    return f"<td style='text-align:left{colour}'>{escape(text)}</td>"


def _line(line: str) -> str:
    colour = {"+": "#2e7d32", "-": "#c62828"}.get(line[:1])
    return f'<span style="color:{colour}">{escape(line)}</span>' if colour else escape(line)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(it) for key, it in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(it) for it in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
