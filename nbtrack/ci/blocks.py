"""Pieces of a report, before they are drawn as Markdown or HTML."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Picture:
    """A picture that a page holds itself."""

    title: str
    uri: str
    """A `data:` address."""


@dataclass(frozen=True)
class Block:
    """A heading, and what stands below it."""

    title: str
    notes: tuple[str, ...] = ()
    """Sentences above the table."""
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    code: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Titles and lines of differences, each shown when somebody opens it."""
    pictures: tuple[Picture, ...] = ()
    """Shown on a page; in Markdown only named."""
    is_folded: bool = False
    level: int = 3
    weight: int = 0
    """What is lightest is left out first where there is little room."""
    left_out: int = field(default=0)
    """Rows and pieces of code that were left out already."""

    @property
    def is_empty(self) -> bool:
        return not (self.notes or self.rows or self.code or self.pictures)
