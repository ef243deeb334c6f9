"""Cells as the session runs them, with one source and without a shell."""

from __future__ import annotations

import ast
import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from nbtrack.capture.collect import Collector
from nbtrack.capture.run import TrackedRun
from nbtrack.capture.source import Cell
from nbtrack.capture.weave import taps
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

    def run(self, code, *, tracked=False, budget_s=10.0, shared=None, cell_id="", **request):
        """Executes a cell; returns what was found in it, by kind and name."""
        tree = parse(code)
        entry = self.ledger.add(code, code, tree, scope_of(tree), cell_id=cell_id, started_ns=time.time_ns())
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
            self.later = self.collector.go_on(cell)
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
        notebooks[-1].collector.start(SimpleNamespace(user_ns=notebooks[-1].namespace))
        return notebooks[-1]

    yield notebook_of
    for notebook in notebooks:
        notebook.collector.stop()
        for run in notebook.runs:
            run.writer.close()


class Sheet:
    """A namespace, a ledger and some sources; no shell, no run."""

    def __init__(self, *sources):
        self.sources, self.ledger, self.namespace = sources, Ledger(), {"__name__": "__main__", taps.NAME: taps.taps}

    def run(self, code, *, is_tracked=True, is_own=True, request=None):
        """Execute one cell as a shell would; its findings by kind and name."""
        tree = parse(code)
        entry = self.ledger.add(code, code, tree, scope_of(tree))
        cell = Cell(request or Request(), entry, self.ledger, self.namespace, is_own=is_own, before={name: id(value) for name, value in self.namespace.items()})
        found = {}

        def ask(moment):
            for source in self.sources if is_tracked else ():
                for it in getattr(source, moment)(cell):
                    found.setdefault((it.kind, it.name), it)

        for source in self.sources:
            source.enter(entry)
        ask("before")
        tree = parse(code)  # as IPython does: another tree than the entry's
        for source in self.sources:
            if hasattr(source, "transformer") and tree is not None:
                source.transformer.visit(tree)
        body = tree.body if tree is not None else []
        last = body[-1] if body and isinstance(body[-1], ast.Expr) else None
        try:
            exec(compile(ast.Module(body[:-1] if last else body, []), "<cell>", "exec"), self.namespace)
            cell.result = eval(compile(ast.Expression(last.value), "<cell>", "eval"), self.namespace) if last else None
        except Exception as error:  # noqa: BLE001 - as a shell does
            cell.error = error
        for source in self.sources:
            source.leave(entry)
        cell.deadline = time.monotonic() + 60
        ask("after")
        return found


@pytest.fixture
def notebook():
    """Makes a sheet of cells seen by some sources, without a run: `notebook(Literals(), Configs())`."""
    return Sheet


@pytest.fixture
def params():
    """Params found in the last of some cells."""

    def params(*cells, is_own=True):
        from nbtrack.capture.arguments import Arguments
        from nbtrack.capture.chosen import Chosen
        from nbtrack.capture.configs import Configs
        from nbtrack.capture.estimators import Estimators
        from nbtrack.capture.literals import Literals, Parameters
        from nbtrack.capture.repeats import Repeats
        from nbtrack.capture.updates import Updates

        book = Sheet(Parameters(), Literals(), Configs(), Arguments(), Repeats(), Updates(), Estimators(), Chosen())
        *earlier, last = cells
        for code in earlier:
            book.run(code, is_tracked=False)
        return {name: it.value for (kind, name), it in book.run(last, is_own=is_own).items() if kind == "param"}

    return params


@pytest.fixture
def measured():
    """Metrics found in the last of some cells, all of them tracked or only the last."""

    def measured(*cells, is_tracked=False):
        from nbtrack.capture.printed import Printed
        from nbtrack.capture.reports import Reports
        from nbtrack.capture.results import Results
        from nbtrack.capture.scalars import LastExpression, Scalars

        book = Sheet(Scalars(), Printed(), LastExpression(), Results(), Reports())
        *earlier, last = cells
        for code in earlier:
            book.run(code, is_tracked=is_tracked)
        return {name: it.value for (kind, name), it in book.run(last).items() if kind == "metric"}

    return measured


@pytest.fixture
def sheet():
    """`notebook` under a name of its own, for files that have another notebook."""
    return Sheet
