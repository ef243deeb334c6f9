"""The first picture of the README: its first cells, executed in JupyterLab (NBTRACK_SHOTS=docs/img takes it anew)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from live_lab import command, edit, open_in, run_all, run_cell, shot, two_frames

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
DATA = """import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(scale(X), y, random_state=0)

def sigmoid(z):
    return 1 / (1 + np.exp(-z))"""


@pytest.mark.browser
def test_the_readmes_cell_is_pictured_with_what_changed_since_its_first_run(own_lab, page):
    load, cell = (it.strip() for it in re.findall(r"```python\n(.*?)```", README, re.DOTALL)[:2])
    cell = cell.replace("%%track", "%%track gradient-descent", 1)
    own_lab.notebook("first.ipynb", load, DATA, cell, "%track runs")
    page.set_viewport_size({"width": 1280, "height": 1000})
    open_in(page, own_lab, "first.ipynb")
    command(page, "application:toggle-left-area")
    run_all(page)
    assert "learning_rate, epochs = 0.5, 60" in cell
    edit(page, 2, cell.replace("epochs = 0.5", "epochs = 2.0"))
    run_cell(page, 2)
    page.locator(".jp-OutputArea-output", has_text="learning_rate 0.5 → 2.0").wait_for()
    run_cell(page, 3)
    page.locator(".jp-OutputArea-output td", has_text="gradient-descent #2").wait_for()
    command(page, "notebook:enter-command-mode")
    page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 3")
    page.mouse.move(0, 0)
    two_frames(page)
    cells = page.locator(".jp-Notebook .jp-Cell")
    first, last = cells.first.bounding_box(), cells.last.bounding_box()
    assert last["y"] + last["height"] < 1000, "all of it is in sight"
    shot(page, "tracked-cell", clip={"x": first["x"], "y": first["y"] - 6, "width": first["width"], "height": last["y"] + last["height"] - first["y"] + 12})
