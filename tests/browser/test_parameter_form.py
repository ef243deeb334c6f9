"""A user's way with the form for parameters: fill it in, be told what is wrong, run once, a grid, and a stage."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from live_lab import command, open_in, shot, violations

from nbtrack.journal import Home
from nbtrack.reads import all_runs

PARAMETERS = "from typing import Literal\nrate: float = 0.5  # learning rate\nmode: Literal['fast', 'slow'] = 'fast'  # how it is fitted\nlabel = 'a'"
PIPELINE = """\
name: staged
params: {speed: 0.5}
stages:
  fit: {notebook: staged.ipynb, params: {rate: "${params.speed}", label: b}}
profiles: {night: {params: {speed: 0.9}}}
"""
FIT = "loss = sum([rate, len(mode)])\nprint('fitted at', rate)"
CELLS = "window.jupyterapp.shell.currentWidget.content.model.cells"


def write(folder, name, pipeline=""):
    folder.mkdir()
    cells = [nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}), nbformat.v4.new_code_cell(FIT)]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), folder / f"{name}.ipynb")
    if pipeline:
        (folder / "nbtrack.yaml").write_text(pipeline)


def runs(lab, name):
    return [view for view in all_runs(Home(Path(lab.env["NBTRACK_HOME"]))) if view.name.startswith(name)]


@pytest.mark.browser
def test_a_notebook_is_run_once_and_in_a_grid_from_a_form(lab, page, word):
    name = f"formed-{word}"
    write(lab.root / f"form-{word}", name)
    page.goto(f"{lab.url}lab/tree/form-{word}?token={lab.token}&reset")
    page.locator(".jp-DirListing-item", has_text=f"{name}.ipynb").click(button="right")
    page.locator(".lm-Menu-itemLabel", has_text="Run This Notebook with Parameters").click()
    form = page.locator(".nbt-main .nbt")
    rate = form.get_by_role("textbox", name="rate")
    rate.wait_for()
    assert (rate.input_value(), form.get_by_role("combobox", name="mode").input_value()) == ("0.5", "fast")
    form.get_by_text("learning rate").wait_for()

    # By keyboard alone: a mistake is told at its field, and nothing runs
    rate.fill("quick")
    form.locator(".nbt-problem", has_text="which is no float").wait_for()
    assert rate.get_attribute("aria-invalid") == "true" and form.get_by_role("button", name="Run", exact=True).is_disabled()
    assert violations(page, ".nbt-main .nbt") == []
    rate.press("Enter")
    form.get_by_text("One value is wrong.").wait_for()
    assert runs(lab, name) == []
    rate.fill("0.25")
    rate.press("Enter")
    form.get_by_role("log").get_by_text("cell 2 of 2").wait_for()
    form.locator(".nbt-ran td", has_text="finished").wait_for()
    [run] = runs(lab, name)
    assert (run.params["rate"], run.params["mode"]) == ("0.25", "fast")

    form.get_by_label("A grid of values").check()
    rate.fill("0.25, 0.75")
    form.get_by_role("checkbox", name="slow").check()
    begin = form.get_by_role("button", name="Run 4 runs")
    begin.wait_for()
    shot(page, "lab-form")
    assert violations(page, ".nbt-main .nbt") == []
    begin.click()
    page.wait_for_function("() => document.querySelectorAll('.nbt-ran tr').length === 4")
    assert [row.split(" = ")[1][:4] for row in form.locator(".nbt-ran th").all_inner_texts()] == ["0.25", "0.25", "0.75", "0.75"]  # as typed
    assert {(view.params["rate"], view.params["mode"]) for view in runs(lab, f"{name}-")} == {
        ("0.25", "fast"), ("0.25", "slow"), ("0.75", "fast"), ("0.75", "slow"),
    }  # fmt: skip
    form.locator(".nbt-ran").get_by_role("button").first.click()
    page.locator(".nbt-main:visible").get_by_role("button", name="Restore beside").wait_for()


@pytest.mark.browser
def test_a_form_follows_its_notebook_and_runs_it_as_a_stage(lab, page, word):
    folder, name = f"form-stage-{word}", f"staged-{word}"
    pipeline = PIPELINE.replace("staged", name)
    write(lab.root / folder, name, pipeline)
    open_in(page, lab, f"{folder}/{name}.ipynb")
    page.locator(".jp-NotebookPanel .jp-CodeCell").nth(1).click()
    for source in (f"%%track\n{FIT}", FIT):  # on, and off again
        page.keyboard.press("Alt+Shift+T")
        page.wait_for_function(f"source => {CELLS}.get(1).sharedModel.getSource() === source", arg=source)
    page.locator(".jp-NotebookPanel-toolbar").get_by_role("button", name="Parameters").click()
    form = page.locator(".nbt-main .nbt")
    form.get_by_role("textbox", name="rate").wait_for()
    command(page, "docmanager:open", f"{{path: '{folder}/{name}.ipynb'}}")
    page.wait_for_function("() => window.jupyterapp.shell.currentWidget?.content?.model?.cells?.get(0)")
    page.evaluate(f"{CELLS}.get(0).sharedModel.setSource({PARAMETERS + chr(10) + 'depth = 3'!r})")
    command(page, "nbtrack:run-as-stage")
    speed = form.get_by_role("textbox", name="speed")
    speed.wait_for()
    form.get_by_text("for rate").wait_for()
    form.locator(".nbt-fixed", has_text="label").wait_for()
    what = form.get_by_label("What is run")
    what.select_option("-1")
    form.get_by_role("textbox", name="depth").wait_for()  # which is not saved
    what.select_option("0")
    form.get_by_label("Profile").select_option("night")
    page.wait_for_function("speed => speed.value === '0.9'", arg=speed.element_handle())
    speed.fill("0.75")
    command(page, "apputils:change-theme", "{theme: 'JupyterLab Dark'}")
    page.locator(".nbt-main .nbt.nbt-dark").wait_for()
    shot(page, "lab-form-dark")
    assert violations(page, ".nbt-main .nbt") == []
    command(page, "apputils:change-theme", "{theme: 'JupyterLab Light'}")
    form.get_by_role("button", name="Run", exact=True).click()
    form.locator(".nbt-ran td", has_text="done").wait_for()
    [run] = [view for view in runs(lab, "fit") if view.tags.get("nbtrack.pipeline") == name]
    assert (run.params["rate"], run.params["label"], run.params["depth"]) == ("0.75", "b", "3")
    form.get_by_role("button", name="Open pipeline").click()
    page.locator(".nbt-box", has_text="fit").wait_for()


@pytest.mark.browser
def test_a_form_beside_the_notebook_of_notebook_7(notebook7, page, word):
    write(notebook7.root / f"form-seven-{word}", "seven")
    open_in(page, notebook7, f"form-seven-{word}/seven.ipynb")
    page.locator(".jp-CodeCell").first.click()
    page.keyboard.press("Alt+Shift+P")
    form = page.locator(".nbt-main .nbt")
    form.get_by_role("textbox", name="rate").fill("0.75")
    run = form.get_by_role("button", name="Run", exact=True)
    run.click()
    form.get_by_role("button", name="Cancel").click()
    form.locator(".nbt-job-cancelled").wait_for()
    run.click()
    form.locator(".nbt-ran td", has_text="finished").wait_for()
    assert violations(page, ".nbt-main .nbt") == []
