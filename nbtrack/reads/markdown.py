"""Texts of strangers in Markdown: names of metrics, branches and files mean themselves, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

_SIGNS = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_{}[]<>|#~&!$"})
_BREAK = "\u200b"
"""Takes no room, and keeps a platform from seeing a mention, an issue or a link."""


def inline(text: str) -> str:
    """A text within a line."""
    plain = " ".join(text.split()).translate(_SIGNS)
    plain = _unlinked(plain)
    return re.sub(r"^([-+=]|\d+(?=[.)]))(?=[.)]?( |$|=|-))", r"\1" + _BREAK, plain)


def row(cells: Iterable[str]) -> str:
    """A row of a table."""
    return "| " + " | ".join(inline(cell) for cell in cells) + " |"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table."""
    return [row(header), "|" + "---|" * len(header), *(row(it) for it in rows)]


def fenced(lines: Sequence[str], language: str = "") -> list[str]:
    """Lines of code between fences that no line of it closes."""
    fence = "`" * max(3, 1 + max((len(run) for line in lines for run in re.findall("`+", line)), default=0))
    return [f"{fence}{language}", *lines, fence]


def folded(title: str, lines: Sequence[str]) -> list[str]:
    """Lines that are shown when somebody opens them."""
    plain = _unlinked(escape(" ".join(title.split())))  # an empty line would end the block of HTML
    return [f"<details><summary>{plain}</summary>", "", *lines, "", "</details>"]


def _unlinked(text: str) -> str:
    return re.sub(r"@(?=\w)|://|(?<=\bwww)\.|(?<=#)(?=\d)|\bGH-(?=\d)", lambda it: it.group()[:1] + _BREAK + it.group()[1:], text)
