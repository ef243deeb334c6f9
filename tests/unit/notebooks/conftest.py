"""A notebook without a kernel: cells are executed in a namespace, and each leaves an entry as a kernel's would."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nbtrack.capture import around, seen, states
from nbtrack.capture.shared import Shared, told
from nbtrack.entities.ledger import Ledger, Status
from nbtrack.notebooks.ahead import Ahead
from nbtrack.notebooks.history import History
from nbtrack.notebooks.scopes import parse, scope_of


class Notebook:
    """Executes cells and keeps what they did."""

    def __init__(self, *, is_seen=True):
        self.is_seen = is_seen
        self.namespace = {"__name__": "__main__"}
        self.ledger, self.history = Ledger(), History()

    def run(self, code, cell_id="", count=None):
        tree = parse(code)
        entry = self.ledger.add(code, code, tree, scope_of(tree), cell_id=cell_id, execution_count=count)
        ahead = Ahead(entry)
        touched = self.history.touched(ahead)
        before, kinds = seen.names_of(self.namespace), seen.kinds_of(self.namespace, touched)
        modules = set(sys.modules)
        held, generators = states.states_of(self.namespace, touched), states.random_states()
        entry.status = Status.OK
        try:
            exec(compile(tree, f"<cell {entry.number}>", "exec"), self.namespace)
        except Exception:  # noqa: BLE001 - generated cells raise anything
            entry.status = Status.ERROR
        if self.is_seen:
            found = seen.look(self.namespace, before, seen.names_of(self.namespace), kinds, touched, modules, states_before=held)
            where = {around.FOLDER: str(Path.cwd())}
            entry.seen = told(found, Shared(generators, {}, {}, {}), Shared(states.random_states(), {}, where, {}), modules)
        self.bound = {name for name, number in seen.names_of(self.namespace).items() if before.get(name) != number}
        self.history.add(entry, ahead.body)
        return entry


@pytest.fixture(scope="session")
def make_notebook():
    return Notebook


@pytest.fixture
def notebook():
    return Notebook()


@pytest.fixture
def unseen_notebook():
    """What is recovered from a history: only the code is known."""
    return Notebook(is_seen=False)
