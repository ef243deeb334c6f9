"""A run that only the MLflow store has, as on another machine: restored, bundled, compared and reproduced from there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nbtrack import courier, settings
from nbtrack.entities import Kind
from nbtrack.journal import Home, events_of
from nbtrack.reads import find
from nbtrack.reads.diff import diff_runs
from nbtrack.reads.fresh import refresh
from nbtrack.replay.bundle import pack
from nbtrack.replay.reproduce import reproduce
from nbtrack.replay.restore import restore
from nbtrack.replay.unpack import unpack


@pytest.fixture
def kernel_env(kernel_env, tmp_path):
    return {name: value for name, value in kernel_env.items() if name != "NBTRACK_DELIVERY"} | {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db"}


@pytest.fixture
def there(tmp_path, kernel_env, monkeypatch):
    """A state directory that knows nothing but the store's address; its delivery process ends with the test."""
    for name, value in kernel_env.items():
        monkeypatch.setenv(name, value)
    home = Home(tmp_path / "there")
    monkeypatch.setenv("NBTRACK_HOME", str(home.root))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    yield home
    for store in courier.known_stores(home):
        courier.stop(home, store)


def test_a_run_of_the_store_alone_is_restored_bundled_compared_and_reproduced(kernel, there, until):
    (kernel.folder / "helper.py").write_text("def f(): return 2.0\n")
    (kernel.folder / "points.csv").write_text("a,b\n" + "".join(f"{i},{2 * i}\n" for i in range(20)))
    kernel.run("import helper, pandas as pd\nfrom sklearn.linear_model import LinearRegression\nx = helper.f()")
    kernel.run(
        "%%track fit -m z\npoints = pd.read_csv('points.csv')\nmodel = LinearRegression().fit(points[['a']], points['b'])\nlr = 0.5\nfor step in range(5):\n    loss = x / (step + 1)\nz = loss * lr\nprint(z)"
    )
    until(lambda: any(it.path == "notebook/executed.ipynb" for it in kernel.runs()[0].artifacts))
    done = subprocess.run(
        [sys.executable, "-c", "from nbtrack.cli import main; main()", "sync", "--wait"], check=False, capture_output=True, text=True, cwd=kernel.folder,
        env={**os.environ, "NBTRACK_HOME": str(kernel.home.root)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (kernel.folder / "helper.py").unlink()
    assert refresh(there, settings.load(), wait_s=120).is_complete
    view = find(there, "fit")
    assert not view.is_local

    made = restore(there, view, "recipe")
    assert "x = helper.f()" in Path(made.path).read_text()
    cell = json.loads(Path(restore(there, view, "3").path).read_text())
    assert "".join(cell["cells"][-1]["source"]).startswith("%%track fit")
    (reference,) = restore(there, view, "data").references
    assert (reference.path, reference.standing) == (str(Path.cwd() / "points.csv"), "missing")
    shutil.copy(kernel.folder / "points.csv", "points.csv")
    assert [it.standing for it in restore(there, view, "data").references] == ["same"]
    model = Path(restore(there, view, "model").path)
    assert {it.name for it in model.iterdir()} == {"model"}
    assert (model / "model" / "MLmodel").is_file()
    assert "scikit-learn==" in Path(restore(there, view, "env").path).read_text()
    found = reproduce(there, view, settings.load())
    assert (str(found.answer), found.packages) == ("identical", ("helper.py (the run's own was taken)",)), found.why
    assert find(there, "fit").tags["nbtrack.verdict"] == "identical"
    assert diff_runs(there, find(there, "fit"), find(there, found.run_id), Path.cwd()).notebook.cells
    bundle = pack(there, find(there, "fit"), Path("fit.zip"))
    third = Home(there.root.parent / "third")
    arrived = unpack(third, bundle.path, view.start.store).view
    assert [it.data["name"] for it in events_of(third, arrived.run_id) if it.kind == Kind.MODEL] == ["model"]
    assert (arrived.run_id, arrived.params["lr"], arrived.metrics["loss"].count) == (view.run_id, "0.5", 5)
