"""IPython shells of a test's own, with nbtrack loaded and without."""

from __future__ import annotations

import atexit
import gc

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from nbtrack.journal import Home, fold
from nbtrack.journal.fold import points_of
from nbtrack.magics.load import load, unload


def new_shell():
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell(config=config)
    shell.colors = "nocolor"
    atexit.unregister(shell.atexit_operations)
    return shell


def end(shell):
    """Ends a shell. IPython collects garbage then; all that there is by now, frameworks included, is kept out of that, as it took half a second a test."""
    gc.freeze()
    try:
        shell.atexit_operations()
    finally:
        gc.unfreeze()


@pytest.fixture
def plain_shell():
    """A shell without nbtrack."""
    shell = new_shell()
    yield shell
    end(shell)


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """A shell with nbtrack; what it records lies in `tmp_path`."""
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    monkeypatch.setenv("NBTRACK_QUIET", "1")
    monkeypatch.chdir(tmp_path)
    shell = new_shell()
    load(shell, lambda uri: lambda: None)
    yield shell
    unload(shell)
    end(shell)


@pytest.fixture
def curves(shell, tmp_path):
    """Runs cells, the last one tracked; gives each recorded series as its list of values, by name."""

    def curves(*cells, options=""):
        for cell in cells[:-1]:
            result = shell.run_cell(cell)
            result.raise_error()
        shell.run_cell(f"%%track --capture curves --quiet {options}\n{cells[-1]}").raise_error()
        return recorded(tmp_path / "home", shell._nbtrack_session.last.run_id)

    return curves


def recorded(home, run_id):
    found = {}
    for name, step, _, value in points_of(Home(home), run_id):
        found.setdefault(name, []).append((step, value))
    view = fold(Home(home), run_id)
    assert view.notices == ()
    for name, points in found.items():
        steps = [step for step, _ in sorted(points)]
        assert steps == list(range(len(points))) or "nbtrack.thinned" in view.tags, name
    return {name: [value for _, value in sorted(points)] for name, points in found.items()}
