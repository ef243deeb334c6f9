"""Runs of a notebook, compared in it: what a user does from the first cell to the saved file."""

from __future__ import annotations

import json

import pytest
from live_lab import command, open_in, run_all, save

pytestmark = pytest.mark.browser
TRAIN = """%%track fit
lr, seed = {lr}, {seed}
for epoch in range(20):
    loss = (1 + seed / 50) / (1 + lr * epoch)
acc = 1 - loss
"""
DRAW = "print('FIGURE', view.figure('curves').svg[:4], view.figure('curves').png[1:4], view.figure('scatter', x='lr', y='acc').says)"


def test_runs_are_compared_where_they_were_made(lab, page, tmp_path, word):
    cells = [TRAIN.format(lr=lr, seed=seed) for lr in (0.1, 0.5) for seed in (1, 2, 3)]
    title, shown = f"compared-{word}.ipynb", f"import nbtrack; view = nbtrack.compare('notebook:compared-{word}'); view"
    path = lab.notebook(title, "%load_ext nbtrack", *cells, f"%track compare notebook:compared-{word} --group lr", shown, DRAW)
    open_in(page, lab, title)
    run_all(page)
    views = page.locator(".nbtrack-still.nbt-live")
    views.nth(1).wait_for()
    view = views.nth(1)
    view.scroll_into_view_if_needed()
    view.get_by_text("6 runs", exact=True).wait_for()
    # The charts as pictures, from the widget on the screen
    assert "FIGURE <svg b'PNG' " in page.locator(".jp-RenderedText", has_text="FIGURE <svg").last.inner_text()
    # Every tab has something to say of real runs, and none of it is an error
    for name, sign in {
        "Curves": ".nbt-plot canvas",
        "Parallel coordinates": "canvas",
        "Scatter": "canvas",
        "Importance": ".nbt-share, .nbt-empty, .nbt-problem",
        "What changed": ".nbt-difference",
        "Figures": ".nbt-empty",
        "Statistics": ".nbt-interval",
        "Table": ".nbt-row",
    }.items():
        view.get_by_role("tab", name=name).click()
        view.locator(sign).first.wait_for()
        assert view.get_by_role("alert").count() == 0, view.get_by_role("alert").first.inner_text()
    view.get_by_label("Filter").fill("lr>.2 and acc>0")
    view.get_by_text("3 of 6 runs").wait_for()
    view.locator(".nbt-row").nth(1).click()
    page.keyboard.press("Enter")
    view.locator(".nbt-details", has_text="params").wait_for()
    view.get_by_role("button", name="Tag").click()
    view.get_by_label("Tag", exact=True).fill("chosen")
    view.get_by_label("Value").fill("<b>yes</b>")
    view.get_by_role("button", name="Save").click()
    view.get_by_role("columnheader", name="chosen").wait_for()
    view.get_by_role("button", name="Rename").click()
    view.get_by_label("New name").fill("kept")
    view.get_by_role("button", name="Save").click()
    view.locator(".nbt-row", has_text="kept").wait_for()
    view.get_by_role("button", name="Undo").click()
    view.locator(".nbt-row", has_text="kept").wait_for(state="detached")
    view.get_by_role("button", name="Note").click()
    view.get_by_label("Note").fill("the best of six")
    view.get_by_role("button", name="Save").click()
    view.locator(".nbt-details", has_text="the best of six").wait_for()
    view.get_by_role("button", name="Move to trash").click()
    view.get_by_text("2 of 5 runs").wait_for()
    view.get_by_role("button", name="Undo").click()
    view.get_by_text("3 of 6 runs").wait_for()
    page.screenshot(path=tmp_path / "story.png")
    page.locator("img[src^='data:image/png']").nth(1).wait_for(state="attached")
    save(page)
    outputs = json.loads(path.read_text())["cells"][-2]["outputs"]
    assert [kind for output in outputs for kind in output["data"] if "widget" in kind] == []
    assert any("image/png" in output["data"] for output in outputs)
    # The kernel gone, the page loaded anew: table and pictures are there
    command(page, "kernelmenu:shutdown")
    page.reload()
    page.locator(".nbtrack-still").get_by_text("Kept in this notebook").first.wait_for()
    assert page.get_by_text("model not found").count() == 0
