"""What a run kept, and a notebook that nobody trusts, in JupyterLab: looked at, and nothing of it is run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from live_lab import CELLS, IDLE, badge, command, open_in, run_all, run_cell

from nbtrack.journal import Home
from nbtrack.reads import all_runs

FRONT = "window.jupyterapp.shell.currentWidget"
HOSTILE = "<img src=x onerror=window.pwned=1>"


@pytest.mark.browser
def test_what_a_run_kept_opens_in_viewers_that_write_nothing(lab, page, word):
    lab.notebook(
        f"viewers-{word}.ipynb", "%load_ext nbtrack",
        "%%track viewer-files\nimport nbtrack, pathlib\nloss = sum([0.5])\nprint('a line of it')\n"
        "pathlib.Path('seen.csv').write_text('a,b\\n1,<b>two</b>\\n'); nbtrack.artifact('seen.csv')\n"
        f"pathlib.Path('seen.html').write_text({HOSTILE!r} + '<script>parent.pwned = 1</script>'); nbtrack.artifact('seen.html')",
    )  # fmt: skip
    open_in(page, lab, f"viewers-{word}.ipynb")
    run_all(page)
    page.locator(".nbt-badge button").click()
    kept = page.locator(".nbt-main:visible .nbt-kept")
    kept.get_by_role("button", name="seen.csv").click()
    page.locator(".jp-CSVViewer .lm-DataGrid").wait_for()
    command(page, "application:close")

    kept.get_by_role("button", name="executed.ipynb").click()
    page.wait_for_function(f"() => {FRONT}.context?.path?.startsWith('nbtrack:') && {FRONT}.context.isReady")
    page.get_by_text("a line of it").last.wait_for()
    # A notebook that nobody may write, and without a kernel: nothing of ours stumbles over it
    assert page.evaluate(f"{FRONT}.context.contentsModel.writable") is False
    assert page.evaluate(f"{FRONT}.sessionContext.session") is None
    command(page, "application:close")

    kept.get_by_role("button", name="seen.html").click()
    page.locator("iframe[sandbox]").wait_for()
    page.frame_locator("iframe[sandbox]").locator("img").wait_for(state="attached")  # it was drawn
    assert page.evaluate("window.pwned") is None
    command(page, "application:close")

    page.locator(".nbt-main:visible").get_by_role("button", name="Open in MLflow").click()
    page.locator(".nbt-place code").get_by_text(re.compile("^mlflow ui --backend-store-uri sqlite:////")).wait_for()
    page.locator(".nbt-place").get_by_role("button", name="Copy the command").wait_for()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".nbt-main:visible").get_by_role("button", name="Copy as code").click()
    page.wait_for_function("async () => (await navigator.clipboard.readText()).startsWith('import nbtrack')")


@pytest.mark.browser
def test_a_notebook_that_nobody_trusts_has_its_badges(lab, page, word):
    """It was written by something else than Jupyter, such as a pull: what it drew is not believed, and tracking goes on."""
    name = f"untrusted-{word}"
    path = lab.notebook(f"{name}.ipynb", "%load_ext nbtrack", f"%%track {name}\nloss = sum([0.5])", f"from IPython.display import HTML; HTML({HOSTILE!r})")
    open_in(page, lab, path.name)
    for at in (0, 1):
        run_cell(page, at)
    badge(page, name)
    command(page, "docmanager:save")
    page.wait_for_function(f"() => !{FRONT}.context.model.dirty")
    notebook = json.loads(path.read_text())
    drawn = {"output_type": "display_data", "data": {"text/html": HOSTILE}, "metadata": {}}
    notebook["cells"][1]["outputs"].append(drawn)
    notebook["cells"][2]["outputs"] = [drawn]
    path.write_text(json.dumps(notebook))
    open_in(page, lab, path.name)
    badge(page, name)
    assert page.evaluate(f"[1, 2].map(at => {CELLS}.get(at).trusted)") == [False, False]
    run_cell(page, 0)
    page.evaluate(f"{FRONT}.content.activeCellIndex = 1")
    command(page, "notebook:run-cell")
    badge(page, "\u00d72")
    page.wait_for_function(IDLE)
    assert page.evaluate(f"{CELLS}.get(2).trusted") is False  # by running one cell no other one is believed
    assert page.evaluate("window.pwned") is None
    runs = all_runs(Home(Path(lab.env["NBTRACK_HOME"])), f"name:{name}")
    assert [view.state.value for view in runs] == ["FINISHED", "FINISHED"]
