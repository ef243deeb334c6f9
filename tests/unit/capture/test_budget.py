"""Large cells: what capture may cost, and that it says what it left out."""

from __future__ import annotations

import ast
import json
import time
from pathlib import Path

import pytest

from nbtrack.capture.curves import Curves
from nbtrack.capture.datasets import Datasets
from nbtrack.capture.figures import Figures
from nbtrack.capture.literals import Literals
from nbtrack.capture.saved import Saved
from nbtrack.capture.scalars import Scalars
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.capture.weave.loops import TooLongError
from nbtrack.capture.weave.plan import plan
from nbtrack.entities import Kind, Request
from nbtrack.journal import blobs
from nbtrack.notebooks.scopes import parse, scope_of


class Slow(Source):
    """Works through its budget with its first finding."""

    name, kind = "slow", "params"

    def before(self, cell):
        yield Finding("param", "first", 1, "")
        until = time.thread_time() + 0.02
        while time.thread_time() < until:
            pass
        yield Finding("param", "second", 2, "")
        yield Finding("param", "third", 3, "")


def test_the_budget_ends_the_search_for_params_and_the_run_says_whose(notebook_of):
    notebook = notebook_of(Slow())
    notebook.collector.sources.append(Literals())
    cell = cell_of(notebook, "lr = 0.1")
    cell.allow(0.01)
    found = {}
    notebook.collector.collect(cell, "before", found)
    assert [name for _, name in found] == ["first", "second"]
    assert "slow, literals were not all captured" in notebook.view().notices[0]


def test_time_in_which_others_had_the_processor_is_none_of_the_budget(notebook_of):
    notebook = notebook_of(Literals())
    cell = cell_of(notebook, "lr = 0.1")
    cell.allow(0.01)
    time.sleep(0.02)
    found = {}
    notebook.collector.collect(cell, "before", found)
    assert [name for _, name in found] == ["lr"]


def test_a_cell_keeps_two_hundred_metrics_and_says_that_there_were_more(notebook_of):
    notebook = notebook_of(Scalars())
    notebook.run("def f(k): return 1 / (k + 3)")
    found = notebook.tracked("\n".join(f"loss{number} = f({number})" for number in range(300)))
    assert len(found) == 200
    assert "200 metrics at most" in notebook.view().notices[0]


def test_lists_that_a_cell_leaves_behind_are_looked_at_as_long_as_the_budget_lasts(notebook_of):
    notebook = notebook_of(Source())
    cell = cell_of(notebook, "h = f()")
    notebook.run("def f(): return {'loss': [1.0, 0.5, 0.25]}\nh = f()")
    notebook.collector.sources.append(Curves())
    cell.allow(-1.0)
    found = {}
    notebook.collector.collect(cell, "after", found)
    assert found == {}
    assert "lists that it left behind were not all captured" in notebook.view().notices[0]


def test_of_data_beyond_the_budget_no_more_than_the_size_is_looked_at(notebook_of, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "houses.csv").write_text("a,b\n1,2\n3,4\n")
    source = Datasets()
    notebook = notebook_of(source)
    notebook.run("import pandas as pd")
    source._reader.budget_s = -1.0
    notebook.run("df = pd.read_csv('houses.csv')")
    assert notebook.tracked("mean = df['a'].mean()") == {("dataset", "houses.csv"): "2 x 2"}
    assert "contents of the data it uses were not all captured" in notebook.view().notices[0]
    (data,) = notebook.events(Kind.INPUT)
    assert data["dataset"]["dataset"]["schema"] is None


@pytest.mark.parametrize("is_changed", [False, True])
def test_saved_figures_beyond_the_budget_are_read_in_the_background_unless_they_change(notebook_of, tmp_path, monkeypatch, is_changed):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "roc.png").write_bytes(b"first")
    notebook = notebook_of(Source())
    source = Figures()
    cell = cell_of(notebook, "plt.savefig('roc.png')")
    notebook.collector.sources.append(source)
    source.saved.files["roc.png"] = Saved(Path("roc.png"), "", 1, is_image=False)
    cell.allow(-1.0)
    found = {}
    notebook.collector.collect(cell, "after", found)
    assert list(found) == [("figure", "roc")]
    assert notebook.view().artifacts == ()
    if is_changed:
        (tmp_path / "roc.png").write_bytes(b"second")
    notebook.collector.go_on(cell).result()
    kept = {it.path: blobs.get_bytes(notebook.home, it.blob) for it in notebook.view().artifacts}
    assert kept.get("figures/roc.png") == (None if is_changed else b"first")
    assert len(json.loads(kept["figures/index.json"])) == (0 if is_changed else 1)
    assert any("the file changed before it was read" in it for it in notebook.view().notices) == is_changed


def test_of_many_values_of_loops_those_that_are_kept_or_shown_are_followed():
    many = "".join(f"    loss{number} = f(e, {number})\n" for number in range(300))
    found = plan(ast.parse(f"for e in range(3):\n{many}    last = f(e, -1)\n    print('last loss', last)"))
    assert (len(found.spots), found.left_out) == (200, 101)
    assert "last" in {spot.name for spot in found.spots}


def test_code_that_takes_too_long_to_read_has_no_taps():
    with pytest.raises(TooLongError):
        plan(ast.parse("for e in range(3):\n    loss = 1 / (e + 1)"), budget_s=-1.0)


def test_the_next_run_says_which_cells_loops_were_not_read(notebook_of, monkeypatch):
    monkeypatch.setenv("NBTRACK_BUDGET_MS", "0.000001")
    source = Curves()
    notebook = notebook_of(Source())
    source.start(Shell(notebook.namespace))
    notebook.run("x = 1")
    code = "def f():\n    for e in range(3):\n        loss = 1 / (e + 1)"
    source._weave(ast.parse(code), code, notebook.ledger.entries[-1])
    cell = cell_of(notebook, "y = 2")
    source.before(cell)
    source.leave(cell.entry)
    source.stop()
    assert cell.run.notices == ["reading the loops of cell 1 took longer than budget_ms allows, so they leave no curves"]


def cell_of(notebook, code):
    notebook.tracked("pass")
    tree = parse(code)
    entry = notebook.ledger.add(code, code, tree, scope_of(tree), started_ns=1)
    return Cell(Request(), entry, notebook.ledger, notebook.namespace, notebook.runs[-1])


class Shell:
    def __init__(self, namespace):
        self.user_ns, self.user_ns_hidden, self.ast_transformers = namespace, {}, []
