"""A user's way with a pipeline: look what would run, run it, see a stage fail, mend it and go on, cancel, and write its file."""

from __future__ import annotations

import nbformat
import pytest
from live_lab import PATIENCE_MS, command, open_in, shot, violations

YAML = """\
name: demo
description: Three notebooks, one after the other.
params:
  rate: 0.5
stages:
  prepare: {notebook: prepare.ipynb, outputs: {count: {value: int}}}
  train:
    notebook: train.ipynb
    params: {rate: "${params.rate}", count: "${prepare.outputs.count}"}
    gates:
      accurate: {kind: metric, metric: accuracy, threshold: 0.8}
  report: {notebook: report.ipynb, needs: [train, prepare]}
"""
TRAIN = "import pathlib\nprint('training at', rate)\nif not pathlib.Path('ready').exists():\n    raise ValueError('no data yet')\naccuracy = sum([rate, 0.4])"
SLOW = "import time\nfor page in range(1, 3000):\n    print(f'page {page}: drawn', flush=True)\n    time.sleep(0.1)"
FRONT = "window.jupyterapp.shell.currentWidget"


def write(folder, word):
    """A pipeline in a folder of its own, of which the cache knows nothing."""
    folder.mkdir()
    notebook(folder / "prepare.ipynb", f"import nbtrack\nnbtrack.output('count', 3)\nword = {word!r}")
    notebook(folder / "train.ipynb", f"{TRAIN}\nword = {word!r}", parameters="rate = 0.1\ncount = 0")
    notebook(folder / "report.ipynb", f"print('done', {word!r})")
    (folder / "nbtrack.yaml").write_text(YAML)


def notebook(path, *cells, parameters=""):
    made = [nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})] if parameters else []
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[*made, *map(nbformat.v4.new_code_cell, cells)], metadata=metadata), path)


def box(page, name, state=""):
    return page.locator(f".nbt-box{f'.nbt-box-{state}' if state else ''}", has_text=name)


def button(page, name):
    return page.locator(".nbt-main").get_by_role("button", name=name, exact=True)


def menu_of(page, file, entry):
    """Choose an entry of the file browser's menu."""
    page.locator(".jp-DirListing-item", has_text=file).click(button="right")
    page.locator(".lm-Menu-itemLabel", has_text=entry).first.click()


def open_folder(page, lab, folder):
    page.goto(f"{lab.url}lab/tree/{folder}?token={lab.token}&reset")
    page.locator(".jp-DirListing-item", has_text="nbtrack.yaml").wait_for()


@pytest.mark.browser
def test_a_pipeline_is_planned_run_mended_and_cancelled(lab, page, word):
    folder = lab.root / f"pipeline-way-{word}"
    write(folder, word)
    open_folder(page, lab, folder.name)
    menu_of(page, "nbtrack.yaml", "Open Pipeline")
    box(page, "prepare", "run").wait_for()
    assert page.locator(".nbt-box").count() == 3
    box(page, "train").click()
    page.locator(".nbt-stage td", has_text="may run: prepare runs first").wait_for()

    button(page, "Run").click()
    box(page, "train", "failed").wait_for()
    box(page, "prepare", "done").wait_for()
    log = page.locator(".nbt-stage .nbt-log", has_text="no data yet")
    log.wait_for()
    assert "training at 0.5" in log.inner_text()
    retry = button(page, "Retry from failed stage")
    retry.wait_for()
    assert violations(page, ".nbt-main .nbt") == []

    (folder / "ready").touch()
    retry.click()  # waits until the run is over, for it is disabled before
    box(page, "report", "done").wait_for()
    page.locator(".nbt-stage td", has_text="passed").wait_for()
    page.locator(".nbt-stage").get_by_role("button", name="Open run").click()
    page.locator(".nbt-main").get_by_role("button", name="Restore beside").wait_for()
    command(page, "application:close")

    button(page, "Run").click()
    for name in ("prepare", "train", "report"):
        box(page, name, "cached").get_by_text(" s").wait_for()  # and how long that took

    notebook(folder / "report.ipynb", SLOW)
    show = page.locator(".nbt-main").get_by_label("Show")
    show.select_option("")
    box(page, "report", "run").click()
    button(page, "Run").click()
    page.locator(".nbt-stage .nbt-log", has_text="page 12: drawn").wait_for()
    box(page, "report", "running").get_by_text("cell 1 of 1").wait_for()
    picture(page)
    assert violations(page, ".nbt-main .nbt") == []
    button(page, "Cancel").click()
    box(page, "report", "interrupted").wait_for()
    page.locator(".nbt-says", has_text="was cancelled").wait_for()
    button(page, "Run").click(trial=True)  # and may be run again


def picture(page):
    """As it is while a stage runs, light and dark."""
    shot(page, "jupyterlab-pipeline", clip={"x": 0, "y": 0, "width": 1280, "height": 640})
    command(page, "apputils:change-theme", "{theme: 'JupyterLab Dark'}")
    page.locator(".nbt-main .nbt.nbt-dark").wait_for()
    shot(page, "lab-pipeline-dark")
    assert violations(page, ".nbt-main .nbt") == []
    command(page, "apputils:change-theme", "{theme: 'JupyterLab Light'}")
    page.locator(".nbt-main .nbt:not(.nbt-dark)").wait_for()


@pytest.mark.browser
def test_mistakes_in_the_file_are_shown_where_they_stand_and_words_are_offered(lab, page, word):
    """In a file of any name: what it says tells that it is a pipeline."""
    folder = lab.root / f"pipeline-text-{word}"
    write(folder, word)
    (folder / "nbtrack.yaml").rename(folder / "daily.yml")
    page.goto(f"{lab.url}lab?token={lab.token}&reset")
    page.wait_for_function("() => window.jupyterapp?.restored")
    page.evaluate("window.jupyterapp.restored.then(() => true)")
    command(page, "docmanager:open", f"{{path: '{folder.name}/daily.yml', factory: 'Pipeline'}}")
    box(page, "report").wait_for()
    button(page, "Edit text").click()
    editor = page.locator(".jp-FileEditor .cm-content")
    editor.wait_for()
    editor.click()
    page.keyboard.press("Control+End")
    for _ in range(3):  # `]}` and the line's end
        page.keyboard.press("ArrowLeft")
    page.keyboard.type("x")
    page.locator(".cm-lintRange-error", has_text="preparex").wait_for()
    page.locator(".nbt-main [role=alert]", has_text="Did you mean 'prepare'").wait_for()
    assert page.locator(".nbt-box").count() == 3  # as it was drawn before
    page.locator(".cm-lint-marker-error").hover()
    page.locator(".cm-tooltip-lint", has_text="Did you mean 'prepare'").wait_for()

    page.evaluate(f"{FRONT}.context.model.sharedModel.setSource({YAML!r})")
    page.wait_for_function("() => !document.querySelector('.cm-lintRange-error')")
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("  last:\n  ret")
    page.locator(".cm-tooltip-autocomplete", has_text="retries").wait_for()
    page.keyboard.press("Tab")
    page.wait_for_function("() => document.querySelector('.jp-FileEditor .cm-content').textContent.includes('retries: ')")

    # One that is a pipeline when it is opened gets the same, once: a second time is an error
    (folder / "weekly.yml").write_text(YAML.replace("prepare]", "preparex]"))
    command(page, "docmanager:open", f"{{path: '{folder.name}/weekly.yml', factory: 'Editor'}}")
    page.locator(".cm-lintRange-error", has_text="preparex").wait_for()


@pytest.mark.browser
def test_a_pipeline_has_a_page_of_its_own_in_notebook_7(notebook7, page, word):
    """There each document has one; the form beside the notebook, and the notebook, open it."""
    write(notebook7.root / f"pipeline-seven-{word}", word)
    open_in(page, notebook7, f"pipeline-seven-{word}/train.ipynb")
    with page.context.expect_page() as opened:
        command(page, "nbtrack:open-pipeline")
    there = opened.value
    there.set_default_timeout(PATIENCE_MS)
    box(there, "report").wait_for()
    box(there, "prepare").click()
    there.locator(".nbt-stage").get_by_text("prepare").first.wait_for()
    assert violations(there, ".nbt-main .nbt") == []
