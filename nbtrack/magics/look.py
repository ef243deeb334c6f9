"""`%track runs`, `show`, `compare`, `live`, `diff` and `changed`: looking at runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nbtrack.capture.current import current
from nbtrack.entities import RunView
from nbtrack.errors import UnknownRunError, UsageError
from nbtrack.magics.commands import Base
from nbtrack.magics.live import Live
from nbtrack.magics.table import RunTable, names_in
from nbtrack.magics.typed import take
from nbtrack.reads import act, all_runs, find

if TYPE_CHECKING:
    from nbtrack.charts.compare import Comparison
    from nbtrack.charts.run_page import RunPage
    from nbtrack.magics.diff_page import DiffPage
    from nbtrack.widgets.compare import Compare

_SETTLE_S = 5.0


class Commands(Base):
    """The commands that show runs."""

    def _runs(self, words: list[str]) -> RunTable:
        from nbtrack.magics.listed import listed

        flags, values, rest = take(words, ("--all-columns",), ("--columns",), "runs")
        return listed(self._home(), " ".join(rest), names_in(values.get("--columns", "")), all_columns="--all-columns" in flags)

    def _show(self, words: list[str]) -> RunPage:
        from nbtrack.charts.run_page import RunPage

        home = self._home()
        return RunPage(home, act.look_for(home, words[0] if words else "last"))

    def _compare(self, words: list[str]) -> Comparison | Compare:
        from nbtrack.magics.compared import compared, shown

        return shown(compared(self._home(), self.text))

    def _live(self, words: list[str]) -> None:
        live = self.session.collector.one(Live)
        live.follow(self._home(), find(self._home(), words[0]) if words else self._going_on())

    def _going_on(self) -> RunView:
        """The run that goes on: this kernel's, else the newest one anywhere; else the last one."""
        run = current()
        if run is not None:
            return find(self._home(), run.run_id)
        return next((view for view in all_runs(self._home(), "state:running", metrics=False)), None) or find(self._home(), "last")

    def _diff(self, words: list[str]) -> DiffPage:
        from nbtrack.magics.diff_page import DiffPage
        from nbtrack.reads.diff import diff_runs

        if len(words) != 2:
            raise UsageError(f"%track diff compares two runs; it got {len(words)}.", mend="Write %track diff A B; %track runs lists them.")
        self.session.settle(_SETTLE_S)
        a, b = (act.look_for_made(self._home(), word) for word in words)
        return DiffPage(diff_runs(self._home(), a, b, Path.cwd()))

    def _changed(self, words: list[str]) -> DiffPage | None:
        from nbtrack.magics.diff_page import DiffPage
        from nbtrack.reads.changed import baseline
        from nbtrack.reads.diff import diff_runs

        view = find(self._home(), words[0] if words else self.session.last.run_id if self.session.last is not None else "last")
        self.session.settle(_SETTLE_S)
        view = find(self._home(), view.run_id)
        try:
            before = baseline(self._home(), view)
        except UnknownRunError as none:
            print(f"nbtrack: {none}")  # noqa: T201 - no error: a notebook that is executed whole for the first time goes on
            return None
        return DiffPage(diff_runs(self._home(), before, view, Path.cwd()))
