"""The comparison as a widget, in the front ends people use."""

from __future__ import annotations

import json

import pytest
from live_lab import command, open_in, run_all, save
from playwright.sync_api import expect

from nbtrack.widgets.kept import KIND

pytestmark = pytest.mark.browser
SHOW = """
import sys; sys.path.insert(0, {folder!r})
from comparison import Seeded
from nbtrack.widgets.compare import Compare
source = Seeded(30)
widget = Compare(source, acts=["trash"])
seen = []
widget.observe(lambda change: seen.append(change["new"]), "selected")
widget
"""
READ = "print('SELECTED', len(widget.selected), len(seen) > 0 and len(seen[0]), len(source.trashed))"


def outputs(path):
    return json.loads(path.read_text())["cells"][0]["outputs"]


def run_last(page):
    page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1")
    command(page, "notebook:run-cell")


@pytest.mark.parametrize("app", ["lab", "notebook7"])
def test_a_widget_is_live_on_screen_and_a_still_in_the_file(app, page, request):
    server = request.getfixturevalue(app)
    path = server.notebook("compare.ipynb", SHOW.format(folder=str(request.path.parent)), READ)
    open_in(page, server, "compare.ipynb")
    run_all(page)
    page.locator(".nbtrack-still .nbt-row").nth(3).wait_for()
    # What is chosen here is a value in Python, though the document holds the still
    page.locator(".nbt-row", has_text="keen-").first.click()
    page.get_by_role("button", name="Pin as baseline").click()
    page.get_by_role("button", name="Move to trash").click()
    page.get_by_text("1 run moved to the trash").wait_for()
    page.get_by_text("29 runs").wait_for()
    run_last(page)
    page.get_by_text("SELECTED 0").wait_for()
    assert page.locator(".jp-OutputArea-output", has_text="SELECTED").inner_text().split()[-2:] == ["1", "1"]  # told when it was selected, and trashed
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("30 runs").wait_for()
    # A key that means something to the notebook means our own here
    cells = "window.jupyterapp.shell.currentWidget.content.widgets.length"
    before = page.evaluate(cells)
    page.locator(".nbt-row", has_text="wise-").first.click()
    page.wait_for_function("document.activeElement.className === 'nbt-grid'")
    page.keyboard.press("b")
    page.locator(".nbt-base", has_text="wise-").wait_for()
    assert page.evaluate(cells) == before
    page.locator("img[src^='data:image/png']").wait_for(state="attached")
    save(page)
    shown, picture = outputs(path)
    assert (sorted(shown["data"]), sorted(picture["data"])) == ([KIND, "text/html", "text/plain"], ["image/png", "text/plain"])
    expect(page.locator("img[src^='data:image/png']")).to_have_count(1)
    page.locator("img[src^='data:image/png']").wait_for(state="hidden")
    assert "Thirty runs" in "".join(shown["data"]["text/html"])
    # Loaded again, the still is there and nothing is broken
    page.reload()
    page.locator(".nbtrack-still .nbt-row").nth(3).wait_for()  # from the kernel, which lives, or from what was kept
    page.locator("img[src^='data:image/png']").wait_for(state="attached")
    assert page.get_by_text("model not found").count() == 0


def test_a_store_that_goes_away_under_an_open_widget_is_told_with_the_age_of_what_is_shown(lab, page, request):
    gone = "source.stale = 'https://mlflow.example could not be read since 2026-11-26 07:00: refused.'"
    lab.notebook("gone.ipynb", SHOW.format(folder=str(request.path.parent)), gone)
    open_in(page, lab, "gone.ipynb")
    command(page, "notebook:run-cell")
    page.locator(".nbtrack-still .nbt-row").nth(3).wait_for()
    assert page.locator(".nbt-problem").count() == 0
    run_last(page)
    told = page.locator(".nbt-problem", has_text="could not be read since 2026-11-26 07:00: refused.")
    told.wait_for()
    assert "Data of 2026-09-21" in told.inner_text()
    page.locator(".nbtrack-still .nbt-filter").fill("lr<0.1")
    page.get_by_text("of 30 runs").wait_for()


LONG = """
%load_ext nbtrack
import math, nbtrack
with nbtrack.track("long-{word}"):
    for step in range(20_000):
        nbtrack.log(loss=9.0 if step == 12_345 else math.sin(step / 500), step=step)
"""


def test_points_are_thinned_in_the_kernel_and_read_again_where_one_zooms_in(lab, page, word):
    lab.notebook(f"long-{word}.ipynb", LONG.format(word=word), f"%track compare name:long-{word}")
    open_in(page, lab, f"long-{word}.ipynb")
    run_all(page)
    view = page.locator(".nbtrack-still.nbt-live")
    view.get_by_role("tab", name="Curves").click()
    thinned = view.get_by_text("of 20,000 points are drawn, extremes kept; zoom in for more.")
    thinned.wait_for()
    drawn = int(thinned.inner_text().partition(" ")[0].replace(",", ""))
    assert 200 < drawn <= 1_100
    view.get_by_text("highest").or_(view.get_by_text("lowest")).first.wait_for()
    plot = view.locator(".nbt-plot [role=img]")
    # A busy browser hears several keys before it draws again: each of them counts
    plot.evaluate("it => { for (let n = 0; n < 10; n++) it.dispatchEvent(new KeyboardEvent('keydown', { key: '+', bubbles: true })) }")
    view.get_by_text("points are drawn").wait_for(state="detached")
    plot.press("0")
    thinned.wait_for()


def test_an_executed_notebook_holds_stills_and_no_widget(tmp_path, request):
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SHOW.format(folder=str(request.path.parent)))])
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert [sorted(output["data"]) for output in notebook.cells[0].outputs] == [[KIND, "text/html", "text/plain"], ["image/png", "text/plain"]]
    assert "widgets" not in notebook.metadata
