"""A user's way through JupyterLab: track, see, edit, track again, look into a run, compare, restore, rename, reload."""

from __future__ import annotations

from pathlib import Path

import pytest
from live_lab import IDLE, command, open_in, run_all, save, violations

from nbtrack.journal import Home
from nbtrack.reads import all_runs

CELLS = "window.jupyterapp.shell.currentWidget.content.model.cells"
TRAIN = "%%track fit\nfor step in range(20):\n    loss = lr / (step + 1)"
SHOTS = Path(__file__).parent / "shots"


def run_cell(page, at):
    count = page.evaluate(f"{CELLS}.get({at}).executionCount")
    page.evaluate(f"window.jupyterapp.shell.currentWidget.content.activeCellIndex = {at}")
    command(page, "notebook:run-cell")
    page.wait_for_function(f"() => {CELLS}.get({at}).executionCount > {count or 0} && {CELLS}.get({at}).executionState !== 'running'")
    page.wait_for_function(IDLE)


def edit(page, at, source):
    page.evaluate(f"{CELLS}.get({at}).sharedModel.setSource({source!r})")


@pytest.mark.browser
def test_a_users_way(lab, page):
    file = lab.notebook("way.ipynb", "%load_ext nbtrack", "lr = 0.5", TRAIN, "1 + 1")
    open_in(page, lab, "way.ipynb")
    run_all(page)

    badge = page.locator(".nbt-badge")
    badge.wait_for()
    assert badge.count() == 1
    assert "fit" in badge.inner_text()
    assert "loss 0.025" in badge.inner_text()

    command(page, "nbtrack:show-runs")
    items = page.locator(".nbt-side [role=option]")
    items.first.wait_for()
    assert items.count() == 1
    assert "loss 0.025" in items.first.inner_text()

    edit(page, 2, TRAIN + "  # again")
    page.locator(".nbt-badge .nbt-stale").wait_for()
    edit(page, 1, "lr = 0.25")
    run_cell(page, 1)
    run_cell(page, 2)
    page.locator(".nbt-badge .nbt-delta").wait_for()
    assert "\u22120.0125" in badge.inner_text()
    assert "\u00d72" in badge.inner_text()
    assert page.locator(".nbt-badge .nbt-stale").count() == 0
    page.wait_for_function("() => document.querySelectorAll('.nbt-side [role=option]').length === 2")
    page.locator(".nbt-side .nbt-spark polyline").first.wait_for()

    # The older one as baseline, by keyboard alone
    page.locator(".nbt-side [role=listbox]").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    page.keyboard.press("b")
    page.locator(".nbt-side .nbt-delta.nbt-better").wait_for()
    # It is pinned on the run itself, so kernels and other pages know it
    page.locator(".nbt-side").get_by_label("Group by").select_option("cell")
    group = page.locator(".nbt-side [role=treeitem]")
    group.first.wait_for()
    assert (group.count(), group.first.get_attribute("aria-expanded")) == (1, "false")
    page.locator(".nbt-side [role=tree]").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelectorAll('.nbt-side [role=treeitem]').length === 3")
    page.locator(".nbt-side").get_by_label("Group by").select_option("nothing")
    items.first.wait_for()
    assert [run.start.attempt for run in all_runs(Home(Path(lab.env["NBTRACK_HOME"]))) if "nbtrack.baseline" in run.tags] == [1]
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / "lab_panel.png")

    for part in (".nbt-side", ".nbt-badge", ".nbt-status"):
        assert violations(page, part) == []

    page.locator(".nbt-side").get_by_role("button", name="Move to trash").click()
    page.wait_for_function("() => document.querySelectorAll('.nbt-side [role=option]').length === 1")
    page.locator(".nbt-side").get_by_role("button", name="Undo").click()
    page.wait_for_function("() => document.querySelectorAll('.nbt-side [role=option]').length === 2")

    page.locator(".nbt-side").get_by_role("button", name="Compare").click()
    grid = page.locator(".nbt-main [role=grid]")
    grid.wait_for()
    page.screenshot(path=SHOTS / "lab_compare.png")
    command(page, "application:close")

    page.locator(".nbt-side [role=listbox]").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    run = page.locator(".nbt-main")
    run.get_by_role("button", name="Restore beside").wait_for()
    run.get_by_text("lr", exact=True).first.wait_for()
    assert violations(page, ".nbt-main .nbt") == []
    run.get_by_role("button", name="Diff with another run").click()
    run.locator(".nbt-difference").get_by_text("0.0125").first.wait_for()
    run.get_by_role("button", name="Restore beside").click()
    page.wait_for_function("() => window.jupyterapp.shell.currentWidget.context?.path?.startsWith('way-')")
    assert file.exists()


@pytest.mark.browser
def test_badges_come_back_after_a_reload_and_a_new_name(lab, page):
    lab.notebook("before.ipynb", "%load_ext nbtrack", "lr = 0.5", TRAIN)
    open_in(page, lab, "before.ipynb")
    run_all(page)
    page.locator(".nbt-badge").wait_for()
    save(page)
    assert "nbt-badge" not in (lab.root / "before.ipynb").read_text()
    page.evaluate("void window.jupyterapp.shell.currentWidget.context.rename('after.ipynb')")
    page.wait_for_function("() => window.jupyterapp.shell.currentWidget.context.path === 'after.ipynb'")
    open_in(page, lab, "after.ipynb")
    page.locator(".nbt-badge").wait_for()
    assert "loss 0.025" in page.locator(".nbt-badge").inner_text()


@pytest.mark.browser
def test_a_run_is_reproduced_and_its_view_comes_back(lab, page):
    """The job lives in the server: a reload of the page finds it, and its verdict, again."""
    lab.notebook("again.ipynb", "%load_ext nbtrack", "lr = 0.5", TRAIN + "\n    print('step', step)")
    open_in(page, lab, "again.ipynb")
    run_all(page)
    page.locator(".nbt-badge button").click()
    view = page.locator(".nbt-main")
    view.get_by_role("button", name="Reproduce", exact=True).click()
    view.get_by_role("log").get_by_text("step 19").wait_for()
    page.wait_for_timeout(1500)  # JupyterLab keeps its layout a second after the last change, and tells nobody
    page.reload()
    page.locator(".nbt-main .nbt-verdict").get_by_text("identical").wait_for()
    page.locator(".nbt-main").get_by_role("log").get_by_text("step 19").wait_for()
    page.screenshot(path=SHOTS / "lab_run.png", clip={"x": 0, "y": 0, "width": 1280, "height": 694})  # above the name of the store, a path of this machine
    page.locator(".nbt-main").get_by_role("button", name="Open the new run").click()
    page.locator(".nbt-main:visible").get_by_text("fit-reproduced").first.wait_for()


@pytest.mark.browser
def test_the_short_way_in_notebook_7(notebook7, page):
    notebook7.notebook("short.ipynb", "%load_ext nbtrack", "lr = 0.5", TRAIN)
    open_in(page, notebook7, "short.ipynb")
    run_all(page)
    page.locator(".nbt-badge").wait_for()
    assert "loss 0.025" in page.locator(".nbt-badge").inner_text()
    command(page, "nbtrack:show-runs")
    page.locator(".nbt-side [role=option]").first.wait_for()
    page.locator(".nbt-badge button").click()
    page.locator(".nbt-main").get_by_role("button", name="Reproduce", exact=True).wait_for()
    assert violations(page, ".nbt-main .nbt") == []
    page.screenshot(path=SHOTS / "notebook7.png")


@pytest.mark.browser
def test_hostile_names_are_text(lab, page):
    hostile = "<img src=x onerror=window.pwned=1>"
    lab.notebook(
        "hostile.ipynb", "%load_ext nbtrack", f"%%track '{hostile}'\nloss = sum([0.5])", f"import nbtrack; nbtrack.tag(**{{'{hostile}': '{hostile}'}})"
    )
    open_in(page, lab, "hostile.ipynb")
    run_all(page)
    page.locator(".nbt-badge").wait_for()
    assert hostile in page.locator(".nbt-badge").inner_text()
    command(page, "nbtrack:show-runs")
    page.locator(".nbt-side [role=option]").first.wait_for()
    assert hostile in page.locator(".nbt-side [role=option]").first.inner_text()
    assert page.evaluate("window.pwned") is None
    assert page.locator(".nbt-badge img, .nbt-side img").count() == 0


@pytest.mark.browser
def test_commands_track_a_cell_and_a_notebook(lab, page):
    lab.notebook("commands.ipynb", "%load_ext nbtrack", "loss = sum([0.5])")
    open_in(page, lab, "commands.ipynb")
    run_cell(page, 0)
    page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1")
    command(page, "nbtrack:track-cell")
    page.wait_for_function(f"() => {CELLS}.get(1).sharedModel.getSource() === '%%track\\nloss = sum([0.5])'")
    command(page, "nbtrack:track-cell")
    page.wait_for_function(f"() => {CELLS}.get(1).sharedModel.getSource() === 'loss = sum([0.5])'")
    command(page, "nbtrack:track-on")
    page.wait_for_function(f"() => {CELLS}.get(1).sharedModel.getSource() === '%track on'")
    page.wait_for_function(IDLE)
    assert len(all_runs(Home(Path(lab.env["NBTRACK_HOME"])), "state:running")) == 1
