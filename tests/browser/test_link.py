"""What the kernel knows of a notebook that is open in a browser."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from live_lab import CELLS, open_in, run_all, run_cell

from nbtrack.journal import Home, blobs
from nbtrack.reads import all_runs


def runs_of(server):
    return all_runs(Home(Path(server.env["NBTRACK_HOME"])))


@pytest.mark.browser
@pytest.mark.parametrize("app", ["lab", "notebook7"])
def test_unsaved_edits_and_a_new_name_are_told(app, page, request, word):
    server = request.getfixturevalue(app)
    file = server.notebook(f"train-{word}.ipynb", "%load_ext nbtrack", "lr = 0.1", "%%track\nloss = sum([lr, lr])")
    before = {run.run_id for run in runs_of(server)}
    open_in(page, server, file.name)
    run_all(page)
    page.evaluate(f"{CELLS}.get(1).sharedModel.setSource('lr = 0.3')")
    run_cell(page, 1)
    run_cell(page, 2)
    renamed = file.with_name(f"renamed é {word}.ipynb")
    page.evaluate(f"void window.jupyterapp.shell.currentWidget.context.rename('{renamed.name}')")
    page.wait_for_function("name => window.jupyterapp.shell.currentWidget.context.path === name", arg=renamed.name)
    run_cell(page, 2)
    third, second, first = sorted((run for run in runs_of(server) if run.run_id not in before), key=lambda run: -run.start.started_ns)
    assert [it.tags["nbtrack.notebook"] for it in (first, second, third)] == [str(file), str(file), str(renamed)]
    assert [it.tags["nbtrack.document"] for it in (first, second)] == ["saved file", "unsaved edits"]
    assert second.tags["nbtrack.stamp"] == "yes", second.tags["nbtrack.stamp.reasons"]
    assert second.params["lr"] == "0.3"
    [found] = [it for it in second.artifacts if it.path == "notebook/document.ipynb"]
    document = nbformat.reads(blobs.get_bytes(Home(Path(server.env["NBTRACK_HOME"])), found.blob).decode(), as_version=4)
    assert [cell.source for cell in document.cells] == ["%load_ext nbtrack", "lr = 0.3", "%%track\nloss = sum([lr, lr])"]
