"""`%track preview`, `exclude`, `include`, `history` and `recipe`: what cells give, and what was executed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbtrack.capture.preview import cell_above, preview
from nbtrack.entities import Request, RunView
from nbtrack.entities.ledger import Entry
from nbtrack.errors import UsageError
from nbtrack.journal import excluded, fold
from nbtrack.magics.commands import Base
from nbtrack.magics.history import runs_of
from nbtrack.magics.line import DryLine
from nbtrack.reads import find

if TYPE_CHECKING:
    from nbtrack.magics.history import HistoryTable

_LETTERS = 4
"""Of an id that stand for it, as elsewhere."""


class Commands(Base):
    """The commands about the cells of this kernel."""

    def _preview(self, words: list[str]) -> DryLine:
        if len(words) > 1:
            raise UsageError(f"%track preview got {' '.join(words)!r}.", mend="Write %track preview, or %track preview N with the number of an execution.")
        entry = cell_above(self.session.ledger, words[0] if words else "") or (self._cell_of_run(words[0]) if words else None)
        if entry is None:
            what = f"called {words[0]!r} was executed here, and no run of this name" if words else "was executed yet"
            raise UsageError(f"No cell {what}.", mend="Run it first; N is the number in its brackets. %%track --dry runs a cell and keeps nothing.")
        choice = self.session.choice(Request())
        found, out = preview(entry, self.session.ledger, self.session.shell.user_ns, self.session.collector.sources, choice)
        return DryLine(found, f"preview of [{entry.execution_count or entry.number}]: %%track would record of params, metrics and curves", out)

    def _cell_of_run(self, word: str) -> Entry | None:
        """The last cell of this kernel in which a run of that name, id or attempt went on."""
        for entry in reversed([it for it in self.session.ledger.entries if it.ended_ns is not None]):
            for run_id in runs_of(entry):
                view = fold(self._home(), run_id, metrics=False)
                if view is not None and (
                    word in (view.name, f"{view.name}#{view.start.attempt}", "last") or (len(word) >= _LETTERS and run_id.startswith(word))
                ):
                    return entry
        return None

    def _exclude(self, words: list[str]) -> None:
        home, notebook = self._home(), self.session.notebook()
        names = tuple(dict.fromkeys([*excluded.of(home, notebook), *words]))
        if words:
            excluded.keep(home, notebook, names)
        self._say(f"left out in this notebook: {', '.join(names) or 'nothing'}")

    def _include(self, words: list[str]) -> None:
        home, notebook = self._home(), self.session.notebook()
        before = excluded.of(home, notebook)
        if not words or not set(words) <= set(before):
            unknown = [word for word in words if word not in before]
            what = f"{', '.join(map(repr, unknown))} is not left out here" if unknown else "%track include needs a name"
            raise UsageError(f"{what}.", mend=f"Left out are: {', '.join(before) or 'none'}.")
        names = tuple(name for name in before if name not in words)
        excluded.keep(home, notebook, names)
        self._say(f"left out in this notebook: {', '.join(names) or 'nothing'}")

    def _history(self, words: list[str]) -> HistoryTable:
        from nbtrack.magics.history import HistoryTable
        from nbtrack.notebooks.stale import stale_cells

        truth = self.session.truth
        stale = stale_cells(truth.history.steps, truth.document())
        return HistoryTable(self.session.ledger.entries, stale, {run_id: view.name for run_id, view in self._views().items()})

    def _views(self) -> dict[str, RunView]:
        ids = {it for entry in self.session.ledger.entries for it in runs_of(entry)}
        return {run_id: view for run_id in ids if (view := fold(self._home(), run_id, metrics=False)) is not None}

    def _recipe(self, words: list[str]) -> object:
        named = [word for word in words if word != "--open"]
        home = self._home()
        from nbtrack.replay.restore import notebook

        written = notebook(home, find(home, named[0] if named else "last"), "recipe")
        if "--open" in words:
            return written
        self._say(f"wrote {written.path}")
        return None
