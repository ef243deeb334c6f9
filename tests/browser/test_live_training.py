"""A training that is watched, left and looked at again: one that is stopped after minutes, one that ends, is saved, and shown to a stranger."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from live_lab import IDLE, command, open_in, run_cell, save
from nbconvert import HTMLExporter

from nbtrack.journal import Home
from nbtrack.reads import all_runs

TRAIN = """%%track long
import time
for step in range(6000):
    loss = 1 / (1 + step)
    time.sleep(0.1)
"""


def shown(page, where):
    """What a view says of the loss."""
    return page.locator(where).first.inner_text()


def changes(page, where, before):
    page.wait_for_function("([where, before]) => { const it = document.querySelector(where); return it && it.innerText !== before; }", arg=[where, before])


@pytest.mark.browser
def test_a_training_is_watched_through_a_reload_and_stopped(lab, page, word):
    lab.notebook(f"long-{word}.ipynb", "%load_ext nbtrack", TRAIN.replace("long", f"long-{word}"))
    open_in(page, lab, f"long-{word}.ipynb")
    command(page, "notebook:run-all-cells")
    page.locator(".nbtrack-live", has_text="of 6,000").wait_for()
    changes(page, ".nbtrack-live", shown(page, ".nbtrack-live"))
    page.get_by_role("button", name="Stop").wait_for()
    # Nobody tells the new page what the cell shows; the journal knows
    page.reload()
    view = page.locator(".nbt-live-run")
    view.get_by_text("loss").wait_for()
    view.locator("polyline").wait_for()
    view.get_by_text(re.compile(r"step [\d,]+ of 6,000, about [^·]+ left · [\d.]+ steps/s")).wait_for()
    changes(page, ".nbt-live-run", shown(page, ".nbt-live-run"))
    view.get_by_role("button", name="Stop").click()
    view.get_by_text("ended").wait_for()
    view.get_by_role("button", name="Stop").wait_for(state="detached")
    run = all_runs(Home(Path(lab.env["NBTRACK_HOME"])), f"name:long-{word}")[0]
    assert (run.state.value, run.metrics["loss"].count < 6000) == ("KILLED", True)


@pytest.mark.browser
def test_thirty_seconds_of_training_end_whole_whoever_loads_the_page_anew(lab, page, word):
    """Left in the middle, compared, saved, opened where nobody trusts it, and made a page of."""
    compare = f"%track compare name:half-{word}"
    path = lab.notebook(f"half-{word}.ipynb", "%load_ext nbtrack", TRAIN.replace("long", f"half-{word}").replace("6000", "300"), compare)
    open_in(page, lab, path.name)
    run_cell(page, 0)
    page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1")
    command(page, "notebook:run-cell")
    page.locator(".nbtrack-live", has_text="of 300").wait_for()
    page.reload()
    view = page.locator(".nbt-live-run")
    view.get_by_text(re.compile(r"step \d+ of 300")).wait_for()
    view.get_by_text("ended").wait_for()
    run = all_runs(Home(Path(lab.env["NBTRACK_HOME"])), f"name:half-{word}")[0]
    assert (run.state.value, run.metrics["loss"].count) == ("FINISHED", 300)
    page.wait_for_function(IDLE)
    run_cell(page, 2)
    live = page.locator(".nbtrack-still.nbt-live")
    live.locator(".nbt-row", has_text=f"half-{word}").wait_for()
    live.get_by_role("tab", name="Curves").click()
    live.locator(".nbt-plot canvas").first.wait_for()
    page.locator("img[src^='data:image/png']").first.wait_for(state="attached")
    save(page)
    notebook = nbformat.read(path, as_version=4)
    exported, _ = HTMLExporter().from_notebook_node(notebook)
    assert f"half-{word}" in exported and "<caption>" in exported and "data:image/png;base64," in exported
    strange = path.with_name(f"half-{word}-strange.ipynb")
    notebook.cells[-1].metadata["strange"] = True  # another document than the one that was signed
    nbformat.write(notebook, strange)
    open_in(page, lab, strange.name)
    assert page.evaluate("window.jupyterapp.shell.currentWidget.content.model.cells.get(2).trusted") is False
    kept = page.locator(".nbtrack-still:not(.nbt-live)")
    kept.get_by_text("Kept in this notebook").wait_for()
    kept.locator(".nbt-row", has_text=f"half-{word}").wait_for()
