"""What the user asked of a run: the words of a `%%track` line, or of `nbtrack.track(...)`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """One `%%track` line, understood."""

    name: str = ""
    experiment: str = ""
    params: tuple[tuple[str, str | None], ...] = ()
    """Name and value; None means the value the name has after the cell."""
    metrics: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    goal: str = ""
    """`max:NAME` or `min:NAME`, or empty."""
    parent: str = ""
    is_update: bool = False
    is_dry: bool = False
    is_quiet: bool = False
