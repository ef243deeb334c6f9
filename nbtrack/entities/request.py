"""What the user asked of a run: the words of a `%%track` line, or of `nbtrack.track(...)`."""

from __future__ import annotations

from dataclasses import field

from nbtrack.records import dataclass


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
    is_scratch: bool = False
    excluded: tuple[str, ...] = ()
    """Names, or patterns with `*`, that are not recorded."""
    capture: str = ""
    """Kinds to capture, such as `params,metrics`; empty means the setting."""
    models: str = ""
    """`final`, `all` or `none`; empty means the setting."""
    allow_secrets: tuple[str, ...] = ()
    """Values and kinds of secrets that are let pass."""

    @property
    def measured(self) -> tuple[str, ...]:
        """Names that the line calls metrics: with `-m`, and the goal's."""
        return (*self.metrics, *filter(None, (self.goal.partition(":")[2],)))
