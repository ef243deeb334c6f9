"""JupyterLab's parts one by one: badges, the view of a run, commands, names that mean harm; and the short way in Notebook 7."""

from __future__ import annotations

from pathlib import Path

import pytest
from live_lab import CELLS, IDLE, badge, command, open_in, reload, run_all, run_cell, save, shot, violations

from nbtrack.journal import Home
from nbtrack.reads import all_runs

TRAIN = "%%track fit\nfor step in range(20):\n    loss = lr / (step + 1)"


@pytest.mark.browser
def test_badges_come_back_after_a_reload_a_new_name_and_a_move(lab, page, word):
    before, after, moved = f"before-{word}.ipynb", f"after-{word}.ipynb", f"moved-{word}/after-{word}.ipynb"
    lab.notebook(before, "%load_ext nbtrack", "lr = 0.5", TRAIN)
    open_in(page, lab, before)
    run_all(page)
    badge(page, "fit")
    save(page)
    assert "nbt-badge" not in (lab.root / before).read_text()
    page.evaluate(f"void window.jupyterapp.shell.currentWidget.context.rename('{after}')")
    page.wait_for_function("after => window.jupyterapp.shell.currentWidget.context.path === after", arg=after)
    open_in(page, lab, after)
    badge(page, "loss 0.025")
    (lab.root / moved).parent.mkdir()
    page.evaluate(f"void window.jupyterapp.serviceManager.contents.rename('{after}', '{moved}')")
    page.wait_for_function("moved => window.jupyterapp.shell.currentWidget.context.path === moved", arg=moved)
    run_cell(page, 2)
    badge(page, "\u00d72")
    [now, then] = [view for view in all_runs(Home(Path(lab.env["NBTRACK_HOME"]))) if word in view.tags.get("nbtrack.notebook", "")]
    assert [it.tags["nbtrack.notebook"] for it in (then, now)] == [str(lab.root / before), str(lab.root / moved)]
    open_in(page, lab, moved)
    badge(page, "\u00d72")


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
    reload(page, "nbtrack-run-")
    page.locator(".nbt-main .nbt-verdict").get_by_text("identical").wait_for()
    page.locator(".nbt-main").get_by_role("log").get_by_text("step 19").wait_for()
    shot(page, "jupyterlab-run", clip={"x": 0, "y": 0, "width": 1280, "height": 694})  # above the name of the store, a path of this machine
    page.locator(".nbt-main").get_by_role("button", name="Open the new run").click()
    page.locator(".nbt-main:visible").get_by_text("fit-reproduced").first.wait_for()


@pytest.mark.browser
def test_the_short_way_in_notebook_7(notebook7, page):
    notebook7.notebook("short.ipynb", "%load_ext nbtrack", "lr = 0.5", TRAIN)
    open_in(page, notebook7, "short.ipynb")
    run_all(page)
    badge(page, "loss 0.025")
    command(page, "nbtrack:show-runs")
    page.locator(".nbt-side [role=option]").first.wait_for()
    page.locator(".nbt-badge button").click()
    page.locator(".nbt-main").get_by_role("button", name="Reproduce", exact=True).wait_for()
    assert violations(page, ".nbt-main .nbt") == []
    shot(page, "notebook7")


@pytest.mark.browser
def test_hostile_names_are_text(lab, page):
    hostile = "<img src=x onerror=window.pwned=1>"
    lab.notebook(
        "hostile.ipynb", "%load_ext nbtrack", f"%%track '{hostile}'\nloss = sum([0.5])", f"import nbtrack; nbtrack.tag(**{{'{hostile}': '{hostile}'}})"
    )
    open_in(page, lab, "hostile.ipynb")
    run_all(page)
    badge(page, hostile)
    command(page, "nbtrack:show-runs")
    page.locator(".nbt-side [role=option]", has_text=hostile).first.wait_for()
    assert page.evaluate("window.pwned") is None
    assert page.locator(".nbt-badge img, .nbt-side img").count() == 0


@pytest.mark.browser
def test_a_name_is_left_out_for_good_below_its_cell(lab, page, word):
    path = lab.notebook(f"leaves-{word}.ipynb", "%load_ext nbtrack", f"%%track leaves-{word}\nlr = 0.5\nloss = sum([lr]) / 3\nacc = loss / 2")
    open_in(page, lab, path.name)
    run_all(page)
    badge(page, f"leaves-{word}")
    page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1")
    page.wait_for_function("() => window.jupyterapp.commands.isEnabled('nbtrack:leave-out')")
    page.locator(".nbt-badge").click(button="right")
    page.get_by_role("menuitem", name="Leave Names Out of Runs…").click()
    page.locator(".jp-Dialog select").select_option(["acc"])
    page.locator(".jp-Dialog").get_by_role("button", name="Leave out").click()
    page.wait_for_function(f"() => [...{CELLS}].some(cell => cell.sharedModel.getSource() === '%track exclude acc' && cell.executionCount !== null)")
    page.wait_for_function(IDLE)
    run_cell(page, 2)
    badge(page, "#2")
    newest = next(view for view in all_runs(Home(Path(lab.env["NBTRACK_HOME"]))) if view.name == f"leaves-{word}")
    assert ("loss" in newest.metrics, "acc" in newest.metrics) == (True, False)


@pytest.mark.browser
def test_commands_track_a_cell_and_a_notebook(lab, page, word):
    path = lab.notebook(f"commands-{word}.ipynb", "%load_ext nbtrack", "loss = sum([0.5])")
    open_in(page, lab, path.name)
    run_cell(page, 0)
    page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1")
    command(page, "nbtrack:track-cell")
    page.wait_for_function(f"() => {CELLS}.get(1).sharedModel.getSource() === '%%track\\nloss = sum([0.5])'")
    command(page, "nbtrack:track-cell")
    page.wait_for_function(f"() => {CELLS}.get(1).sharedModel.getSource() === 'loss = sum([0.5])'")
    command(page, "nbtrack:track-on")
    page.wait_for_function(f"() => {CELLS}.get(1).sharedModel.getSource() === '%track on' && {CELLS}.get(1).executionCount !== null")
    page.wait_for_function(IDLE)
    runs = all_runs(Home(Path(lab.env["NBTRACK_HOME"])), "state:running")
    assert [view.tags["nbtrack.notebook"] for view in runs if word in view.tags.get("nbtrack.notebook", "")] == [str(path)]
    command(page, "nbtrack:track-off")
    page.wait_for_function(f"() => [...{CELLS}].some(cell => cell.sharedModel.getSource() === '%track off' && cell.executionCount !== null)")
    page.wait_for_function(IDLE)
    command(page, "nbtrack:snapshot")
    badge(page, "snapshot")
    page.wait_for_function(IDLE)
    runs = [view for view in all_runs(Home(Path(lab.env["NBTRACK_HOME"]))) if word in view.tags.get("nbtrack.notebook", "")]
    assert [(view.name, view.state.value) for view in runs[:1]] == [("snapshot", "FINISHED")]
    assert len(runs) == 2
