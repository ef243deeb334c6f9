"""What a widget shows; `nbtrack.charts` has the real one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Comparison(Protocol):
    """Runs and the numbers of their charts. Called from the kernel's thread and from those of subshells, never from two at once."""

    def table(self) -> Mapping[str, Any]:
        """The runs, column by column, read again; quick where nothing changed."""

    def answer(self, ask: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a view asks, with the ask's `id`; a curve's `x` and `y` are arrays of float64. What cannot be answered is an `error`: text and mend."""

    def still(self) -> Mapping[str, Any]:
        """The comparison as one output by MIME type, for where no widget is: text/html with its pictures in it, text/plain."""

    def stills(self) -> Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """The same as outputs (data and metadata) of their own: the table, then each picture."""

    def picture_count(self) -> int:
        """How many pictures `stills` gives, told without drawing them."""

    def to_pandas(self) -> Any:
        """The runs as a data frame."""

    def figure(self, name: str = "curves", **options: Any) -> Any:
        """A chart as a picture."""
