"""One user's whole way through JupyterLab, on the quickstart: track, see, edit, track again, compare, diff, restore, reproduce, rename, restart, reload."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from live_lab import CELLS, IDLE, badge, cells_of, command, edit, open_in, reload, run_cell, save, shot, violations

from nbtrack.journal import Home
from nbtrack.reads import all_runs

QUICKSTART = Path(__file__).resolve().parents[2] / "examples" / "quickstart.ipynb"
OPTION = ".nbt-side [role=option]"


def at_of(cell_id):
    return next(at for at, cell in enumerate(json.loads(QUICKSTART.read_text())["cells"]) if cell["id"] == cell_id)


FIT, LOOP = at_of("fit"), at_of("loop")


def own_runs(server, name):
    return [view for view in all_runs(Home(Path(server.env["NBTRACK_HOME"]))) if view.name == name]


def has(page, selector, count):
    page.wait_for_function("([selector, count]) => document.querySelectorAll(selector).length === count", arg=[selector, count])


@pytest.mark.browser
@pytest.mark.timeout(900)
def test_the_whole_way_of_a_user(lab, page, word):
    story = json.loads(QUICKSTART.read_text())
    title, notebook, renamed = f"story-{word}", f"story-{word}.ipynb", f"renamed-{word}.ipynb"
    for at, cell in enumerate(story["cells"]):  # runs, cells and the notebook of this story have names that nothing else has
        cell["id"] = f"{word}-{at}"
        cell["source"] = [line.replace("%%track softmax", f"%%track {title}").replace("epochs = 300", "epochs = 40") for line in cell["source"]]
    (lab.root / notebook).write_text(json.dumps(story))
    open_in(page, lab, notebook)

    # Track: badge and panel live
    for at in (at_of("load"), at_of("data"), LOOP):
        run_cell(page, at)
    badge(page, title, "accuracy")
    has(page, ".nbt-badge", 1)
    command(page, "nbtrack:show-runs")
    has(page, OPTION, 1)

    # Edit, track again
    source = page.evaluate(f"{CELLS}.get({LOOP}).sharedModel.getSource()")
    edit(page, LOOP, source.replace("learning_rate = 0.5", "learning_rate = 0.2"))
    page.locator(".nbt-badge .nbt-stale").wait_for()
    run_cell(page, LOOP)
    page.locator(".nbt-badge", has=page.locator(".nbt-delta")).filter(has_text="\u00d72").wait_for()
    has(page, ".nbt-badge .nbt-stale", 0)
    has(page, OPTION, 2)
    page.locator(".nbt-side").get_by_label("Metric").select_option("loss")
    page.locator(".nbt-side .nbt-spark polyline").first.wait_for()

    # The older one as baseline, by keyboard alone; it is pinned on the run itself, so kernels and other pages know it
    page.locator(".nbt-side [role=listbox]").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    page.keyboard.press("b")
    page.locator(".nbt-side .nbt-tag").wait_for()
    page.locator(".nbt-side").get_by_label("Group by").select_option("cell")
    group = page.locator(".nbt-side [role=treeitem]")
    group.first.wait_for()
    assert (group.count(), group.first.get_attribute("aria-expanded")) == (1, "false")
    page.locator(".nbt-side [role=tree]").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    has(page, ".nbt-side [role=treeitem]", 3)
    page.locator(".nbt-side").get_by_label("Group by").select_option("nothing")
    page.locator(OPTION).first.wait_for()
    assert [run.start.attempt for run in own_runs(lab, title) if "nbtrack.baseline" in run.tags] == [1]
    page.locator(".nbt-badge").scroll_into_view_if_needed()
    shot(page, "jupyterlab-panel")
    for part in (".nbt-side", ".nbt-badge", ".nbt-status"):
        assert violations(page, part) == []

    # Trash and undo
    page.locator(".nbt-side").get_by_role("button", name="Move to trash").click()
    has(page, OPTION, 1)
    page.locator(".nbt-side").get_by_role("button", name="Undo").click()
    has(page, OPTION, 2)

    # Compare two
    page.locator(OPTION).first.click()
    page.locator(OPTION).nth(1).click(modifiers=["Control"])
    page.locator(".nbt-side").get_by_role("button", name="Compare").click()
    page.locator(".nbt-main [role=grid]").wait_for()
    assert violations(page, ".nbt-main .nbt") == []
    shot(page, "lab-compare")
    command(page, "application:close")

    # A run; its difference from another one, and from the notebook as it is open
    page.locator(".nbt-side [role=listbox]").focus()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    run = page.locator(".nbt-main")
    run.get_by_role("button", name="Restore beside").wait_for()
    run.get_by_text("learning_rate", exact=True).first.wait_for()
    run.get_by_role("button", name="Diff with another run").click()
    run.locator(".nbt-difference").get_by_text("learning_rate").first.wait_for()
    assert violations(page, ".nbt-main .nbt") == []
    edit(page, LOOP, source.replace("learning_rate = 0.5", "learning_rate = 0.9"), cells_of(notebook))
    run.get_by_role("button", name="Diff with the open notebook").click()
    diff = page.locator(".nbt-diff")
    diff.locator(".jp-Notebook-diff").wait_for()
    diff.get_by_text("0.9").first.wait_for()
    assert title in diff.locator(".nbt-diff-head").inner_text()
    assert notebook in diff.locator(".nbt-diff-head").inner_text()
    assert violations(page, ".nbt-diff-head") == []
    shot(page, "jupyterlab-diff")
    command(page, "application:close")

    # Restore, beside
    run.get_by_role("button", name="Restore beside").click()
    page.wait_for_function("() => window.jupyterapp.shell.currentWidget.context?.path?.startsWith('story-')")
    assert (lab.root / notebook).exists()
    page.wait_for_function(IDLE)  # its kernel writes itself into the notebook, and JupyterLab would ask whether to save that
    save(page)
    command(page, "application:close")

    # Reproduce
    newest = own_runs(lab, title)[0].run_id
    command(page, "nbtrack:open-run", json.dumps({"run": newest}))
    run.get_by_role("button", name="Reproduce", exact=True).click()
    run.locator(".nbt-verdict").get_by_text("identical").wait_for()
    command(page, "application:close")

    # Rename, restart, reload: what was tracked is found again, and the next run belongs to it
    page.evaluate(f"void window.jupyterapp.shell.currentWidget.context.rename('{renamed}')")
    page.wait_for_function("renamed => window.jupyterapp.shell.currentWidget.context.path === renamed", arg=renamed)
    page.evaluate("void window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    page.wait_for_function("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'restarting'")
    page.wait_for_function(IDLE)
    save(page)
    reload(page, renamed)
    page.wait_for_function(IDLE)
    page.evaluate(f"void window.jupyterapp.shell.currentWidget.content.scrollToItem({LOOP})")  # a badge is drawn with its cell, when that is seen
    badge(page, "\u00d72")
    for at in (at_of("load"), at_of("data"), LOOP):
        page.evaluate(f"window.jupyterapp.shell.currentWidget.content.activeCellIndex = {at}")
        command(page, "notebook:run-cell")
    badge(page, "\u00d73")
    found = own_runs(lab, title)
    assert [Path(view.tags["nbtrack.notebook"]).name for view in found] == [renamed, notebook, notebook]
    assert [view.params["learning_rate"] for view in found] == ["0.9", "0.2", "0.5"]
