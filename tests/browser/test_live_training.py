"""A training that goes on for minutes, watched, left, looked at again and stopped."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from live_lab import command, open_in

from nbtrack.journal import Home
from nbtrack.reads import all_runs

TRAIN = """%%track long
import time
for step in range(6000):
    loss = 1 / (1 + step)
    time.sleep(0.1)
"""


def shown(page, where):
    """What a view says of the loss."""
    return page.locator(where).first.inner_text()


def changes(page, where, before):
    page.wait_for_function("([where, before]) => { const it = document.querySelector(where); return it && it.innerText !== before; }", arg=[where, before])


@pytest.mark.browser
def test_a_training_is_watched_through_a_reload_and_stopped(lab, page, word):
    lab.notebook(f"long-{word}.ipynb", "%load_ext nbtrack", TRAIN.replace("long", f"long-{word}"))
    open_in(page, lab, f"long-{word}.ipynb")
    command(page, "notebook:run-all-cells")
    page.locator(".nbtrack-live", has_text="of 6,000").wait_for()
    changes(page, ".nbtrack-live", shown(page, ".nbtrack-live"))
    page.get_by_role("button", name="Stop").wait_for()
    # Nobody tells the new page what the cell shows; the journal knows
    page.reload()
    view = page.locator(".nbt-live-run")
    view.get_by_text("loss").wait_for()
    view.locator("polyline").wait_for()
    view.get_by_text(re.compile(r"step [\d,]+ of 6,000, about [^·]+ left · [\d.]+ steps/s")).wait_for()
    changes(page, ".nbt-live-run", shown(page, ".nbt-live-run"))
    view.get_by_role("button", name="Stop").click()
    view.get_by_text("ended").wait_for()
    view.get_by_role("button", name="Stop").wait_for(state="detached")
    run = all_runs(Home(Path(lab.env["NBTRACK_HOME"])), f"name:long-{word}")[0]
    assert (run.state.value, run.metrics["loss"].count < 6000) == ("KILLED", True)
