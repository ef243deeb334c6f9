"""The list of runs beside the notebook: of this notebook, its experiment or all; live, filtered, grouped; and of thousands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from live_lab import CELLS, badge, command, open_in, run_cell, two_frames, until

from nbtrack.entities import RunStart
from nbtrack.journal import Home, RunWriter, new_id

OPTION = ".nbt-side [role=option]"
COUNT = 2000
# It ends when somebody says so: nothing here depends on how long anything takes
WAIT = "import pathlib, time\nfor step in range(4):\n    loss = 1 / (level + step)\nwhile not pathlib.Path('GO').exists(): time.sleep(0.02)"


def options(page, count):
    page.wait_for_function("([place, count]) => document.querySelectorAll(place).length === count", arg=[OPTION, count])


@pytest.mark.browser
def test_the_panel_of_a_notebook_its_experiment_and_all_while_a_run_goes_on(lab, page, word):
    name, go = f"listed-{word}", lab.root / f"go-{word}"
    source = f"%%track {name} -e panel-{word}\nlevel = 2\n{WAIT.replace('GO', go.name)}"
    lab.notebook(f"{name}.ipynb", "%load_ext nbtrack", source)
    lab.notebook(f"beside-{word}.ipynb", "%load_ext nbtrack", f"%%track beside-{word} -e panel-{word}\nloss = sum([0.75])")
    open_in(page, lab, f"beside-{word}.ipynb")
    for at in (0, 1):
        run_cell(page, at)
    open_in(page, lab, f"{name}.ipynb")
    go.touch()
    for at in (0, 1):
        run_cell(page, at)
    badge(page, name)
    command(page, "nbtrack:show-runs")
    options(page, 1)
    side = page.locator(".nbt-side")
    page.locator(".nbt-side [role=listbox]").focus()
    page.keyboard.press("b")  # the baseline, for what comes next
    page.locator(f"{OPTION} .nbt-tag", has_text="Baseline").wait_for()

    # Live: it goes on, how far it is by the run before, and then its end
    go.unlink()
    page.evaluate(f"{CELLS}.get(1).sharedModel.setSource({source.replace('level = 2', 'level = 1')!r})")
    page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1")
    command(page, "notebook:run-cell")
    page.locator(f"{OPTION} .nbt-mark-running").wait_for()
    page.locator(f"{OPTION} progress").wait_for()
    options(page, 2)
    go.touch()
    page.locator(f"{OPTION} .nbt-mark-running").wait_for(state="detached")
    newest = page.locator(OPTION).first
    newest.locator(".nbt-value", has_text="loss 0.25").first.wait_for()
    newest.locator(".nbt-delta", has_text="+0.05").wait_for()  # 1/4 beside 1/5
    newest.locator(".nbt-spark polyline").wait_for()

    # The filter takes what %track runs takes
    side.locator(".nbt-filter").fill("loss<0.22")
    options(page, 1)
    side.get_by_text("1 of 2 runs").wait_for()
    side.locator(".nbt-filter").fill("loss <")
    side.locator(".nbt-problem").wait_for()
    side.locator(".nbt-filter").fill("")
    options(page, 2)

    side.get_by_label("Runs of").select_option("experiment")
    options(page, 3)
    side.get_by_label("Runs of").select_option("all")
    side.locator(".nbt-filter").fill(word)
    options(page, 3)
    side.get_by_label("Runs of").select_option("notebook")
    options(page, 2)

    # Selecting a run by the first click moves no row away from the second
    page.locator(OPTION).nth(1).dblclick()  # the older one
    page.locator(".lm-TabBar-tabLabel", has_text=re.compile(f"^{name}$")).wait_for()


@pytest.mark.browser
@pytest.mark.timeout(900)
def test_thousands_of_runs_are_a_list_of_those_that_are_seen(own_lab, page):
    home = Home(Path(own_lab.env["NBTRACK_HOME"]))
    for number in range(COUNT):
        writer = RunWriter.create(home, RunStart(new_id(), f"run-{number}", "many", "sqlite:////nowhere.db", "nobody", 10**18 + number * 10**9))
        writer.log("loss", 1 / (number + 1), 0)
        writer.event("end", timestamp_ns=10**18 + number * 10**9 + 1, state="FINISHED", reason="", traceback="")
        writer.close()
    page.goto(f"{own_lab.url}lab?token={own_lab.token}&reset")
    page.wait_for_function("() => window.jupyterapp?.restored")
    page.evaluate("async () => { await window.jupyterapp.restored; }")
    answers = []
    page.on("response", lambda answer: answers.append(answer) if "/nbtrack/api/runs" in answer.url else None)
    command(page, "nbtrack:show-runs")
    page.locator(OPTION, has_text=f"run-{COUNT - 1}").wait_for()
    page.wait_for_function("([place, count]) => document.querySelector(place)?.ariaSetSize === String(count)", arg=[OPTION, COUNT])
    assert [answer.json().get("others", 0) > 0 for answer in answers[:2]] == [True, False]  # the newest at once, and then all
    assert page.locator(OPTION).count() < 60
    for key, seen in (("End", "run-0"), ("Home", f"run-{COUNT - 1}")):
        page.locator(".nbt-side [role=listbox]").press(key)
        page.locator(OPTION, has_text=seen).first.wait_for()
        two_frames(page)
        assert page.locator(OPTION).count() < 60

    # And when nothing happens, nothing is asked
    asked = []
    until(lambda: len(answers) == 2, "the list is read once and then once more")
    page.on("request", lambda request: asked.append(request.url) if "/nbtrack/" in request.url else None)
    page.wait_for_timeout(11_000)  # longer than between two looks of the server at all runs
    assert asked == []
