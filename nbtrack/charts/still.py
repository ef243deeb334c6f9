"""A comparison as text that needs nothing: HTML for saved notebooks, markdown, plain text. No script and no style, since GitHub takes both away."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nbtrack.charts.frame import sendable
from nbtrack.charts.picture import Picture
from nbtrack.charts.rows import Cell, Rows
from nbtrack.reads.markdown import inline

_BEST = "best of its column"


def html(table: Rows, caption: str, pictures: Sequence[Picture] = ()) -> str:
    """A table with its caption, the pictures in it, and what was left out."""
    if not table.rows:
        return sendable(f"<p>{escape(caption)}</p>")
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.header)
    body = "".join(f"<tr>{_head(row[0])}{''.join(_cell(*it) for it in zip(row[1:], table.is_number[1:], strict=True))}</tr>" for row in table.rows)
    rest = f"<p>Not shown: {escape(', '.join(table.left_out))}.</p>" if table.left_out else ""
    figures = "".join(f'<p><img src="{it.png_uri}" width="{it.width}" alt="{escape(it.says, quote=True)}"></p>' for it in pictures)
    return sendable(f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}{figures}")


def markdown(table: Rows, caption: str) -> str:
    """As GitHub and GitLab read it; nothing in it means anything but itself."""
    if not table.rows:
        return sendable(f"{inline(caption)}\n")
    rule = "|" + "|".join("---:" if is_number else "---" for is_number in table.is_number) + "|"
    body = [_row([f"**{inline(it.text)}**" if it.is_best and it.text else inline(it.text) for it in row]) for row in table.rows]
    rest = [f"\nNot shown: {inline(', '.join(table.left_out))}."] if table.left_out else []
    return sendable("\n".join([f"{inline(caption)}\n", _row([inline(name) for name in table.header]), rule, *body, *rest]) + "\n")


def text(table: Rows, caption: str) -> str:
    """Aligned columns; the best of a column is marked with a star."""
    lines = [[*table.header], *([f"{it.text} *" if it.is_best else it.text for it in row] for row in table.rows)]
    if not table.rows:
        return sendable(caption)
    widths = [max(len(line[column]) for line in lines) for column in range(len(table.header))]
    body = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    rest = [f"Not shown: {', '.join(table.left_out)}."] if table.left_out else []
    return sendable("\n".join([caption, *body, *rest]))


def _head(cell: Cell) -> str:
    return f'<th scope="row" align="left">{escape(cell.text)}</th>'


def _cell(cell: Cell, is_number: bool) -> str:
    align = ' align="right"' if is_number else ' align="left"'
    inner = f'<strong title="{_BEST}">{escape(cell.text)}</strong>' if cell.is_best else escape(cell.text)
    return f"<td{align}>{inner}</td>"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
