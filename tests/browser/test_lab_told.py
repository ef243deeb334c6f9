"""What JupyterLab tells where nobody looks: badges that a notebook takes along, and runs that ended behind another tab."""

from __future__ import annotations

import json

import pytest
from live_lab import CELLS, badge, command, hide, open_in, run_cell, save

TOLD = ".jp-Notification-List-Item"


@pytest.fixture
def chosen(lab):
    """Settings of the user, for this test alone."""
    yield lab.choose
    lab.choose()


@pytest.mark.browser
def test_badges_go_with_the_notebook_where_that_is_asked(lab, page, chosen, word):
    """Whoever gets the notebook has no journal of its runs, and sees the badge all the same."""
    chosen(badges_kept=True)
    name, sent = f"kept-{word}", f"sent-{word}.ipynb"
    path = lab.notebook(f"{name}.ipynb", "%load_ext nbtrack", f"%%track {name}\nloss = sum([0.5])")
    open_in(page, lab, path.name)
    for at in (0, 1):
        run_cell(page, at)
    badge(page, name).locator(".nbt-stamp-dot").wait_for()
    page.wait_for_function(f"() => {CELLS}.get(1).getMetadata('nbtrack')?.badge?.state === 'finished'")
    save(page)
    notebook = json.loads(path.read_text())
    kept = notebook["cells"][1]["metadata"]["nbtrack"]["badge"]
    assert (kept["title"], kept["metric"], kept["count"]) == (name, "loss 0.5", 1)
    assert "nbtrack" not in notebook["cells"][0]["metadata"]

    notebook["cells"][1]["id"] = f"elsewhere-{word}"
    (lab.root / sent).write_text(json.dumps(notebook))
    chosen()
    open_in(page, lab, sent)
    badge(page, name, "loss 0.5")
    assert page.locator(".nbt-stale").count() == 0
    chosen(badges=False)
    open_in(page, lab, sent)
    page.locator(".jp-CodeCell").nth(1).wait_for()
    assert page.locator(".nbt-badge").count() == 0


@pytest.mark.browser
def test_runs_that_end_behind_another_tab_or_badly_are_told(lab, page, word):
    good, bad = f"good-{word}", f"bad-{word}"
    lab.notebook(f"told-{word}.ipynb", "%load_ext nbtrack", f"%%track {good}\nloss = sum([0.5])", f"%%track {bad}\nraise ValueError('no data today')")
    open_in(page, lab, f"told-{word}.ipynb")
    page.context.grant_permissions(["notifications"])
    page.evaluate("""() => {
      window.shown = [];
      window.Notification = new Proxy(window.Notification, { construct: (real, [title, options]) => { window.shown.push(options.body); return new real(title, options); } });
    }""")
    for at in range(3):
        run_cell(page, at)
    command(page, "apputils:display-notifications")
    told = page.locator(TOLD)
    told.filter(has_text=f"{bad} failed: ValueError: no data today").wait_for()
    assert told.filter(has_text=good).count() == 0  # whoever looks sees it, and it ended before

    hide(page)
    run_cell(page, 1)
    told.filter(has_text=f"{good} finished").wait_for()
    run_cell(page, 1)
    told.filter(has_text="2 runs ended").wait_for()
    assert told.filter(has_text=f"{good} finished").count() == 0  # one sentence of both
    assert page.evaluate("window.shown") == [f"{good} finished", "2 runs ended"]
    hide(page, False)
    run_cell(page, 1)
    badge(page, "\u00d74")
    assert page.evaluate("window.shown.length") == 2
    told.filter(has_text=f"{bad} failed").get_by_role("button", name="Open").click()
    page.locator(".nbt-main").get_by_text("no data today").first.wait_for()


@pytest.mark.browser
def test_who_wants_no_word_of_ends_gets_none(lab, page, chosen, word):
    chosen(notifications="never")
    bad = f"silent-{word}"
    lab.notebook(f"{bad}.ipynb", "%load_ext nbtrack", f"%%track {bad}\nraise ValueError('no data')", f"%%track after-{word}\nloss = sum([0.5])")
    open_in(page, lab, f"{bad}.ipynb")
    for at in range(3):
        run_cell(page, at)
    badge(page, f"after-{word}")  # the page was told of what happened
    command(page, "apputils:display-notifications")
    page.locator(".jp-Notification-Center").wait_for()
    assert page.locator(TOLD).filter(has_text=bad).count() == 0
