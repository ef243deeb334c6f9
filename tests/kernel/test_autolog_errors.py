"""What a framework raises and shows in a tracked cell, as the user sees it."""

from __future__ import annotations

import re

import pytest

DATA = """
import os, traceback
os.environ["NBTRACK_AUTOLOG_WAIT_S"] = "120"
import numpy as np
X, y, seen = np.arange(60.).reshape(20, 3), np.arange(20.), []
"""
CASES = {
    "sklearn": ("from sklearn.model_selection import GridSearchCV\nfrom sklearn.linear_model import Ridge", "GridSearchCV(Ridge(), {'alpha': [1, 2]}).fit(X, y[:5])", "GridSearchCV.fit"),
    "lightgbm": ("import lightgbm", "lightgbm.LGBMRegressor(verbose=-1).fit(X, y[:5])", "lightgbm.train"),
    "xgboost": ("import xgboost", "xgboost.train({'objective': 'nonsense'}, xgboost.DMatrix(X, y))", "xgboost.train"),
}  # fmt: skip


def plain(text: str) -> str:
    """Without colours, the cell's number, addresses and the time, and the file a cell is compiled as."""
    return re.sub(r"\x1b\[[0-9;]*m|In\[\d+\]|0x[0-9a-f]+|\d\d:\d\d:\d\d|ipykernel_\d+/\d+", "", text)


@pytest.mark.parametrize("framework", CASES)
def test_the_traceback_of_a_tracked_fit_is_that_of_an_untracked_one(kernel, framework):
    pytest.importorskip(framework)
    imports, fit, patched = CASES[framework]
    code = f"seen.append({patched})\ntry:\n    {fit}\nexcept Exception:\n    print(traceback.format_exc())\n    raise"
    assert kernel.run(DATA + imports).status == "ok"
    before = kernel.run(code)
    kernel.run("%track on")
    during = kernel.run(code)
    kernel.run("%track off")
    assert kernel.run("seen[0] is not seen[1]").result == "True"
    assert "-> " in plain(before.traceback)
    assert plain(during.traceback) == plain(before.traceback)
    assert plain(during.stdout) == plain(before.stdout)


def test_figures_are_shown_after_a_tracked_search_in_a_notebook_that_imports_no_matplotlib(kernel):
    pytest.importorskip("matplotlib")
    imports = "import sys\nfrom sklearn.linear_model import LogisticRegression\nfrom sklearn.metrics import RocCurveDisplay\nfrom sklearn.model_selection import GridSearchCV\n"
    assert kernel.run(DATA + imports).status == "ok"
    kernel.run("%track on --quiet")
    searched = kernel.run("search = GridSearchCV(LogisticRegression(), {'C': [0.1, 1]}, cv=2).fit(X, y % 2)\nprint('matplotlib.pyplot' in sys.modules)")
    shown = kernel.run("RocCurveDisplay.from_estimator(search, X, y % 2)\nNone")
    kernel.run("%track off")
    assert len([it for it in kernel.runs() if it.start.parent]) == 2, "MLflow was there and told of the candidates"
    assert searched.stdout.strip() == "False", "nothing was drawn that nobody looks at"
    assert any("Figure" in it for it in shown.shown)


def test_a_tracked_fit_of_a_keras_model_shows_what_an_untracked_one_shows(kernel, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    pytest.importorskip("keras")
    made = (
        "os.environ['KERAS_BACKEND'] = 'torch'\nimport keras\nmodel = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\nmodel.compile('sgd', 'mse')"
    )
    fit = "taken = []\nmodel.fit(X, y, epochs=3, verbose=0, callbacks=[keras.callbacks.LambdaCallback(on_train_end=lambda logs: model.summary(print_fn=taken.append))])\nNone"
    assert kernel.run(DATA + made).status == "ok"
    before = kernel.run(fit)
    kernel.run("%track on")
    during = kernel.run(fit)
    kernel.run("%track off")
    assert kernel.runs()[0].metrics["loss"].count == 3  # MLflow was there
    assert [it for it in during.shown if "running" not in it] == before.shown
    assert kernel.run("import rich.jupyter\nhasattr(rich.jupyter.display, '__wrapped__')").result == "False"
