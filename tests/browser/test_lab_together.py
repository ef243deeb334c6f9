"""Several tabs and people on one notebook, and a kernel that comes and goes: nothing is doubled and nothing stays behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from live_lab import CELLS, IDLE, command, open_in, run_all, run_cell, save

from nbtrack.journal import Home
from nbtrack.reads import all_runs

TRACKED = "%%track fit\nloss = sum([lr, 0.25])"
BADGE = ".nbt-badge:visible"


def runs_of(server):
    return all_runs(Home(Path(server.env["NBTRACK_HOME"])))


def badge_says(page, text):
    page.wait_for_function("([place, text]) => [...document.querySelectorAll(place)].some(it => it.textContent.includes(text))", arg=[".nbt-badge", text])


@pytest.mark.browser
def test_two_tabs_on_a_notebook_double_nothing(lab, new_page, word):
    lab.notebook(f"twice-{word}.ipynb", "%load_ext nbtrack", "lr = 0.5", TRACKED)
    before = len(runs_of(lab))
    one, two = new_page(), new_page()
    open_in(one, lab, f"twice-{word}.ipynb")
    open_in(two, lab, f"twice-{word}.ipynb")
    run_all(one)
    for page in (one, two):
        page.locator(BADGE).wait_for()
        assert page.locator(BADGE).count() == 1
    assert len(runs_of(lab)) == before + 1
    run_cell(one, 2)
    badge_says(two, "\u00d72")
    found = runs_of(lab)
    assert len(found) == before + 2
    assert found[0].tags["nbtrack.notebook"] == str(lab.root / f"twice-{word}.ipynb")


@pytest.mark.browser
def test_a_cell_edited_before_a_reload_is_known_to_be(lab, page, word):
    lab.notebook(f"stale-{word}.ipynb", "%load_ext nbtrack", "lr = 0.5", TRACKED)
    open_in(page, lab, f"stale-{word}.ipynb")
    run_all(page)
    page.locator(BADGE).wait_for()
    assert page.locator(".nbt-stale").count() == 0
    page.evaluate(f"{CELLS}.get(2).sharedModel.setSource({TRACKED + ' * 2'!r})")
    page.locator(".nbt-stale").wait_for()
    save(page)
    open_in(page, lab, f"stale-{word}.ipynb")
    page.locator(".nbt-stale").wait_for()
    # The %%track line is no part of what ran
    page.evaluate(f"{CELLS}.get(2).sharedModel.setSource({TRACKED.replace('fit', 'other')!r})")
    page.wait_for_function("() => document.querySelectorAll('.nbt-badge').length === 1 && !document.querySelector('.nbt-stale')")


@pytest.mark.browser
def test_a_restarted_and_an_interrupted_kernel(lab, page, word):
    lab.notebook(f"restart-{word}.ipynb", "%load_ext nbtrack", "lr = 0.5", TRACKED, "%%track long\nimport time\nfor step in range(3000): time.sleep(0.1)")
    open_in(page, lab, f"restart-{word}.ipynb")
    for at in range(3):
        run_cell(page, at)
    badge_says(page, "fit")
    page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 3")
    command(page, "notebook:run-cell")
    page.locator(".nbt-badge .nbt-mark-running").wait_for()
    page.evaluate("void window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()")
    page.locator(".nbt-badge .nbt-mark-killed").wait_for()
    page.evaluate("void window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    page.wait_for_function("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'restarting'")
    page.wait_for_function(IDLE)
    assert page.locator(BADGE).count() == 2
    for at in range(3):  # counts begin at 1 again, so they tell nothing
        page.evaluate(f"window.jupyterapp.shell.currentWidget.content.activeCellIndex = {at}")
        command(page, "notebook:run-cell")
    badge_says(page, "\u00d72")
    assert runs_of(lab)[0].tags["nbtrack.notebook"] == str(lab.root / f"restart-{word}.ipynb")  # the new kernel was told anew


@pytest.mark.browser
def test_people_who_write_together_double_nothing(shared_lab, new_page):
    shared_lab.notebook("shared.ipynb", "%load_ext nbtrack", "lr = 0.5", TRACKED)
    one, two = new_page(), new_page()
    open_in(one, shared_lab, "shared.ipynb")
    open_in(two, shared_lab, "shared.ipynb")
    run_all(one)
    for page in (one, two):
        page.locator(BADGE).wait_for()
        assert page.locator(BADGE).count() == 1
    two.evaluate(f"{CELLS}.get(2).sharedModel.setSource({TRACKED + ' * 2'!r})")
    one.locator(".nbt-stale").wait_for()  # what one writes, the other's badge knows
    run_cell(two, 2)
    badge_says(one, "\u00d72")
    one.wait_for_function("() => !document.querySelector('.nbt-stale')")
    found = runs_of(shared_lab)
    assert len(found) == 2
    assert {view.tags["nbtrack.notebook"] for view in found} == {str(shared_lab.root / "shared.ipynb")}
