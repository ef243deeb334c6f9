"""What `nbtrack compare` prints and writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nbtrack.charts.compare import Comparison
from nbtrack.charts.compare import compare as comparison_of
from nbtrack.charts.rows import Rows
from nbtrack.charts.select import of_words
from nbtrack.errors import UsageError
from nbtrack.journal import Home
from nbtrack.reads import words

_WIDEST = 28
"""Letters of a cell."""


def compare(
    home: Home, runs: Sequence[str], metric: str | None, group: Sequence[str], baseline: str | None, *, as_markdown: bool, as_csv: bool, html: Path | None,
    png: Path | None, as_json: bool,
) -> None:  # fmt: skip
    if (as_markdown or as_csv) and runs and Path(runs[-1]).suffix in {".md", ".csv"}:
        raise UsageError(f"--md and --csv print; {runs[-1]} is taken for a run or a filter.", mend=f"Send what is printed into the file: > {runs[-1]}")
    found = comparison_of(home, of_words(home, runs, " ".join(runs)) if runs else None, metric, list(group), baseline)
    if png is not None:
        _write(png, _picture(found, png))
    if html is not None:
        from nbtrack.widgets.export import export

        _write(html, export(found, "Comparison of runs").encode())
    if as_json:
        print(json.dumps({"table": found.table(), "statistics": _statistics(found)}, indent=2, ensure_ascii=False, allow_nan=False))
    elif as_markdown:
        print(found.markdown(), end="")
    elif as_csv:
        print(found.csv(), end="")
    elif png is not None or html is not None:
        print(*[path for path in (png, html) if path is not None], sep="\n")
    else:
        _print(found)


def _picture(found: Comparison, path: Path) -> bytes:
    """PNG, or SVG where the file is called so."""
    picture = found.picture()
    return picture.svg.encode() if path.suffix == ".svg" else picture.png


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as cause:
        raise UsageError(f"{path} cannot be written: {cause.strerror or cause}.", mend="Name a file in a folder that exists and is yours.") from cause


def _statistics(found: Comparison) -> object:
    return found.answer({"ask": "statistics", "id": 0}) if found.group or found.baseline else None


def _print(found: Comparison) -> None:
    console = Console()
    rows = found.rows()
    if rows.rows:
        metric, sparks = found.sparks(rows.views)
        lines = [[words.short(it.brief or it.text, _WIDEST) for it in row] for row in rows.rows]
        shown, dropped = _that_fit(rows, lines, console.width - (17 if metric else 1))
        table = Table(show_edge=False)
        for at in shown:
            table.add_column(escape(rows.header[at]), justify="right" if rows.is_number[at] else "left", overflow="ellipsis", no_wrap=True)
        if metric:
            table.add_column(escape(metric), no_wrap=True)
        for view, row, line in zip(rows.views, rows.rows, lines, strict=True):
            cells = [f"[bold green]{escape(line[at])}[/]" if row[at].is_best else escape(line[at]) for at in shown]
            table.add_row(*cells, *([sparks.get(view.run_id, "")] if metric else []))
        console.print(table)
        if left_out := [*([f"columns {', '.join(dropped)} (make the window wider)"] if dropped else []), *rows.left_out]:
            console.print(f"Not shown: {', '.join(left_out)}.", markup=False, highlight=False)
    console.print(found.caption(), markup=False, highlight=False)


def _that_fit(rows: Rows, lines: Sequence[Sequence[str]], width: int) -> tuple[list[int], list[str]]:
    """Columns that fit into the window, by number, and the names of those that do not; facts go before params, params before metrics."""
    count = len(rows.header)
    widths = [3 + min(_WIDEST, max(len(line[at]) for line in [rows.header, *lines])) for at in range(count)]
    facts = [at for name in ("started", "id", "reproducible", "duration", "state") if (at := _place(rows, name)) is not None]
    metrics = [at for at in range(count) if any(row[at].brief for row in rows.rows)]
    params = [at for at in range(1, count) if at not in facts and at not in metrics]
    dropped: list[int] = []
    for at in [*facts, *reversed(params), *reversed(metrics)]:
        if sum(width for number, width in enumerate(widths) if number not in dropped) <= width or count - len(dropped) <= 2:
            break
        dropped.append(at)
    return [at for at in range(count) if at not in dropped], [rows.header[at] for at in sorted(dropped)]


def _place(rows: Rows, name: str) -> int | None:
    """Where one of our own columns stands: the first four, and the last two."""
    count = len(rows.header)
    return next((at for at in (0, 1, 2, 3, count - 2, count - 1) if rows.header[at] == name), None)
