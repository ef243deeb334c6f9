"""Cells as the session runs them, with one source and without a shell."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from nbtrack.capture.collect import Collector
from nbtrack.capture.run import TrackedRun
from nbtrack.capture.source import Cell
from nbtrack.entities import Request, RunStart, State
from nbtrack.entities.ledger import Ledger, Status
from nbtrack.journal import RunWriter, fold, new_id
from nbtrack.journal.fold import events_of
from nbtrack.notebooks.scopes import parse, scope_of


@dataclass
class Notebook:
    """Executes cells; those that are tracked are runs of the journal."""

    home: Any
    store: str
    owner: str
    source: Any
    namespace: dict[str, Any] = field(default_factory=lambda: {"__name__": "__main__"})
    ledger: Ledger = field(default_factory=Ledger)
    told: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.collector = Collector([self.source], self.told.append)
        self.runs = []

    def run(self, code, *, tracked=False, budget_s=10.0, shared=None, **request):
        """Executes a cell; returns what was found in it, by kind and name."""
        tree = parse(code)
        entry = self.ledger.add(code, code, tree, scope_of(tree), started_ns=time.time_ns())
        self.collector.enter(entry)
        cell, found = None, {}
        if tracked:
            run = shared
            if run is None:
                start = RunStart(new_id(), "cell", "Trials", self.store, self.owner, time.time_ns())
                run = TrackedRun(self.home, start, RunWriter.create(self.home, start))
                self.runs.append(run)
            bound = {name: id(value) for name, value in self.namespace.items()}
            cell = Cell(Request(**request), entry, self.ledger, self.namespace, run, before=bound)
            self.collector.collect(cell, "before", found)
        try:
            exec(compile(code, "<cell>", "exec"), self.namespace)
        except Exception as error:  # noqa: BLE001 - the cell's own
            self.error = error
        entry.status = Status.OK
        self.collector.leave(entry)
        if cell is not None:
            cell.deadline = time.monotonic() + budget_s
            self.collector.collect(cell, "after", found)
            if shared is None:
                cell.run.end(State.FINISHED)
            self.thread = self.collector.go_on(cell)
        return {(kind, name): it.value for (kind, name), it in found.items()}

    def tracked(self, code, **options):
        return self.run(code, tracked=True, **options)

    def view(self):
        return fold(self.home, self.runs[-1].run_id)

    def events(self, kind):
        """Data of the last run's events of a kind."""
        return [event.data for event in events_of(self.home, self.runs[-1].run_id) if event.kind == kind]


@pytest.fixture
def notebook_of(home, store, owner):
    """A notebook whose cells are seen by one source: `notebook_of(Models())`."""
    notebooks = []

    def notebook_of(source):
        notebooks.append(Notebook(home, store, owner.name, source))
        notebooks[-1].collector.start(None)
        return notebooks[-1]

    yield notebook_of
    for notebook in notebooks:
        notebook.collector.stop()
        for run in notebook.runs:
            run.writer.close()
