"""Pieces of a report, before they are drawn as Markdown or HTML."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Picture:
    """A picture that a page holds itself."""

    title: str
    uri: str
    """A `data:` address."""
    file: str = ""
    """Path in the report's folder, where it lies there too."""


@dataclass(frozen=True)
class Chart:
    """A curve in few points, for where a picture can only be made of text."""

    title: str
    lines: tuple[tuple[float, ...], ...]
    """Values at even places from the first step to the last: of the base and of this change, or of one run alone."""
    steps: tuple[float, float]
    """First and last step."""
    low: float
    high: float
    """Ends of the axis of values."""
    note: str = ""
    """What cannot be seen."""


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
    """Shown on a page; in Markdown they are named, with the way to them where there is one."""
    charts: tuple[Chart, ...] = ()
    """What Markdown shows of the pictures."""
    is_folded: bool = False
    level: int = 3
    weight: int = 0
    """What is lightest is left out first where there is little room."""
    left_out: int = field(default=0)
    """Rows and pieces of code that were left out already."""

    @property
    def is_empty(self) -> bool:
        return not (self.notes or self.rows or self.code or self.pictures or self.charts)
