"""A notebook of thousands of cells in JupyterLab: tracked, scrolled through and saved as any other."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from live_lab import CELLS, edit, open_in, run_cell, save

from nbtrack.journal import Home
from nbtrack.reads import all_runs

FRONT = "window.jupyterapp.shell.currentWidget"
COUNT, FIRST, LAST = 5000, 2, 4990


@pytest.mark.browser
@pytest.mark.timeout(900)
def test_thousands_of_cells(lab, page, word):
    name = f"among-thousands-{word}"
    cells = [nbformat.v4.new_code_cell(f"x{number} = {number}") for number in range(COUNT)]
    cells[1].source = "%load_ext nbtrack"
    for at in (FIRST, LAST):
        cells[at].source = f"%%track {name}-{at}\nloss = sum([0.5])"
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    file = lab.root / f"{name}.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), file)
    open_in(page, lab, file.name)
    for at in (1, FIRST):
        run_cell(page, at)
    page.locator(".nbt-badge", has_text=f"{name}-{FIRST}").wait_for()
    # JupyterLab puts cells into the page one after the other, which takes minutes; a user who cannot wait has only those that are seen
    page.evaluate(f"void ({FRONT}.content.notebookConfig = {{ ...{FRONT}.content.notebookConfig, windowingMode: 'full' }})")
    page.evaluate(f"void {FRONT}.content.scrollToItem({LAST})")
    page.wait_for_function(f"() => !{FRONT}.content.widgets[{LAST}].isPlaceholder()")
    run_cell(page, LAST)
    badge = page.locator(".nbt-badge", has_text=f"{name}-{LAST}")
    badge.wait_for()
    edit(page, LAST, "%%track among-thousands-edited\nloss = sum([0.25])")
    badge.locator(".nbt-stale").wait_for()
    save(page)
    page.evaluate(f"void {FRONT}.content.scrollToItem(0)")
    page.locator(".nbt-badge", has_text=f"{name}-{FIRST}").locator("button").wait_for()

    assert len(json.loads(file.read_text())["cells"]) == COUNT == page.evaluate(f"{CELLS}.length")
    assert "nbt-badge" not in file.read_text()
    runs = all_runs(Home(Path(lab.env["NBTRACK_HOME"])), f"name:{name}")
    assert len(runs) == 2
    for run in runs:
        assert run.tags["nbtrack.document"] == "saved file"
        document = next(it for it in run.artifacts if it.path == "notebook/document.ipynb")
        assert document.size_bytes > COUNT * 50  # all of it
