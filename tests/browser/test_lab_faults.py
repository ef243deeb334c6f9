"""JupyterLab's part where something is unusual: a kernel of another language, a second view, a copy, a kernel that is shut down."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from live_lab import CELLS, IDLE, badge, command, open_in, run_all, run_cell, save

from nbtrack.journal import Home
from nbtrack.reads import all_runs

R = Path("/usr/share/jupyter/kernels/ir")
SESSION = "window.jupyterapp.shell.currentWidget.sessionContext"


def runs_of(server, name):
    return all_runs(Home(Path(server.env["NBTRACK_HOME"])), f"name:{name}")


def run_anew(page, at):
    """Of a cell that another kernel has run before: counts tell nothing then."""
    page.evaluate(f"{CELLS}.get({at}).executionCount = null")
    page.evaluate(f"window.jupyterapp.shell.currentWidget.content.activeCellIndex = {at}")
    command(page, "notebook:run-cell")
    page.wait_for_function(f"() => {CELLS}.get({at}).executionCount !== null && {CELLS}.get({at}).executionState !== 'running'")
    page.wait_for_function(IDLE)


def text_of(page, at):
    return page.evaluate(f"JSON.stringify({CELLS}.get({at}).toJSON().outputs)")


@pytest.mark.browser
@pytest.mark.skipif(not R.exists(), reason="no kernel of R here: make irkernel")
def test_a_kernel_of_another_language_is_left_alone(lab, page, word):
    shutil.copytree(R, lab.root / ".jupyter-test" / "data" / "kernels" / "ir", dirs_exist_ok=True)
    spoken = f"spoken-{word}"
    lab.notebook(f"{spoken}.ipynb", "%load_ext nbtrack", f"%%track {spoken}\nloss = sum([0.5])")
    open_in(page, lab, f"{spoken}.ipynb")
    run_all(page)
    badge(page, spoken)
    page.evaluate(f"void window.jupyterapp.serviceManager.kernelspecs.refreshSpecs().then(() => {SESSION}.changeKernel({{ name: 'ir' }}))")
    page.wait_for_function(f"() => {SESSION}.session?.kernel?.name === 'ir' && {SESSION}.session.kernel.status === 'idle'")
    run_anew(page, 1)
    assert "unexpected" in text_of(page, 1)  # R got the cell, and answered
    badge(page, spoken)
    assert len(runs_of(lab, spoken)) == 1
    assert page.evaluate("window.jupyterapp.commands.isEnabled('nbtrack:track-cell')") is False
    page.wait_for_function(
        "() => document.querySelector('.jp-Toolbar-item[data-jp-item-name=nbtrack-track] [disabled], .jp-Toolbar-item[data-jp-item-name=nbtrack-track] [aria-disabled=true]')"
    )


@pytest.mark.browser
def test_a_second_view_and_a_copy_double_nothing(lab, page, word):
    name, first, copy = f"seen-twice-{word}", f"views-{word}.ipynb", f"copied-view-{word}.ipynb"
    lab.notebook(first, "%load_ext nbtrack", f"%%track {name}\nloss = sum([0.5])")
    open_in(page, lab, first)
    command(page, "notebook:create-new-view") if page.evaluate("window.jupyterapp.commands.hasCommand('notebook:create-new-view')") else command(
        page, "docmanager:clone"
    )
    page.wait_for_function("first => [...window.jupyterapp.shell.widgets('main')].filter(it => it.context?.path === first).length === 2", arg=first)
    run_all(page)
    page.wait_for_function("() => document.querySelectorAll('.nbt-badge').length === 2")
    assert len(runs_of(lab, name)) == 1
    save(page)
    (lab.root / copy).write_bytes((lab.root / first).read_bytes())
    open_in(page, lab, copy)
    run_anew(page, 0)
    assert page.locator(".nbt-badge:visible").count() == 0  # the same cells, but not this notebook's runs
    run_anew(page, 1)
    page.locator(".nbt-badge:visible").wait_for()
    assert [Path(view.tags["nbtrack.notebook"]).name for view in runs_of(lab, name)] == [copy, first]


@pytest.mark.browser
def test_a_run_ends_with_the_kernel_that_was_shut_down(lab, page, word):
    """Delivery, which would see to it, is off here."""
    name = f"shut-down-{word}"
    lab.notebook(f"{name}.ipynb", "%load_ext nbtrack", f"%%track {name}\nimport time\nfor step in range(3000): time.sleep(0.1)")
    open_in(page, lab, f"{name}.ipynb")
    run_cell(page, 0)
    page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1")
    command(page, "notebook:run-cell")
    page.locator(".nbt-badge .nbt-mark-running").wait_for()
    page.evaluate(f"void {SESSION}.shutdown()")
    page.locator(".nbt-badge .nbt-mark-killed").wait_for()
    page.wait_for_function(f"() => !{SESSION}.isTerminating && !{SESSION}.session?.kernel")
    page.evaluate(f"void {SESSION}.startKernel()")
    page.wait_for_function(IDLE)
    assert [view.state.value for view in runs_of(lab, name)] == ["KILLED"]
