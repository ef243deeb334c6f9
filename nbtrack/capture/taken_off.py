"""The `%%track` line, taken off its cell: without it, the cell is what it would be."""

from __future__ import annotations

from collections.abc import Callable

from nbtrack.capture.notices import Notices


class TakenOff:
    """Takes the line off, and tells where IPython then runs the cell without telling us.

    Args:
        is_ours: whether the line of this raw cell is understood, and is that of a cell about to run.
        notices: where it is told.
    """

    def __init__(self, is_ours: Callable[[str], bool], notices: Notices) -> None:
        self._is_ours, self._notices = is_ours, notices
        self._is_unseen = False
        """A line was taken off a cell of whose execution no hook has told yet."""

    def transform(self, lines: list[str]) -> list[str]:
        """Input transformer. Runs more than once a cell."""
        if not lines or not lines[0].startswith("%%track") or not self._is_ours("".join(lines)):
            return lines
        self._is_unseen = True
        rest = lines[1:]
        if rest and rest[0].startswith("%%"):
            return rest  # IPython looks for a cell magic on the first line only
        return ["\n", *rest]  # the user's line numbers stay

    transform.has_side_effects = True  # type: ignore[attr-defined]  # so that IPython asks whether input is complete without it, as of a cell magic

    def seen(self) -> None:
        """The cell that runs is one that IPython tells of."""
        self._is_unseen = False

    def executed(self) -> None:
        """IPython runs the cells of a file (`ipython FILE.ipynb`) silently: of those it tells this hook alone, and not what they are."""
        if self._is_unseen:
            self._is_unseen = False
            self._notices.tell("this cell is not tracked: IPython runs the cells of a file unseen. `nbtrack run FILE.ipynb` tracks them")
