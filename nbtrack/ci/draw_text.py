"""A report as plain text, for a terminal and a job's log."""

from __future__ import annotations

from collections.abc import Sequence

from nbtrack.capture.run import sendable
from nbtrack.ci.blocks import Block

_LONGEST = 100
"""Characters of a cell up to which a table's columns stand below each other."""


def draw(title: str, blocks: Sequence[Block]) -> str:
    """The whole, with what is folded elsewhere indented; pictures by name."""
    return sendable("\n".join([title, *(line for block in blocks if not block.is_empty for line in ("", *_block(block)))]) + "\n")


def _block(block: Block) -> list[str]:
    lines = [*map(_line, block.notes), *_table(block.header, block.rows)]
    for name, code in block.code:
        lines += [_line(name), *(f"    {_plain(line)}" for line in code)]
    if block.pictures:
        lines.append(f"In the HTML report: {', '.join(_line(it.title) for it in block.pictures)}")
    return [_line(block.title), *(f"  {line}".rstrip() for line in lines)]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    table = [[_line(cell) for cell in row] for row in (header, *rows)]
    widths = [max(min(len(row[at]), _LONGEST) for row in table) for at in range(len(header))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


def _line(text: str) -> str:
    """One line; what would steer a terminal is left out."""
    return _plain(" ".join(text.split()))


def _plain(text: str) -> str:
    return "".join(it for it in text if it.isprintable())
