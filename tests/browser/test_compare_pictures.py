"""The pictures of a comparison in the README: twelve runs in JupyterLab, light and dark (NBTRACK_SHOTS=docs/img takes them anew)."""

from __future__ import annotations

import re

import pytest
from live_lab import SHOTS, command, open_in, run_all, two_frames
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
RUNS = """
import random
import nbtrack
%load_ext nbtrack
dice = random.Random(4)
for lr in (0.05, 0.1, 0.5):
    for layers in (1, 2):
        for seed in (1, 2):
            with nbtrack.track("digits", params={"lr": lr, "layers": layers, "seed": seed}):
                for epoch in range(60):
                    loss = (1 + dice.uniform(-.1, .1)) / (1 + lr * epoch * (1 + layers / 4)) + dice.uniform(0, .02)
                    nbtrack.log(loss=loss)
                nbtrack.log(acc=1 - loss)
"""


def picture(view, name):
    SHOTS.mkdir(exist_ok=True)
    two_frames(view.page)
    view.screenshot(path=SHOTS / f"{name}.png")


def test_a_comparison_is_pictured_light_and_dark(lab, page):
    lab.notebook("pictured.ipynb", RUNS, "%track compare name:digits")
    page.set_viewport_size({"width": 1280, "height": 1000})
    open_in(page, lab, "pictured.ipynb")
    command(page, "application:toggle-left-area")
    run_all(page)
    view = page.locator(".nbtrack-still.nbt-live")
    view.get_by_role("columnheader", name="acc").get_by_role("button").click()
    view.locator(".nbt-row:not(.nbt-head)").nth(8).click()
    view.get_by_role("button", name="Pin as baseline").click()
    view.locator(".nbt-delta").nth(20).wait_for()
    view.get_by_role("button", name="Clear selection").click()
    picture(view, "compare-table")
    command(page, "apputils:change-theme", "{theme: 'JupyterLab Dark'}")
    try:
        page.locator("body[data-jp-theme-light=false]").wait_for(state="attached")
        ours = view.locator(".nbt")
        expect(ours).to_have_class(re.compile("nbt-dark"))
        theirs = page.evaluate("getComputedStyle(document.body).getPropertyValue('--jp-layout-color1').trim()")
        own = ours.evaluate("(it, colour) => { const probe = document.createElement('i'); probe.style.color = colour; it.append(probe);"
                            " const found = [getComputedStyle(it).backgroundColor, getComputedStyle(probe).color]; probe.remove(); return found; }", theirs)  # fmt: skip
        assert own[0] == own[1], "the colours are those of the theme"
        view.get_by_role("tab", name="Curves").click()
        view.get_by_label("Band").select_option("std")
        view.get_by_label("Group by").select_option("lr")
        expect(view.locator(".nbt-entry")).to_have_count(3)
        view.locator(".nbt-plot canvas").first.wait_for()
        picture(view, "compare-curves-dark")
    finally:  # the other tests of this session are of the same settings
        command(page, "apputils:change-theme", "{theme: 'JupyterLab Light'}")
        page.locator("body[data-jp-theme-light=true]").wait_for(state="attached")
